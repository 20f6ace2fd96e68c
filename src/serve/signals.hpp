#pragma once

#include <csignal>

#include "base/descriptor.hpp"

namespace rolegate::serve {

/// Blocks SIGTERM, SIGINT and SIGHUP, in this thread and those it starts, and gives a descriptor that tells
/// of them. They stay blocked when it goes away: the process is about to end then, and one that is told so
/// once more must still end with the status that it has.
class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Can be read when one has come.
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// 0 when there is none.
  [[nodiscard]] int take() const;

 private:
  sigset_t set_{};
  base::Descriptor descriptor_;
};

}  // namespace rolegate::serve
