#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolegate::gateway {

/// PostgreSQL's start-up parameters.
using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// PostgreSQL: application_name becomes "USER: what the client calls itself", cut where the server would cut
/// it. Of the parameters that the client has sent the last one counts, as at the server.
void identify_in_parameters(NamedValues& parameters, std::string_view user);
/// MySQL: `attributes`, encoded, with rolegate_user before all others, because a server keeps the first 512
/// bytes. What the client sent by that name goes, and what there is no room for any more.
[[nodiscard]] std::string identified_attributes(std::string_view attributes, std::string_view user);

}  // namespace rolegate::gateway
