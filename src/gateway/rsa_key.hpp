#pragma once

#include <memory>

#include <openssl/types.h>

namespace rolegate::gateway {

struct RsaKeyFree {
  void operator()(EVP_PKEY* key) const noexcept;
};
using RsaKeyPtr = std::unique_ptr<EVP_PKEY, RsaKeyFree>;
/// A key of 2,048 bits for MySQL passwords that come over TCP without TLS; takes a tenth of a second.
[[nodiscard]] RsaKeyPtr make_rsa_key();

}  // namespace rolegate::gateway
