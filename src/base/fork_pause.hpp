#pragma once

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

}  // namespace rolegate::base
