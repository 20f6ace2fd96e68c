#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace rolegate::cli {

/// The value on one line, fit for a terminal (printable_json), numbers without exponents: 1.5, where
/// Boost.JSON has 1.5E0, which shell tools do not read.
[[nodiscard]] std::string json_text(const boost::json::value& value);
/// A JSON string literal of `text`, likewise; U+FFFD for what is no UTF-8.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace rolegate::cli
