#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace rolegate::base {

using Sha256Digest = std::array<unsigned char, 32>;

/// SHA-256 with one OpenSSL context that is used again and again: fetching the algorithm and allocating a
/// context cost more than hashing a kilobyte does. Not thread-safe; each thread has its own.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  /// Starts over; a Sha256 starts out started.
  Sha256& start();
  Sha256& update(std::string_view bytes);
  Sha256& update(std::span<const unsigned char> bytes);
  /// The digest of what was given since start(); starts over.
  [[nodiscard]] Sha256Digest finish();

 private:
  friend class HmacSha256;
  struct Context;
  std::unique_ptr<Context> context_;
};

/// HMAC-SHA-256 (RFC 2104) under one key: the states after the inner and the outer padding are kept, so each
/// further message costs its own blocks and two more. Not thread-safe.
class HmacSha256 {
 public:
  explicit HmacSha256(std::span<const unsigned char> key);
  [[nodiscard]] Sha256Digest sign(std::string_view message);

 private:
  Sha256 inner_;
  Sha256 outer_;
  Sha256 work_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view bytes);
[[nodiscard]] Sha256Digest hmac_sha256(std::span<const unsigned char> key, std::string_view message);
/// Lower-case hexadecimal.
[[nodiscard]] std::string hex(std::span<const unsigned char> bytes);

}  // namespace rolegate::base
