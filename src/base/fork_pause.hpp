#pragma once

#include <atomic>

namespace rolegate::base {

/// While one exists, fork() waits. A child of fork() has only the thread that forked: what another thread was
/// in the middle of stays half done there for ever, and whoever waits for its end never wakes up. Meant for
/// what is done once per process and soon over, such as loading a library.
class ForkPause {
 public:
  ForkPause();
  ~ForkPause();
  ForkPause(const ForkPause&) = delete;
  ForkPause& operator=(const ForkPause&) = delete;
};

/// What `Make` gives, made at the first use and kept for the life of the process. A static of a function is
/// not good enough for that where threads may fork: a child whose parent was just making it would wait for
/// ever. `Make` must not use this, nor a ForkPause. Thread-safe.
template <auto Make>
[[nodiscard]] const auto& made_once() {
  using Value = decltype(Make());
  static constinit std::atomic<const Value*> made{nullptr};
  if (const Value* there = made.load(std::memory_order_acquire)) return *there;
  const ForkPause no_fork;
  const Value* value = made.load(std::memory_order_relaxed);
  if (value == nullptr) made.store(value = new Value(Make()), std::memory_order_release);
  return *value;
}

}  // namespace rolegate::base
