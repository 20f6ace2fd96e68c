#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace rolegate::doctor {

/// JSON over several lines, two spaces a level, arrays of one plain value on one line: the form IAM's own
/// pages use.
[[nodiscard]] std::string pretty_json(const boost::json::value& value, int level = 0);

}  // namespace rolegate::doctor
