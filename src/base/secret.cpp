#include "base/secret.hpp"

#include <cstring>
#include <utility>

#include <openssl/crypto.h>

namespace rolegate::base {

Secret::Secret(std::string_view text) : size_(text.size()) {
  if (text.empty()) return;
  bytes_ = std::make_unique<char[]>(text.size() + 1);
  std::memcpy(bytes_.get(), text.data(), text.size());
}

Secret Secret::take(std::string&& text) {
  Secret secret{std::string_view(text)};
  base::wipe(text);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { wipe(); }

bool Secret::equals(std::string_view other) const noexcept {
  return size_ == other.size() && CRYPTO_memcmp(c_str(), other.data(), size_) == 0;
}

void Secret::wipe() noexcept {
  if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
  bytes_.reset();
  size_ = 0;
}

void wipe(std::string& text) noexcept {
  // resize within the capacity does not allocate, so the whole buffer is reached.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace rolegate::base
