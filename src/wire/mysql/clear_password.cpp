#include "wire/mysql/clear_password.hpp"

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace rolegate::wire::mysql {

std::optional<base::Secret> parse_clear_password(std::string_view payload) {
  if (payload.find('\0') != payload.size() - 1 || payload.empty()) return std::nullopt;
  payload.remove_suffix(1);
  return base::Secret(payload);
}

std::string public_key_pem(EVP_PKEY& key) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> memory(::BIO_new(::BIO_s_mem()), &::BIO_free);
  if (!memory || ::PEM_write_bio_PUBKEY(memory.get(), &key) != 1) return {};
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::optional<base::Secret> decrypt_password(EVP_PKEY& key, std::string_view scramble,
                                             std::string_view ciphertext) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&::EVP_PKEY_CTX_free)> context(
      ::EVP_PKEY_CTX_new(&key, nullptr), &::EVP_PKEY_CTX_free);
  const auto* input = reinterpret_cast<const unsigned char*>(ciphertext.data());
  std::string clear(static_cast<std::size_t>(::EVP_PKEY_get_size(&key)), '\0');
  const base::WipeAtEnd wipe(clear);
  std::size_t size = clear.size();
  const bool done = context && ::EVP_PKEY_decrypt_init(context.get()) == 1 &&
                    ::EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                    ::EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(clear.data()), &size,
                                       input, ciphertext.size()) == 1;
  // TLS of other sessions in this thread takes what is left in the queue for its own failure.
  ::ERR_clear_error();
  if (!done || scramble.empty()) return std::nullopt;
  clear.resize(size);
  for (std::size_t i = 0; i < clear.size(); ++i) {
    clear[i] = static_cast<char>(clear[i] ^ scramble[i % scramble.size()]);
  }
  return parse_clear_password(clear);
}

}  // namespace rolegate::wire::mysql
