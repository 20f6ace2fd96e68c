#pragma once

#include <string>
#include <string_view>

#include "base/environment.hpp"

namespace rolegate::serve {

/// Tells systemd how the service does (sd_notify(3): one datagram to $NOTIFY_SOCKET, a path or an abstract
/// "@name"). Without a service manager nothing happens; a failure to send is ignored, as sd_notify's callers
/// do.
class ServiceManager {
 public:
  explicit ServiceManager(const base::Environment& environment);

  /// X_ROLEGATE_LISTENERS, for whoever started the service and wants to connect: systemd takes no notice of
  /// variables that begin with X_. `json` is one line; one of more than 4 KB, which is more
  /// than systemd takes without a warning, is not sent.
  void listeners(std::string_view json) const;
  void ready(std::string_view status) const;
  /// RELOADING=1 with MONOTONIC_USEC, as Type=notify-reload wants it; ready() ends it.
  void reloading() const;
  void stopping(std::string_view status) const;
  void status(std::string_view status) const;

 private:
  void send(std::string_view message) const;
  std::string socket_;
};

}  // namespace rolegate::serve
