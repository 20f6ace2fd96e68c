#include "base/scram.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/saslprep.hpp"

namespace rolegate::base {
namespace {

constexpr std::string_view kMechanism = "SCRAM-SHA-256$";
constexpr int kMaxIterations = 1'000'000;
constexpr std::size_t kMaxSalt = 64;
constexpr std::size_t kNewSalt = 16;

void wipe(Sha256Digest& digest) { OPENSSL_cleanse(digest.data(), digest.size()); }

std::string_view as_text(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::optional<Sha256Digest> digest_from_base64(std::string_view text) {
  const auto bytes = from_base64(text);
  Sha256Digest digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

/// What stands before the first `separator`, which goes away with it. Nothing when there is none.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return part;
}

constexpr std::array<int, 256> kBase64Values = [] {
  std::array<int, 256> values{};
  values.fill(-1);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<int>(i);
  }
  return values;
}();

}  // namespace

std::optional<ScramVerifier> ScramVerifier::parse(std::string_view text) {
  if (!text.starts_with(kMechanism)) return std::nullopt;
  text.remove_prefix(kMechanism.size());
  const auto iterations = take_until(text, ':');
  const auto salt = take_until(text, '$');
  const auto stored_key = take_until(text, ':');
  if (!iterations || !salt || !stored_key) return std::nullopt;

  ScramVerifier verifier;
  const char* const end = iterations->data() + iterations->size();
  const auto [rest, failure] = std::from_chars(iterations->data(), end, verifier.iterations);
  if (failure != std::errc{} || rest != end) return std::nullopt;
  if (verifier.iterations < 1 || verifier.iterations > kMaxIterations) return std::nullopt;

  auto salt_bytes = from_base64(*salt);
  if (!salt_bytes || salt_bytes->empty() || salt_bytes->size() > kMaxSalt) return std::nullopt;
  verifier.salt = std::move(*salt_bytes);

  const auto stored = digest_from_base64(*stored_key);
  const auto server = digest_from_base64(text);
  if (!stored || !server) return std::nullopt;
  verifier.stored_key = *stored;
  verifier.server_key = *server;
  return verifier;
}

ScramVerifier ScramVerifier::of(const Secret& password, Random& random, int iterations) {
  std::array<unsigned char, kNewSalt> salt;
  random.fill(salt);
  ScramVerifier verifier;
  verifier.iterations = iterations;
  verifier.salt.assign(salt.begin(), salt.end());
  const ScramKeys keys = ScramKeys::of(password.reveal(), verifier.salt, iterations);
  verifier.stored_key = keys.stored_key;
  verifier.server_key = keys.server_key;
  return verifier;
}

std::string ScramVerifier::text() const {
  return std::string(kMechanism) + std::to_string(iterations) + ':' + base64(salt) + '$' +
         base64(as_text(stored_key)) + ':' + base64(as_text(server_key));
}

bool ScramVerifier::matches(std::string_view password) const {
  const ScramKeys keys = ScramKeys::of(password, salt, iterations);
  return CRYPTO_memcmp(keys.stored_key.data(), stored_key.data(), stored_key.size()) == 0;
}

Sha256Digest salted_password(std::string_view password, std::string_view salt, int iterations) {
  Sha256Digest digest{};
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                        iterations, EVP_sha256(), static_cast<int>(digest.size()), digest.data());
  // Out of memory, no SHA-256, or fewer iterations than one: not a state to go on from.
  if (done != 1) throw std::runtime_error("OpenSSL could not compute PBKDF2");
  return digest;
}

ScramKeys ScramKeys::of(std::string_view password, std::string_view salt, int iterations) {
  Sha256Digest salted = salted_password(saslprep(password).reveal(), salt, iterations);
  ScramKeys keys;
  {
    HmacSha256 by_password(salted);
    keys.client_key = by_password.sign("Client Key");
    keys.server_key = by_password.sign("Server Key");
  }
  wipe(salted);
  keys.stored_key = sha256(as_text(keys.client_key));
  return keys;
}

ScramKeys::~ScramKeys() {
  wipe(client_key);
  wipe(stored_key);
  wipe(server_key);
}

std::string base64(std::string_view bytes) {
  if (bytes.empty()) return {};
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  // The NUL that EVP_EncodeBlock appends falls on the string's own.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return text;
}

// Not EVP_DecodeBlock: that skips white space, counts padding as zero bytes and forgives stray bits.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  unsigned count = 0;
  for (const char digit : text.substr(0, text.size() - padding)) {
    const int value = kBase64Values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace rolegate::base
