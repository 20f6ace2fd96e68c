// What most unit tests include of the system: precompiled where ROLEGATE_PRECOMPILE is on.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../cmake/system_headers.hpp"
