#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/secret.hpp"

namespace rolegate::aws {

/// Reads a JSON object whose memory is wiped when it goes away, because it holds keys. Nothing for anything
/// else.
[[nodiscard]] std::optional<boost::json::object> parse_secret_json(std::string_view text);

/// A string member; empty when it is not there or is no string.
[[nodiscard]] std::string_view string_member(const boost::json::object& object, std::string_view name);

}  // namespace rolegate::aws
