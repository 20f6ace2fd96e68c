#pragma once

#include <string>

namespace rolegate::config {

/// Why a text is not what it should be, such as a name that AWS takes, and what would be. Never holds more of
/// the text than is safe to show.
struct NameFault {
  std::string message;
  std::string remedy;
};

}  // namespace rolegate::config
