#pragma once

#include "base/printable.hpp"
