#include "wire/pg/md5_password.hpp"

#include <array>
#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/sha256.hpp"

namespace rolegate::wire::pg {
namespace {

/// Of `first` and `second`, one behind the other. Empty without MD5.
std::string md5_hex(std::string_view first, std::string_view second) {
  std::string text;
  const base::WipeAtEnd wipe_text(text);
  text.reserve(first.size() + second.size());
  text.append(first).append(second);
  std::array<unsigned char, 16> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_md5(), nullptr) != 1) return {};
  std::string hex = base::hex(digest);
  OPENSSL_cleanse(digest.data(), digest.size());
  return hex;
}

}  // namespace

std::optional<base::Secret> md5_password(std::string_view user, std::string_view password,
                                         std::string_view salt) {
  std::string stored = md5_hex(password, user);
  const base::WipeAtEnd wipe_stored(stored);
  std::string salted = md5_hex(stored, salt);
  const base::WipeAtEnd wipe_salted(salted);
  if (stored.empty() || salted.empty()) return std::nullopt;
  std::string answer = "md5";
  answer.reserve(3 + salted.size());
  answer += salted;
  return base::Secret::take(std::move(answer));
}

}  // namespace rolegate::wire::pg
