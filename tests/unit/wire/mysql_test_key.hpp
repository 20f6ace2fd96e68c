#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace rolegate::wire::mysql {

/// One RSA key for all tests: making one takes a tenth of a second.
inline EVP_PKEY& test_key() {
  static const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048U), &EVP_PKEY_free);
  return *key;
}

/// What a client sends that was given `pem`: RSA-OAEP of the password and a NUL, XORed with the scramble.
inline std::string encrypt_password(std::string_view pem, std::string_view scramble,
                                    std::string_view password) {
  std::string clear = std::string(password) + '\0';
  for (std::size_t i = 0; i < clear.size(); ++i) {
    clear[i] = static_cast<char>(clear[i] ^ scramble[i % scramble.size()]);
  }
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (key == nullptr) return {};
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_encrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
  std::string encrypted(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = encrypted.size();
  EVP_PKEY_encrypt(context, reinterpret_cast<unsigned char*>(encrypted.data()), &size,
                   reinterpret_cast<const unsigned char*>(clear.data()), clear.size());
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  return encrypted;
}

}  // namespace rolegate::wire::mysql
