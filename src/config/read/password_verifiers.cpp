#include "config/read/password_verifiers.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <utility>

namespace rolegate::config {
namespace {

using NativeHash = std::array<unsigned char, 20>;

std::optional<NativeHash> parse_native(std::string_view hex) {
  NativeHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* const digits = hex.data() + 2 * i;
    const auto [end, fault] = std::from_chars(digits, digits + 2, hash[i], 16);
    if (fault != std::errc() || end != digits + 2) return std::nullopt;
  }
  return hash;
}

std::unexpected<NameFault> refuse(std::string message) {
  return std::unexpected(
      NameFault{std::move(message), "Run `rolegate passwd` and put the text that it prints here."});
}

}  // namespace

std::expected<PasswordVerifiers, NameFault> parse_password_verifiers(std::string_view text) {
  PasswordVerifiers out;
  bool has_scram = false;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (auto scram = base::ScramVerifier::parse(word)) {
      if (has_scram) return refuse("holds two SCRAM-SHA-256 verifiers.");
      has_scram = true;
      out.scram = std::move(*scram);
    } else if (auto native = word.starts_with('*') ? parse_native(word.substr(1)) : std::nullopt) {
      if (out.mysql_native) return refuse("holds two mysql_native_password hashes.");
      out.mysql_native = *native;
    } else if (word.starts_with("SCRAM-SHA-256$")) {
      return refuse("holds a SCRAM-SHA-256 verifier that is not whole.");
    } else {
      return refuse("is no verifier; a password itself is not written here.");
    }
  }
  if (!has_scram) return refuse("holds no SCRAM-SHA-256 verifier.");
  return out;
}

}  // namespace rolegate::config
