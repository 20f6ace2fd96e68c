#include "aws/signing_key.hpp"

#include <string>

#include <openssl/crypto.h>

namespace rolegate::aws {
namespace {

/// A link of the key chain, wiped when it has been used.
struct ChainKey {
  base::Sha256Digest bytes;
  ChainKey(std::span<const unsigned char> key, std::string_view message)
      : bytes(base::hmac_sha256(key, message)) {}
  ChainKey(const ChainKey&) = delete;
  ChainKey& operator=(const ChainKey&) = delete;
  ~ChainKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

std::span<const unsigned char> as_bytes(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

}  // namespace

base::HmacSha256 derive_signing_key(const base::Secret& secret_access_key, std::string_view date,
                                    std::string_view region, std::string_view service) {
  std::string start;
  const base::WipeAtEnd wipe(start);
  start.reserve(4 + secret_access_key.size());
  start.append("AWS4").append(secret_access_key.reveal());
  const ChainKey of_date(as_bytes(start), date);
  const ChainKey of_region(of_date.bytes, region);
  const ChainKey of_service(of_region.bytes, service);
  const ChainKey signing(of_service.bytes, "aws4_request");
  return base::HmacSha256(signing.bytes);
}

}  // namespace rolegate::aws
