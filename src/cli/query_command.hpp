#pragma once

#include <memory>
#include <string>

#include "cli/context.hpp"
#include "cli/query/rows.hpp"

namespace rolegate::cli {

enum class RowFormat {
  automatic,  ///< a table on a terminal, else CSV
  csv,
  json,
};

struct QueryArguments {
  std::string database;
  std::string sql;  ///< "-": read from standard input
  RowFormat format = RowFormat::automatic;
};

/// `rolegate query DB SQL`: logs in, runs it, prints its rows as they come.
[[nodiscard]] ExitStatus run(Context& context, const QueryArguments& arguments);

[[nodiscard]] std::unique_ptr<RowWriter> make_row_writer(RowFormat format, Output& out);

}  // namespace rolegate::cli
