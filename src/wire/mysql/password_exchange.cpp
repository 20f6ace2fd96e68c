#include "wire/mysql/password_exchange.hpp"

#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/clear_password.hpp"
#include "wire/mysql/native_password.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::string_view kWrong = "the password is wrong, or there is no such user";

/// How clients say that there is no password: nothing, or (libmysqlclient) a NUL.
bool is_empty_password(std::string_view payload) {
  return payload.empty() || payload == std::string_view("\0", 1);
}

/// Compared with something in any case, so that it takes the same time for everybody.
bool native_fits(const PasswordVerifiers& known, std::string_view scramble, std::string_view response) {
  const bool fits = native_response_fits(known.native.value_or(NativeHash{}), scramble, response);
  return fits && known.native;
}

}  // namespace

bool PasswordExchange::Answer::was_made_from(const base::Secret& password) const {
  return plugin == kNativePassword
             ? native_response_fits(native_hash(password.reveal()), scramble, response.reveal())
             : fast_response_fits(fast_check_of(password.reveal()), scramble, response.reveal());
}

PasswordExchange::PasswordExchange(base::Random& random) : PasswordExchange(new_scramble(random), random) {}

PasswordExchange::PasswordExchange(std::string scramble, base::Random& random)
    : random_(random), scramble_(std::move(scramble)) {}

void PasswordExchange::begin(Channel channel, std::optional<FirstAnswer> first) {
  channel_ = channel;
  first_ = std::move(first);
}

bool PasswordExchange::has_answered() const {
  return first_ && !is_empty_password(first_->response.reveal());
}

PasswordExchange::Step PasswordExchange::prove() {
  guesses_ = 0;
  return Step::proven;
}

PasswordExchange::Step PasswordExchange::refuse(std::string why) {
  reason_ = std::move(why);
  return Step::refused;
}

PasswordExchange::Step PasswordExchange::refuse_unproven() {
  reason_ = "the client sent no password";
  return Step::no_password;
}

/// For everybody alike, whether or not there was something to compare with: what it leads to must not tell.
void PasswordExchange::note_guess(std::string_view response) {
  answers_.push_back({method_, scramble_, base::Secret(response)});
  ++guesses_;
}

PasswordExchange::Step PasswordExchange::trust() {
  if (!first_) {
    switch_to(kCachingSha2Password, Stage::trusted);
    method_ = {};
    return Step::more;
  }
  // Of a client that has answered for another plugin, nothing is to be said but OK.
  const base::Secret response = std::move(first_->response);
  return first_->plugin == kCachingSha2Password ? take_trusted(response.reveal()) : prove();
}

/// Having answered for caching_sha2_password, clients take nothing but this for a yes; without a password,
/// they take nothing but OK.
PasswordExchange::Step PasswordExchange::take_trusted(std::string_view response) {
  if (!is_empty_password(response)) reply_ = {kAuthMoreData, kFastAuthSuccess};
  return prove();
}

PasswordExchange::Step PasswordExchange::ask(const PasswordVerifiers& known) {
  verifiers_ = known;
  const base::Secret response = first_ ? std::move(first_->response) : base::Secret();
  const bool native_answered = answered_for(kNativePassword) && !response.empty();
  if (native_answered) {
    method_ = kNativePassword;
    if (native_fits(verifiers_, scramble_, response.reveal())) return prove();
    note_guess(response.reveal());
  }
  const bool sha2_possible = channel_.plugins && (secure() || channel_.rsa_key != nullptr);
  if (answered_for(kCachingSha2Password)) {
    method_ = kCachingSha2Password;
    if (const auto step = judge_fast(response.reveal())) return *step;
    if (sha2_possible) return ask_for_password();
  } else if (sha2_possible) {
    return switch_to(kCachingSha2Password, Stage::fast);
  }
  if (native_answered) return refuse(std::string(kWrong));
  if (!channel_.plugins) return refuse_unproven();
  return switch_to(kNativePassword, Stage::native);
}

PasswordExchange::Step PasswordExchange::switch_to(std::string_view plugin, Stage next) {
  // Client libraries that change the user answer for mysql_native_password with the scramble that they have,
  // whatever the request says; as servers do, it says the same one.
  if (first_ || plugin != kNativePassword) scramble_ = new_scramble(random_);
  reply_ = auth_switch_request_payload({std::string(plugin), scramble_});
  method_ = plugin;
  stage_ = next;
  return Step::more;
}

PasswordExchange::Step PasswordExchange::receive(std::string_view payload) {
  switch (stage_) {
    case Stage::native:
      return take_native(payload);
    case Stage::fast:
      return take_fast(payload);
    case Stage::full:
      return take_full(payload);
    case Stage::trusted:
      return take_trusted(payload);
    case Stage::encrypted:
      break;
  }
  return take_password(decrypt_password(*channel_.rsa_key, scramble_, payload));
}

PasswordExchange::Step PasswordExchange::take_native(std::string_view response) {
  if (is_empty_password(response)) return refuse_unproven();
  if (native_fits(verifiers_, scramble_, response)) return prove();
  note_guess(response);
  return refuse(std::string(kWrong));
}

PasswordExchange::Step PasswordExchange::take_fast(std::string_view response) {
  const auto step = judge_fast(response);
  return step ? *step : ask_for_password();
}

/// Nothing: it fits nothing that is known.
std::optional<PasswordExchange::Step> PasswordExchange::judge_fast(std::string_view response) {
  if (is_empty_password(response)) return refuse_unproven();
  if (response.size() != base::Sha256Digest().size()) {
    return refuse("the client's response is none of caching_sha2_password");
  }
  const bool fits =
      fast_response_fits(verifiers_.fast_check.value_or(base::Sha256Digest{}), scramble_, response);
  if (fits && verifiers_.fast_check) {
    reply_ = {kAuthMoreData, kFastAuthSuccess};
    return prove();
  }
  note_guess(response);
  return std::nullopt;
}

PasswordExchange::Step PasswordExchange::ask_for_password() {
  reply_ = {kAuthMoreData, kPerformFullAuthentication};
  stage_ = Stage::full;
  return Step::more;
}

PasswordExchange::Step PasswordExchange::take_full(std::string_view payload) {
  if (channel_.in_tls) return take_password(parse_clear_password(payload));
  EVP_PKEY* const key = channel_.rsa_key;
  // On a unix socket, too, there are clients that ask for the key: MariaDB Connector/J wherever there is no
  // TLS.
  if (key != nullptr && payload.size() == 1 && payload.front() == kRequestPublicKey) {
    reply_ = std::string(1, kAuthMoreData) + public_key_pem(*key);
    stage_ = Stage::encrypted;
    return Step::more;
  }
  // A client that was given the key beforehand sends the password at once, encrypted with it.
  if (key != nullptr && payload.size() == static_cast<std::size_t>(::EVP_PKEY_get_size(key))) {
    auto decrypted = decrypt_password(*key, scramble_, payload);
    if (decrypted || !secure()) return take_password(std::move(decrypted));
  }
  if (secure()) return take_password(parse_clear_password(payload));
  reason_ =
      "The client sent its password in the clear, without TLS. MariaDB's clients do so unless they are told "
      "--skip-ssl; change the password, and use TLS, a unix socket, or --skip-ssl.";
  return Step::in_the_clear;
}

PasswordExchange::Step PasswordExchange::take_password(std::optional<base::Secret> given) {
  if (!given) return refuse("what the client sent holds no password");
  if (given->empty()) return refuse_unproven();
  password_ = std::move(*given);
  std::erase_if(answers_, [this](const Answer& answer) { return answer.was_made_from(password_); });
  guesses_ = static_cast<unsigned>(answers_.size()) + 1;
  return Step::check_password;
}

PasswordExchange::Step PasswordExchange::password_checked(bool right) {
  bool native = false;
  if (!verifiers_.full_check && verifiers_.native) {
    const NativeHash hash = native_hash(password_.reveal());
    native = ::CRYPTO_memcmp(hash.data(), verifiers_.native->data(), hash.size()) == 0;
  }
  password_.wipe();
  return right || native ? prove() : refuse(std::string(kWrong));
}

std::string PasswordExchange::take_reply() { return std::exchange(reply_, {}); }

}  // namespace rolegate::wire::mysql
