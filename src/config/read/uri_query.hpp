#pragma once

#include <string_view>
#include <vector>

#include "config/read/parse_uri.hpp"

namespace rolegate::config {

/// Reads the part after '?' of a URI into sslmode, sslrootcert, connect_timeout and connect_to. `may_show` is
/// false when the text may hold a part of the password: then no parameter's name gets into a message.
void parse_uri_query(std::string_view query, bool may_show, Uri& uri, std::vector<UriProblem>& problems);

}  // namespace rolegate::config
