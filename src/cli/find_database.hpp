#pragma once

#include <string_view>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "config/config.hpp"

namespace rolegate::cli {

/// The database a command was called for. Points into `config`, whose vector's elements stay where they are
/// when this is moved.
struct FoundDatabase {
  config::Config config;
  const config::Database* database = nullptr;
};

enum class Warnings { when_verbose, always };

/// Reads the configuration and finds the database in it. Others that are broken do not matter; if this one
/// is, the error lists all that is wrong with it. Warnings about it are told on standard error.
[[nodiscard]] base::Result<FoundDatabase> find_database(Context& context, std::string_view name,
                                                        Warnings warnings = Warnings::when_verbose);

/// Until when logging in to it and connecting may take: --timeout, else its connect_timeout, else
/// login::kDefaultTimeout.
[[nodiscard]] base::Deadline login_deadline(const GlobalOptions& options, const config::Database& database);

/// "Aurora PostgreSQL", "Redshift Serverless", "MySQL with a password": for people.
[[nodiscard]] std::string_view kind_title(const config::Database& database);
/// "aurora_postgresql", …, "password": for programs.
[[nodiscard]] std::string_view kind_code(config::Kind kind);

}  // namespace rolegate::cli
