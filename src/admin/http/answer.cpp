#include "admin/http/answer.hpp"

#include <fmt/format.h>

namespace rolegate::admin {

HttpAnswer refusal(unsigned status, std::string_view sentence) {
  return {status, "text/plain; charset=utf-8", fmt::format("{}\n", sentence)};
}

}  // namespace rolegate::admin
