#include "base/descriptor.hpp"

#include <unistd.h>

namespace rolegate::base {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

void Descriptor::close() noexcept {
  // Not again after EINTR: Linux has closed it by then, and the number may be another thread's (close(2)).
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace rolegate::base
