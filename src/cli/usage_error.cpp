#include "cli/usage_error.hpp"

namespace rolegate::cli {

std::string_view code_name(UsageErrc code) {
  switch (code) {
    case UsageErrc::wrong_usage:
      return "wrong_usage";
  }
  return {};
}

}  // namespace rolegate::cli
