#pragma once

#include "base/call_pool.hpp"

namespace rolegate::login {

using base::CallPool;

}  // namespace rolegate::login
