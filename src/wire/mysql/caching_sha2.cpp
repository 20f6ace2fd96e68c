#include "wire/mysql/caching_sha2.hpp"

#include <openssl/crypto.h>

namespace rolegate::wire::mysql {
namespace {

std::string_view text(const base::Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// SHA256(digest + scramble), what hides the one SHA256 and brings it back.
base::Sha256Digest mask(const base::Sha256Digest& fast_check, std::string_view scramble) {
  return base::Sha256().update(text(fast_check)).update(scramble).finish();
}

}  // namespace

base::Sha256Digest fast_check_of(std::string_view password) {
  base::Sha256Digest once = base::sha256(password);
  const base::Sha256Digest twice = base::sha256(text(once));
  ::OPENSSL_cleanse(once.data(), once.size());
  return twice;
}

std::string fast_response(std::string_view password, std::string_view scramble) {
  if (password.empty()) return {};
  base::Sha256Digest response = base::sha256(password);
  const base::Sha256Digest hidden_by = mask(base::sha256(text(response)), scramble);
  for (std::size_t i = 0; i < response.size(); ++i) response[i] ^= hidden_by[i];
  return std::string(text(response));
}

bool fast_response_fits(const base::Sha256Digest& fast_check, std::string_view scramble,
                        std::string_view response) {
  if (response.size() != fast_check.size()) return false;
  base::Sha256Digest once = mask(fast_check, scramble);
  for (std::size_t i = 0; i < once.size(); ++i) once[i] ^= static_cast<unsigned char>(response[i]);
  const base::Sha256Digest twice = base::sha256(text(once));
  ::OPENSSL_cleanse(once.data(), once.size());
  return ::CRYPTO_memcmp(twice.data(), fast_check.data(), fast_check.size()) == 0;
}

}  // namespace rolegate::wire::mysql
