#include "wire/pg/messages.hpp"

namespace rolegate::wire::pg {

std::string authentication_ok() { return {"R\0\0\0\x08\0\0\0\0", 9}; }

bool ends_with_ready_for_query(std::string_view last_bytes) {
  if (last_bytes.size() < 6) return false;
  const std::string_view tail = last_bytes.substr(last_bytes.size() - 6);
  return tail.starts_with(std::string_view("Z\0\0\0\x05", 5)) &&
         (tail[5] == 'I' || tail[5] == 'T' || tail[5] == 'E');
}

}  // namespace rolegate::wire::pg
