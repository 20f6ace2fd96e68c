#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/text/json.hpp"

using namespace rolegate::config;

// Any string of JSON becomes a tree or a fault, never both or neither.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Document document = read_json(text, 1);
  if (document.fault.has_value() == (document.root != nullptr)) std::abort();
  if (document.fault && document.fault->message.empty()) std::abort();
  return 0;
}
