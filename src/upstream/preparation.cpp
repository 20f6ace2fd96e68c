#include "upstream/preparation.hpp"

#include <utility>

#include "upstream/resolve.hpp"

namespace rolegate::upstream {

Prepare prepare_with(login::LoginService& logins, UpstreamTls& tls) {
  return
      [&logins, &tls](const config::IamFlag& flag, const config::Database& database, base::Deadline deadline,
                      login::Steps& steps, login::Fresh fresh) -> base::Result<Preparation> {
        auto login = logins.login(flag, database, deadline, &steps, fresh);
        if (!login) return std::unexpected(std::move(login.error()));
        auto context = tls.context(*login);
        if (!context) return std::unexpected(std::move(context.error()));
        auto addresses = resolve_step(*login, deadline, &steps);
        if (!addresses) return std::unexpected(std::move(addresses.error()));
        return Preparation{std::move(*login), std::move(*addresses), std::move(*context)};
      };
}

}  // namespace rolegate::upstream
