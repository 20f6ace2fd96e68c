#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include <unistd.h>

namespace rolegate::base {

/// A T for each process that uses it. What a child of fork() finds of its parent's T cannot be used, nor even
/// destroyed: its threads are not there, its locks may be held by them for ever, its connections are the
/// parent's. So the child makes a T of its own when it first asks, and leaves the parent's where it is.
template <typename T>
class PerProcess {
 public:
  using Make = std::function<std::unique_ptr<T>()>;

  explicit PerProcess(Make make) : make_(std::move(make)), current_(new Made{make_()}) {}
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;
  ~PerProcess() {
    Made* made = current_.load();
    if (made->is_own()) delete made;
  }

  /// Thread-safe, without a lock: one could be held by another thread at the moment of a fork.
  [[nodiscard]] T& get() {
    Made* current = current_.load();
    while (!current->is_own()) {
      auto made = std::make_unique<Made>(make_());
      if (current_.compare_exchange_strong(current, made.get())) return *made.release()->value;
    }
    return *current->value;
  }

 private:
  struct Made {
    std::unique_ptr<T> value;
    pid_t process = ::getpid();
    [[nodiscard]] bool is_own() const { return process == ::getpid(); }
  };

  const Make make_;
  std::atomic<Made*> current_;
};

}  // namespace rolegate::base
