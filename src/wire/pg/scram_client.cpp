#include "wire/pg/scram_client.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include <openssl/crypto.h>

#include "base/scram.hpp"
#include "wire/pg/scram.hpp"

namespace rolegate::wire::pg {
namespace {

std::string gs2_header(ScramClient::Binding binding) {
  std::string_view flag = kEndPointFlag;
  if (binding == ScramClient::Binding::none) flag = "n";
  if (binding == ScramClient::Binding::not_offered) flag = "y";
  return std::string(flag) + ",,";
}

/// A posit-number: no sign, no zero in front. What does not fit an int is too much for everybody.
std::optional<int> positive_number(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure == std::errc::result_out_of_range) return ScramClient::kMaxIterations + 1;
  if (failure != std::errc{} || rest != end || number < 1 || text.front() == '0') return std::nullopt;
  return number;
}

}  // namespace

ScramClient::ScramClient(std::string_view user, std::string nonce, Binding binding,
                         std::string_view end_point)
    : nonce_(std::move(nonce)),
      gs2_header_(gs2_header(binding)),
      channel_binding_(pg::channel_binding(gs2_header_, end_point)),
      first_bare_("n=" + std::string(user) + ",r=" + nonce_) {}

std::string ScramClient::first() const { return gs2_header_ + first_bare_; }

std::expected<std::string, std::string_view> ScramClient::final(std::string_view server_first,
                                                                std::string_view password) {
  std::string_view rest = server_first;
  const auto nonce = take_attribute(rest, 'r');
  if (!nonce || !is_scram_printable(*nonce)) return std::unexpected("its SCRAM challenge is malformed");
  // A nonce that the server has not added to would let it replay what it once saw.
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) {
    return std::unexpected("its SCRAM challenge answers another login (the nonce does not fit)");
  }
  const auto salt_text = take_attribute(rest, 's');
  const auto salt = salt_text ? base::from_base64(*salt_text) : std::nullopt;
  const auto iterations_text = take_attribute(rest, 'i');
  const auto iterations = iterations_text ? positive_number(*iterations_text) : std::nullopt;
  if (!salt || salt->empty() || !iterations || !rest.empty()) {
    return std::unexpected("its SCRAM challenge is malformed");
  }
  if (*iterations > kMaxIterations)
    return std::unexpected("it asks for more than 1,000,000 SCRAM iterations");

  const std::string without_proof = "c=" + channel_binding_ + ",r=" + std::string(*nonce);
  const std::string auth_message = first_bare_ + "," + std::string(server_first) + "," + without_proof;
  const base::ScramKeys keys = base::ScramKeys::of(password, *salt, *iterations);
  base::Sha256Digest client_signature = base::hmac_sha256(keys.stored_key, auth_message);
  const base::Sha256Digest proof = exclusive_or(keys.client_key, client_signature);
  OPENSSL_cleanse(client_signature.data(), client_signature.size());  // with the proof it is the client key
  server_signature_ = base::hmac_sha256(keys.server_key, auth_message);
  return without_proof + ",p=" + base::base64(as_text(proof));
}

std::expected<void, std::string_view> ScramClient::verify(std::string_view server_final) const {
  std::string_view rest = server_final;
  if (take_attribute(rest, 'e')) return std::unexpected("it refused the SCRAM exchange");
  const auto text = take_attribute(rest, 'v');
  const auto signature = text && rest.empty() ? digest_from_base64(*text) : std::nullopt;
  if (!signature) return std::unexpected("its last SCRAM message is malformed");
  if (!server_signature_ || !equal_in_constant_time(*signature, *server_signature_)) {
    return std::unexpected("it could not prove that it knows the password's verifier");
  }
  return {};
}

}  // namespace rolegate::wire::pg
