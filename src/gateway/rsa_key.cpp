#include "gateway/rsa_key.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace rolegate::gateway {

void RsaKeyFree::operator()(EVP_PKEY* key) const noexcept { ::EVP_PKEY_free(key); }

RsaKeyPtr make_rsa_key() { return RsaKeyPtr(EVP_RSA_gen(2048)); }

}  // namespace rolegate::gateway
