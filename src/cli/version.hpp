#pragma once

namespace rolegate::cli {

/// As in CMakeLists.txt; a test holds the two together.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace rolegate::cli
