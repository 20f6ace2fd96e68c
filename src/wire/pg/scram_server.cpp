#include "wire/pg/scram_server.hpp"

#include <utility>

#include <openssl/crypto.h>

#include "wire/pg/scram.hpp"

namespace rolegate::wire::pg {
namespace {

constexpr std::string_view kProtocolViolation = "08P01";
constexpr std::string_view kInvalidAuthorization = "28000";
constexpr std::string_view kNotSupported = "0A000";
constexpr std::string_view kInvalidPassword = "28P01";

std::unexpected<ScramRefusal> refuse(std::string_view sqlstate, std::string_view message) {
  return std::unexpected(ScramRefusal{false, sqlstate, message});
}

std::unexpected<ScramRefusal> malformed() {
  return refuse(kProtocolViolation, "the SCRAM message is malformed");
}

}  // namespace

ScramServer::ScramServer(base::ScramVerifier verifier, std::string nonce, std::string end_point)
    : verifier_(std::move(verifier)), nonce_(std::move(nonce)), end_point_(std::move(end_point)) {}

std::vector<std::string_view> ScramServer::mechanisms() const {
  if (end_point_.empty()) return {kScramSha256};
  return {kScramSha256Plus, kScramSha256};
}

auto ScramServer::first(std::string_view mechanism, std::string_view client_first) -> Result<std::string> {
  const bool plus = !end_point_.empty() && mechanism == kScramSha256Plus;
  if (!plus && mechanism != kScramSha256) {
    return refuse(kProtocolViolation, "the client chose a SASL mechanism that was not offered");
  }
  std::string_view bare = client_first;
  if (auto header = take_gs2_header(bare, plus); !header) return std::unexpected(header.error());
  gs2_header_ = client_first.substr(0, client_first.size() - bare.size());
  client_first_bare_ = bare;

  if (bare.starts_with("m=")) {
    return refuse(kNotSupported, "the client requires a SCRAM extension that is not supported");
  }
  const auto user = take_attribute(bare, 'n');
  if (!user) return malformed();
  const auto client_nonce = take_attribute(bare, 'r');
  if (!client_nonce || !is_scram_printable(*client_nonce)) return malformed();
  while (!bare.empty()) {
    if (!skip_attribute(bare)) return malformed();
  }
  nonce_.insert(0, *client_nonce);
  server_first_ =
      "r=" + nonce_ + ",s=" + base::base64(verifier_.salt) + ",i=" + std::to_string(verifier_.iterations);
  return server_first_;
}

// gs2-header = gs2-cbind-flag "," [ authzid ] ","   (RFC 5802, chapter 7; what to make of the flag: chapter
// 6)
auto ScramServer::take_gs2_header(std::string_view& message, bool plus) -> Result<void> {
  const std::size_t comma = message.find(',');
  if (comma == std::string_view::npos) return malformed();
  const std::string_view flag = message.substr(0, comma);
  message.remove_prefix(comma + 1);
  if (flag == "n" || flag == "y") {
    if (plus) return refuse(kProtocolViolation, "SCRAM-SHA-256-PLUS was chosen without channel binding");
    // The client saw no offer of -PLUS although there was one: somebody in between has taken it away.
    if (flag == "y" && !end_point_.empty()) {
      return refuse(kInvalidAuthorization,
                    "the client supports channel binding, but was told that this server does not");
    }
  } else if (flag.starts_with("p=")) {
    if (!plus) return refuse(kProtocolViolation, "SCRAM-SHA-256 was chosen with channel binding");
    if (flag != kEndPointFlag) {
      return refuse(kProtocolViolation, "the only channel binding supported is tls-server-end-point");
    }
  } else {
    return malformed();
  }
  if (message.starts_with("a=")) {
    return refuse(kNotSupported,
                  "the client wants to act as another user, which SCRAM here does not support");
  }
  if (!message.starts_with(',')) return malformed();
  message.remove_prefix(1);
  return {};
}

// channel-binding "," nonce ["," extensions] "," proof
auto ScramServer::final(std::string_view client_final) const -> Result<std::string> {
  std::string_view rest = client_final;
  const auto binding = take_attribute(rest, 'c');
  if (!binding) return malformed();
  const auto nonce = take_attribute(rest, 'r');
  if (!nonce) return malformed();
  while (!rest.starts_with("p=")) {
    if (!skip_attribute(rest)) return malformed();
  }
  const std::string_view without_proof = client_final.substr(0, client_final.size() - rest.size() - 1);
  const auto proof_text = take_attribute(rest, 'p');
  if (!proof_text || !rest.empty()) return malformed();
  const auto proof = digest_from_base64(*proof_text);
  if (!proof) return malformed();

  if (*binding != channel_binding(gs2_header_, end_point_)) {
    return refuse(kInvalidAuthorization,
                  "SCRAM's channel binding does not fit: this is not the TLS session that the client sees");
  }
  if (*nonce != nonce_) return refuse(kProtocolViolation, "the SCRAM response has another nonce");

  const std::string auth_message =
      client_first_bare_ + "," + server_first_ + "," + std::string(without_proof);
  if (!proves(*proof, auth_message)) {
    return std::unexpected(ScramRefusal{true, kInvalidPassword, "password authentication failed"});
  }
  return "v=" + base::base64(as_text(base::hmac_sha256(verifier_.server_key, auth_message)));
}

bool ScramServer::proves(const base::Sha256Digest& proof, std::string_view auth_message) const {
  const base::Sha256Digest signature = base::hmac_sha256(verifier_.stored_key, auth_message);
  base::Sha256Digest client_key = exclusive_or(proof, signature);
  const base::Sha256Digest stored_key = base::sha256(as_text(client_key));
  OPENSSL_cleanse(client_key.data(), client_key.size());
  return equal_in_constant_time(stored_key, verifier_.stored_key);
}

}  // namespace rolegate::wire::pg
