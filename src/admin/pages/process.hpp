#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace rolegate::admin {

/// What this process uses, from /proc (proc(5)), getrlimit(2) and getrusage(2). Unset: the system did not
/// say.
struct Process {
  std::optional<std::uint64_t> open_descriptors;
  std::optional<std::uint64_t> most_descriptors;  ///< the soft limit
  std::optional<std::uint64_t> resident_bytes;
  std::optional<double> cpu_seconds;  ///< user and system
};
[[nodiscard]] Process measure_process();

/// When this process was started, by the wall clock that now says `now`.
[[nodiscard]] std::optional<base::WallTime> process_start(base::WallTime now);

/// The field of that number, counted from 1 as in proc(5), of a line of /proc/PID/stat. Field 2 is the
/// program's name, in parentheses and with anything in it: only those after it can be asked for.
[[nodiscard]] std::optional<std::uint64_t> stat_field(std::string_view line, std::size_t number);

}  // namespace rolegate::admin
