#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/call_pool.hpp"
#include "base/scram.hpp"
#include "base/secret.hpp"
#include "net/event_loop.hpp"
#include "net/mailbox.hpp"

namespace rolegate::gateway {

/// A password that is being compared with a verifier. PBKDF2 takes milliseconds: not on the loop, where it
/// would hold up everybody else. For the loop's thread.
class PasswordCheck {
 public:
  /// Nothing: nobody had the time to look at it.
  using Verdict = std::optional<bool>;

  /// `client`: who takes turns with others. `on_right` is called on another thread, before `done`, which the
  /// loop calls, once, unless this is destroyed before.
  PasswordCheck(net::EventLoop& loop, base::CallPool& pool, const std::string& client,
                base::ScramVerifier verifier, base::Secret password,
                std::move_only_function<void(const base::Secret&)> on_right,
                std::move_only_function<void(Verdict)> done);
  ~PasswordCheck() { pending_.cancel(); }
  PasswordCheck(const PasswordCheck&) = delete;
  PasswordCheck& operator=(const PasswordCheck&) = delete;

  /// Nobody waits for the verdict any more. False: it is being found, and will be told all the same.
  [[nodiscard]] bool cancel() { return pending_.cancel(); }

 private:
  class Call;
  std::move_only_function<void(Verdict)> done_;
  net::Mailbox mailbox_;
  base::CallPool::Pending pending_;
};

}  // namespace rolegate::gateway
