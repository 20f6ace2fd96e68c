#pragma once

#include <memory>

#include "base/descriptor.hpp"
#include "gateway/access.hpp"
#include "gateway/listener.hpp"
#include "gateway/settings.hpp"

namespace rolegate::gateway {

/// A connection that has just been accepted.
struct Arrival {
  base::Descriptor socket;
  std::shared_ptr<const Listener> listener;
  std::shared_ptr<const Settings> settings;  ///< when its session begins
  Client client;
};

}  // namespace rolegate::gateway
