#include "base/server_text.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace rolegate::base {
namespace {

constexpr std::size_t kLongest = 300;

std::size_t sequence_length(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

}  // namespace

std::string server_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length =
        std::min(sequence_length(static_cast<unsigned char>(text[i])), text.size() - i);
    const std::string_view character = text.substr(i, length);
    if (out.size() + length > kLongest) {
      out += "…";
      break;
    }
    if (!base::is_utf8(character)) {
      out += '?';
      ++i;
      continue;
    }
    if (base::has_control_characters(character)) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += character;
    }
    i += length;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace rolegate::base
