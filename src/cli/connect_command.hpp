#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace rolegate::cli {

struct ConnectArguments {
  std::string database;
  std::vector<std::string> client_arguments;  ///< passed on to the client program
};

/// `rolegate connect DB [-- ARGUMENT…]`: becomes psql, mariadb or mysql, logged in. The password goes to it
/// in the environment. Returns only when it could not.
[[nodiscard]] ExitStatus run(Context& context, const ConnectArguments& arguments);

}  // namespace rolegate::cli
