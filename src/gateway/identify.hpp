#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolegate::gateway {

/// Names with their values: PostgreSQL's start-up parameters, MySQL's connection attributes.
using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// PostgreSQL: application_name becomes "USER: what the client calls itself", cut where the server would cut
/// it. Of the parameters that the client has sent the last one counts, as at the server.
void identify_in_parameters(NamedValues& parameters, std::string_view user);
/// MySQL: the attribute rolegate_user, before all others, because a server keeps the first 512 bytes; what
/// the client sent by that name goes.
void identify_in_attributes(NamedValues& attributes, std::string_view user);

}  // namespace rolegate::gateway
