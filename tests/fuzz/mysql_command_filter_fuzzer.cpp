#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mysql/command_filter.hpp"

// What a client sends once it is logged in, in pieces of the size that the first byte says: it must come out
// the same as in one piece, and nothing may be made up.

namespace {

using namespace rolegate::wire::mysql;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The identity for some, so that the length of a KILL stays; nothing for the others.
std::optional<std::uint32_t> servers_id(std::uint32_t id) {
  return id % 2 == 0 ? std::optional(id) : std::nullopt;
}

std::string filtered(std::string_view bytes, std::size_t piece) {
  CommandFilter filter(servers_id);
  std::string result;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    std::string_view left = bytes.substr(0, piece);
    while (!left.empty()) {
      const auto passed = filter.pass(left);
      require(passed.consumed > 0 && passed.consumed <= left.size());
      require(passed.as_is.size() <= passed.consumed);
      require(passed.as_is.empty() || passed.as_is.data() == left.data());
      result.append(passed.as_is).append(passed.instead);
      left.remove_prefix(passed.consumed);
    }
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = filtered(bytes, bytes.size());
  require(whole == filtered(bytes, data[0] == 0 ? 1 : data[0]));
  return 0;
}
