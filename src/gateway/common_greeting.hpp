#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "config/database_map.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::gateway {

/// What clients are greeted with who may ask for any of several MySQL databases: the version of the first
/// that is known, and the capabilities that all the known ones have. A change costs about the same however
/// many there are.
class CommonGreeting {
 public:
  /// The first is the one that has been served longest; of those that came together, as at the start, the one
  /// that stands first in the file.
  struct Rank {
    explicit Rank(const config::DirectoryEntry& entry)
        : since(entry.since), line(entry.database->line), name(entry.database->name) {}
    auto operator<=>(const Rank&) const = default;
    std::uint64_t since;
    int line;
    std::string name;
  };

  /// That database greets so, from now on.
  void put(const Rank& rank, wire::mysql::Greeting greeting);
  void erase(const Rank& rank);
  /// Nothing: none is known.
  [[nodiscard]] const std::optional<wire::mysql::Greeting>& value() const { return value_; }

 private:
  void combine();

  std::map<Rank, wire::mysql::Greeting> known_;
  std::array<std::size_t, 64> having_{};  ///< how many of them have that capability
  std::optional<wire::mysql::Greeting> value_;
};

}  // namespace rolegate::gateway
