#pragma once

#include <string>
#include <string_view>

namespace rolegate::base {

/// What a server or a client library said, made fit for one line of an error: at most 300 bytes, valid UTF-8,
/// without line ends or control characters. A peer that is not trusted yet may have written it.
[[nodiscard]] std::string server_text(std::string_view text);

}  // namespace rolegate::base
