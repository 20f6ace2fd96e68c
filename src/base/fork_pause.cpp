#include "base/fork_pause.hpp"

#include <mutex>

#include <pthread.h>

namespace rolegate::base {
namespace {

std::mutex pause;

void lock() { pause.lock(); }
void unlock() { pause.unlock(); }

/// fork() takes the lock before it copies the process; both copies give it back.
[[maybe_unused]] const int registered = ::pthread_atfork(lock, unlock, unlock);

}  // namespace

ForkPause::ForkPause() { lock(); }
ForkPause::~ForkPause() { unlock(); }

}  // namespace rolegate::base
