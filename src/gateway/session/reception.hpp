#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/scram.hpp"
#include "gateway/access.hpp"
#include "gateway/session/arrival.hpp"
#include "gateway/session/client_error.hpp"
#include "gateway/session/client_side.hpp"
#include "gateway/session/record.hpp"
#include "gateway/session/session_services.hpp"
#include "gateway/user_sessions.hpp"

namespace rolegate::gateway {

/// What a session has to do next for the login of its client.
struct Decision {
  enum class Kind {
    listen,          ///< the client says what comes next
    start_tls,       ///< TLS begins when all is said
    await_greeting,  ///< see Step::Kind::greeting
    admit,           ///< by the latest settings: admit()
    wait,            ///< `time` goes by, in which nothing is heard of the client; then resume()
    check_password,  ///< against expected_password(); then password_checked()
    authenticated,   ///< choose() is asked, once everybody knows it
    connect,         ///< to the record's database
    pass_cancel_on,  ///< the CancelRequest with `key`
    client_left,     ///< the client has said goodbye
    dismiss,  ///< the client gets `answer`, if there is one; audited with `code` and `message`, if there are
  };
  Kind kind = Kind::listen;
  std::chrono::milliseconds time{0};
  std::string answer = {};
  std::string code = {};
  std::string message = {};
  wire::pg::CancelKey key = {};
};

/// Decides whether a client may come in, how long that takes, and which database it gets: what its client
/// side finds out, measured by access, limits and the failures of its address. Counts what it refuses. Knows
/// no sockets and no loop.
class Reception {
 public:
  /// All outlive this. What becomes known goes to `record`.
  Reception(const Arrival& arrival, SessionServices& services, ClientSide& side, Record& record);

  [[nodiscard]] Decision follow(Step step);
  [[nodiscard]] Decision admit();
  [[nodiscard]] Decision resume();
  [[nodiscard]] base::ScramVerifier expected_password() const;
  /// Nothing: nobody had the time to look at it.
  [[nodiscard]] Decision password_checked(std::optional<bool> right);
  [[nodiscard]] Decision choose();

  /// Before the client is heard, and before TLS in which it may show a certificate: `wait`, when what it says
  /// is a proof, and its address has failures to wait for. Right or wrong, so that nobody learns anything by
  /// not waiting.
  [[nodiscard]] Decision before_hearing();
  [[nodiscard]] Decision before_certificate();
  /// The client has shown a certificate that does not count.
  [[nodiscard]] Decision certificate_refused(std::string_view why);

  /// No session, for a reason that is not the proof's.
  [[nodiscard]] Decision fail(std::string answer, std::string_view code, std::string_view message,
                              Refusal refusal);
  [[nodiscard]] Decision turn_away(const ClientError& error, Refusal refusal, std::string_view code);
  /// The client goes before it has proved anything.
  [[nodiscard]] Decision leave_unproven(std::string answer);
  /// It makes room for others.
  [[nodiscard]] Decision evict();

  [[nodiscard]] const Admission& admission() const { return admission_; }
  /// The user that the database is to be told of; null: none.
  [[nodiscard]] const config::GatewayUser* identified_user() const;
  /// For the failures of its address, so far: not the client's own time.
  [[nodiscard]] std::chrono::milliseconds waited() const { return waited_; }
  /// It is nobody again, and begins with another login.
  void begin_again();
  /// It has no session any more, and counts no more among those who have.
  void give_up_place();
  ~Reception() { give_up_place(); }
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

 private:
  enum class Pending { nothing, ask, check };

  [[nodiscard]] Decision when_due(Pending what);
  [[nodiscard]] Decision authenticated(std::string_view method);
  [[nodiscard]] std::optional<Decision> take_place();
  [[nodiscard]] Decision choose_database(const std::string& named);
  [[nodiscard]] Decision refuse_session();
  [[nodiscard]] Decision fail_proof(std::string answer, std::string_view reason);
  [[nodiscard]] const Settings& settings() const { return *arrival_.settings; }

  const Arrival& arrival_;
  SessionServices& services_;
  ClientSide& side_;
  Record& record_;
  Admission admission_;
  bool proof_asked_ = false;
  std::chrono::milliseconds waited_{0};
  Pending pending_ = Pending::nothing;  ///< what the client waits for
  bool counted_ = false;                ///< among services_.logged_in
  std::optional<UserSessions::Place> user_place_;
};

}  // namespace rolegate::gateway
