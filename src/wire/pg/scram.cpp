#include "wire/pg/scram.hpp"

#include <algorithm>
#include <array>

#include <openssl/crypto.h>

#include "base/scram.hpp"

namespace rolegate::wire::pg {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string scram_nonce(base::Random& random) {
  std::array<unsigned char, 18> bytes;
  random.fill(bytes);
  return base::base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool is_scram_printable(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

std::optional<std::string_view> take_attribute(std::string_view& attributes, char name) {
  if (attributes.size() < 2 || attributes[0] != name || attributes[1] != '=') return std::nullopt;
  const std::size_t comma = attributes.find(',');
  const std::string_view value = attributes.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  if (value.find('\0') != std::string_view::npos) return std::nullopt;
  if (comma == std::string_view::npos) {
    attributes = {};
    return value;
  }
  attributes.remove_prefix(comma + 1);
  if (attributes.empty()) return std::nullopt;
  return value;
}

bool skip_attribute(std::string_view& attributes) {
  return !attributes.empty() && is_letter(attributes.front()) &&
         take_attribute(attributes, attributes.front()).has_value();
}

std::string channel_binding(std::string_view gs2_header, std::string_view end_point) {
  std::string input(gs2_header);
  if (gs2_header.starts_with(kEndPointFlag)) input += end_point;
  return base::base64(input);
}

base::Sha256Digest exclusive_or(const base::Sha256Digest& a, const base::Sha256Digest& b) {
  base::Sha256Digest result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = a[i] ^ b[i];
  return result;
}

bool equal_in_constant_time(const base::Sha256Digest& a, const base::Sha256Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view as_text(const base::Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::optional<base::Sha256Digest> digest_from_base64(std::string_view text) {
  const auto bytes = base::from_base64(text);
  base::Sha256Digest digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

}  // namespace rolegate::wire::pg
