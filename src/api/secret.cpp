#include <cstring>
#include <utility>

#include <openssl/crypto.h>

#include "rolegate/rolegate.hpp"

namespace rolegate {

Secret::Secret() noexcept = default;

Secret::Secret(std::string_view text) : bytes_(new char[text.size() + 1]), size_(text.size()) {
  if (!text.empty()) std::memcpy(bytes_, text.data(), text.size());
  bytes_[text.size()] = '\0';
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  Secret taken(std::move(other));
  std::swap(bytes_, taken.bytes_);
  std::swap(size_, taken.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_ != nullptr) OPENSSL_cleanse(bytes_, size_);
  delete[] bytes_;
}

}  // namespace rolegate
