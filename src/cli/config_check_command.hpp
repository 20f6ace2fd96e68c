#pragma once

#include <boost/json/object.hpp>

#include "base/environment.hpp"
#include "cli/context.hpp"
#include "config/read/load.hpp"

namespace rolegate::cli {

struct ConfigCheckArguments {
  bool json = false;
};

/// `rolegate config check`: every problem of the configuration, one per line, and a closing line. Exit status
/// 2 when one of them is an error; warnings alone are 0.
[[nodiscard]] ExitStatus run(Context& context, const ConfigCheckArguments& arguments);

/// Adds what the certificates lack that the valid databases are verified with: regions that Amazon's RDS
/// bundle has no CA for, entries that are none. Reads them.
void add_certificate_problems(config::Loaded& loaded, const base::Environment& environment);

void write_config_check(Output& out, const config::Loaded& loaded);
/// {"file", "ok", "databases": [name…], "gateway": {"postgresql": [address…], "mysql": [address…], "users":
/// n} or null, "errors": n, "warnings": n, "problems": [{"severity", "file", "line", "database", "field",
/// "message", "remedy"}]}; the databases are the valid ones.
[[nodiscard]] boost::json::object config_check_json(const config::Loaded& loaded);

}  // namespace rolegate::cli
