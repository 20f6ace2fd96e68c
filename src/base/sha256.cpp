#include "base/sha256.hpp"

#include <new>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/fork_pause.hpp"

namespace rolegate::base {
namespace {

/// OpenSSL fails here only when it is out of memory or built without SHA-256: not a state to go on from.
void require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL could not compute SHA-256");
}

EVP_MD* fetch() {
  EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(md != nullptr);
  return md;
}

const EVP_MD* algorithm() { return made_once<fetch>(); }

}  // namespace

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) { require(evp != nullptr); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(evp); }
  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { start(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::start() {
  require(EVP_DigestInit_ex2(context_->evp, algorithm(), nullptr) == 1);
  return *this;
}

Sha256& Sha256::update(std::string_view bytes) {
  require(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256& Sha256::update(std::span<const unsigned char> bytes) {
  require(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  require(EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr) == 1);
  start();
  return digest;
}

HmacSha256::HmacSha256(std::span<const unsigned char> key) {
  std::array<unsigned char, 64> block{};
  if (key.size() > block.size()) {
    Sha256Digest shortened = work_.update(key).finish();
    std::copy(shortened.begin(), shortened.end(), block.begin());
    OPENSSL_cleanse(shortened.data(), shortened.size());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  for (auto& byte : block) byte ^= 0x36;
  inner_.update(std::span<const unsigned char>(block));
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  outer_.update(std::span<const unsigned char>(block));
  OPENSSL_cleanse(block.data(), block.size());
}

Sha256Digest HmacSha256::sign(std::string_view message) {
  Sha256Digest digest;
  EVP_MD_CTX* work = work_.context_->evp;
  require(EVP_MD_CTX_copy_ex(work, inner_.context_->evp) == 1);
  require(EVP_DigestUpdate(work, message.data(), message.size()) == 1);
  require(EVP_DigestFinal_ex(work, digest.data(), nullptr) == 1);
  require(EVP_MD_CTX_copy_ex(work, outer_.context_->evp) == 1);
  require(EVP_DigestUpdate(work, digest.data(), digest.size()) == 1);
  require(EVP_DigestFinal_ex(work, digest.data(), nullptr) == 1);
  return digest;
}

Sha256Digest sha256(std::string_view bytes) { return Sha256().update(bytes).finish(); }

Sha256Digest hmac_sha256(std::span<const unsigned char> key, std::string_view message) {
  return HmacSha256(key).sign(message);
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace rolegate::base
