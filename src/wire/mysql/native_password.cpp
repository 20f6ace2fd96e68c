#include "wire/mysql/native_password.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace rolegate::wire::mysql {
namespace {

NativeHash sha1(std::string_view bytes) {
  NativeHash digest;
  ::SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::string_view text(const NativeHash& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// SHA1(scramble + hash), what hides the one SHA1 and brings it back.
NativeHash mask(const NativeHash& hash, std::string_view scramble) {
  return sha1(std::string(scramble).append(text(hash)));
}

}  // namespace

NativeHash native_hash(std::string_view password) {
  NativeHash once = sha1(password);
  const NativeHash twice = sha1(text(once));
  ::OPENSSL_cleanse(once.data(), once.size());
  return twice;
}

std::string native_response(std::string_view password, std::string_view scramble) {
  if (password.empty()) return {};
  NativeHash response = sha1(password);
  const NativeHash hidden_by = mask(sha1(text(response)), scramble);
  for (std::size_t i = 0; i < response.size(); ++i) response[i] ^= hidden_by[i];
  return std::string(text(response));
}

bool native_response_fits(const NativeHash& hash, std::string_view scramble, std::string_view response) {
  if (response.size() != hash.size()) return false;
  NativeHash once = mask(hash, scramble);
  for (std::size_t i = 0; i < once.size(); ++i) once[i] ^= static_cast<unsigned char>(response[i]);
  const NativeHash twice = sha1(text(once));
  ::OPENSSL_cleanse(once.data(), once.size());
  return ::CRYPTO_memcmp(twice.data(), hash.data(), hash.size()) == 0;
}

}  // namespace rolegate::wire::mysql
