#pragma once

#include <span>

namespace rolegate::base {

/// Randomness, injected. Implementations are thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  /// Fills all of `out` with bytes that nobody can foresee; ends the process when the system has none.
  virtual void fill(std::span<unsigned char> out) = 0;
};

/// The operating system's generator (through OpenSSL).
class SystemRandom final : public Random {
 public:
  void fill(std::span<unsigned char> out) override;
};

}  // namespace rolegate::base
