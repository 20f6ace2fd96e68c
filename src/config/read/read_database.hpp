#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/database.hpp"
#include "config/read/taken_addresses.hpp"
#include "config/text/node.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {

/// The item's database_name, when it is a valid one.
[[nodiscard]] std::optional<std::string> name_of(const Node& entry);

/// Whether `key` is one of a database: Rolegate's own or one of Superset's export.
[[nodiscard]] bool is_database_key(std::string_view key);

/// Reads one item of `databases`. Everything that is wrong goes to the report; an error there
/// means nothing here. `config` has its file and gateway already, whose TLS is that of the database's own
/// listeners; these must not be in the way of those in `taken`, and are noted there.
[[nodiscard]] std::optional<Database> read_database(const Node& entry, const Config& config,
                                                    TakenAddresses& taken, Report& report);

}  // namespace rolegate::config
