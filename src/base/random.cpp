#include "base/random.hpp"

#include <cstdlib>

#include <openssl/rand.h>

namespace rolegate::base {

void SystemRandom::fill(std::span<unsigned char> out) {
  // Without randomness there are no secrets; nothing that goes on from here would be safe.
  if (::RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace rolegate::base
