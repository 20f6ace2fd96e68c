#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/scram.hpp"

using namespace rolegate::base;

// A verifier and base64 have one way to be written each, up to zeros in front of the iterations.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = from_base64(text); bytes && base64(*bytes) != text) std::abort();
  if (from_base64(base64(text)) != text) std::abort();
  const auto verifier = ScramVerifier::parse(text);
  if (!verifier) return 0;
  if (verifier->iterations < 1 || verifier->iterations > 1'000'000) std::abort();
  if (verifier->salt.empty() || verifier->salt.size() > 64) std::abort();
  const auto again = ScramVerifier::parse(verifier->text());
  if (!again || again->text() != verifier->text() || verifier->text().size() > text.size()) std::abort();
  return 0;
}
