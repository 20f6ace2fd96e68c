#include "cli/query/statement.hpp"

namespace rolegate::cli {

std::string_view code_name(StatementErrc code) {
  switch (code) {
    case StatementErrc::query_cancelled:
      return "query_cancelled";
    case StatementErrc::copy_from_stdin:
      return "copy_from_stdin";
  }
  return {};
}

}  // namespace rolegate::cli
