#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/pg/messages.hpp"

using namespace rolegate::wire::pg;

// What is read of an ErrorResponse is what is written of it again, and no text of it becomes another field.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto fields = parse_error_response(body);
  if (!fields) return 0;
  const std::string framed = error_response(*fields);
  const auto again = parse_error_response(std::string_view(framed).substr(5));
  if (!again || again->severity != fields->severity || again->message != fields->message) std::abort();
  if (again->detail != fields->detail || again->hint != fields->hint) std::abort();
  if (again->sqlstate != (fields->sqlstate.empty() ? "XX000" : fields->sqlstate)) std::abort();
  return 0;
}
