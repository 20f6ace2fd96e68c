#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/config.hpp"
#include "login/login.hpp"
#include "login/steps.hpp"
#include "upstream/upstream_tls.hpp"

namespace rolegate::upstream {

/// What there has to be before a database is dialled.
struct Preparation {
  login::Login login;
  std::vector<std::string> addresses;  ///< numeric, in the order in which they are to be tried; at least one
  std::shared_ptr<const UpstreamTlsContext> tls;
};

/// Makes one, until the deadline, and adds the steps walked. It waits for AWS, file systems and name servers:
/// not on a loop. Thread-safe.
using Prepare = std::function<base::Result<Preparation>(const config::IamFlag&, const config::Database&,
                                                        base::Deadline, login::Steps&, login::Fresh)>;

/// The way it is really done; both outlive what is given back.
[[nodiscard]] Prepare prepare_with(login::LoginService& logins, UpstreamTls& tls);

}  // namespace rolegate::upstream
