#pragma once

#include "support/gate.hpp"

namespace rolegate::login {

using test::eventually;
using test::Gate;
using test::kPatience;

}  // namespace rolegate::login
