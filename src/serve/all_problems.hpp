#pragma once

#include <vector>

#include "base/clock.hpp"
#include "config/read/load.hpp"

namespace rolegate::serve {

/// The problems of the configuration and of the files that it names (certificates, keys, CAs, the audit log,
/// the folders of unix sockets), by line. The files are looked at with the functions that use them later.
[[nodiscard]] std::vector<config::Problem> all_problems(const config::Loaded& loaded,
                                                        const base::Clock& clock);

}  // namespace rolegate::serve
