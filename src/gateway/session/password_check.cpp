#include "gateway/session/password_check.hpp"

#include <utility>

namespace rolegate::gateway {
namespace {

/// No database's lane: their names hold no control characters.
constexpr const char* kLane = "\npasswords";

}  // namespace

/// The call on the pool's thread. One that is dropped says so as it goes.
class PasswordCheck::Call {
 public:
  using OnRight = std::move_only_function<void(const base::Secret&)>;

  Call(PasswordCheck& check, base::ScramVerifier verifier, base::Secret password, OnRight on_right)
      : check_(&check),
        home_(check.mailbox_.address()),
        verifier_(std::move(verifier)),
        password_(std::move(password)),
        on_right_(std::move(on_right)) {}
  Call(Call&& other) noexcept
      : check_(std::exchange(other.check_, nullptr)),
        home_(std::move(other.home_)),
        verifier_(std::move(other.verifier_)),
        password_(std::move(other.password_)),
        on_right_(std::move(other.on_right_)) {}
  Call& operator=(Call&&) = delete;
  ~Call() {
    if (check_ != nullptr) tell(std::nullopt);
  }

  void operator()() {
    const bool right = verifier_.matches(password_.reveal());
    if (right) on_right_(password_);
    tell(right);
  }

 private:
  void tell(Verdict verdict) {
    home_.send([check = std::exchange(check_, nullptr), verdict] {
      auto done = std::move(check->done_);
      done(verdict);
    });
  }

  PasswordCheck* check_;  ///< null: it has been told
  net::Mailbox::Address home_;
  base::ScramVerifier verifier_;
  base::Secret password_;
  OnRight on_right_;
};

PasswordCheck::PasswordCheck(net::EventLoop& loop, base::CallPool& pool, const std::string& client,
                             base::ScramVerifier verifier, base::Secret password,
                             std::move_only_function<void(const base::Secret&)> on_right,
                             std::move_only_function<void(Verdict)> done)
    : done_(std::move(done)),
      mailbox_(loop),
      pending_(pool.submit(kLane, base::CallPool::Urgency::login,
                           Call(*this, std::move(verifier), std::move(password), std::move(on_right)),
                           client)) {}

}  // namespace rolegate::gateway
