#include "upstream/rds_proxy.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/printable.hpp"
#include "upstream/failures.hpp"

namespace rolegate::upstream {
namespace {

enum class Fault { login, rate, full, settings };

struct Refusal {
  std::string_view text;  ///< in lower case, a part of what the proxy says
  Fault fault;
  std::string_view hint;  ///< {} is the user; empty: the fault's own
};

constexpr auto kRefusals = std::to_array<Refusal>({
    {"has no credentials for the role", Fault::login,
     "The proxy knows no secret of Secrets Manager for {}, or may not read it: add one to the proxy's "
     "authentication, and let its role read it (or use end-to-end IAM authentication)."},
    {"the password that was provided for the role", Fault::login,
     "The proxy's secret in Secrets Manager holds another password for {} than the database does."},
    {"iam authentication failed for", Fault::login,
     "The proxy does not take the token for {}: its authentication must allow IAM, and the caller's policy "
     "must allow "
     "rds-db:connect on the proxy's own resource id (prx-…), not on the cluster's."},
    {"the maximum number of client connections to the proxy", Fault::full, {}},
    {"number simultaneous connections exceeded", Fault::full, {}},
    {"timed-out waiting to acquire database connection", Fault::full,
     "The proxy has no connection to the database to give: all are in use (MaxConnectionsPercent), or it "
     "cannot reach "
     "the database or log in to it (aws rds describe-db-proxy-targets says which)."},
    {"rate of connection to proxy exceeded", Fault::rate, {}},
    {"connections rate limit exceeded", Fault::rate, {}},
    {"rds proxy supports only", Fault::settings,
     "It is the proxy that refuses, not the database; connect to the database's own endpoint for that."},
    {"rds proxy currently doesn", Fault::settings,
     "It is the proxy that refuses, not the database; connect to the database's own endpoint for that."},
});

}  // namespace

std::optional<base::Error> rds_proxy_refusal(const login::Login& login, std::string_view reason) {
  const std::string text = base::lower_case(reason);
  const auto* const found =
      std::ranges::find_if(kRefusals, [&](const Refusal& refusal) { return text.contains(refusal.text); });
  if (found == kRefusals.end()) return std::nullopt;
  base::Error error = found->fault == Fault::login  ? login_refused(login, reason)
                      : found->fault == Fault::rate ? rate_limited(login, reason)
                      : found->fault == Fault::full ? database_unavailable(login, reason)
                                                    : connection_failed(login, reason);
  if (!found->hint.empty()) error.hint = fmt::format(fmt::runtime(found->hint), login.user);
  return error;
}

}  // namespace rolegate::upstream
