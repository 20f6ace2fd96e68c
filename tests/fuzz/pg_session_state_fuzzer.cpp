#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/pg/session_state.hpp"

// What the two sides of a session say: a byte with the speaker (its highest bit) and the number of bytes that
// follow, those bytes, the next such byte. Fed as they come and in pieces of the size that the first byte
// says, they must lead to the same.

namespace {

using rolegate::wire::pg::SessionState;

void require(bool holds) {
  if (!holds) std::abort();
}

void feed(SessionState& state, bool client, std::string_view bytes) {
  if (client) {
    state.from_client(bytes);
  } else {
    state.from_server(bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = std::max<std::size_t>(data[0], 1);
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  SessionState whole;
  SessionState pieces;
  while (!input.empty()) {
    const auto head = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    const std::string_view said = input.substr(0, head & 0x7F);
    input.remove_prefix(said.size());
    feed(whole, head >= 0x80, said);
    for (std::size_t at = 0; at < said.size(); at += piece)
      feed(pieces, head >= 0x80, said.substr(at, piece));
    require(whole.at_rest() == pieces.at_rest());
    require(whole.between_answers() == pieces.between_answers());
    require(whole.said_goodbye() == pieces.said_goodbye());
  }
  return 0;
}
