#include "admin/pages/process.hpp"

#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <system_error>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"

namespace rolegate::admin {
namespace {

std::optional<std::uint64_t> count_open_descriptors() {
  // Since Linux 6.2 the folder's size is their number; before, it is 0, and they must be counted.
  struct stat status{};
  if (::stat("/proc/self/fd", &status) != 0) return std::nullopt;
  if (status.st_size > 0) return static_cast<std::uint64_t>(status.st_size);
  std::error_code error;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  if (error || count == 0) return std::nullopt;
  return count - 1;  // the iterator's own
}

std::optional<std::uint64_t> own_stat_field(std::size_t number) {
  const auto line = base::read_file("/proc/self/stat");
  return line ? stat_field(*line, number) : std::nullopt;
}

std::chrono::microseconds duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

std::optional<std::uint64_t> stat_field(std::string_view line, std::size_t number) {
  const auto name_end = line.rfind(')');
  if (name_end == std::string_view::npos || number < 3) return std::nullopt;
  line.remove_prefix(name_end + 1);
  for (std::size_t at = 3;; ++at) {
    if (!line.starts_with(' ')) return std::nullopt;
    line.remove_prefix(1);
    if (at == number) break;
    line.remove_prefix(std::min(line.find(' '), line.size()));
  }
  const std::string_view text = line.substr(0, line.find_first_of(" \n"));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Process measure_process() {
  constexpr std::size_t kResidentPages = 24;
  Process process;
  process.open_descriptors = count_open_descriptors();
  if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0) process.most_descriptors = limit.rlim_cur;
  if (const auto pages = own_stat_field(kResidentPages)) {
    process.resident_bytes = *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  if (rusage usage{}; ::getrusage(RUSAGE_SELF, &usage) == 0) {
    process.cpu_seconds =
        std::chrono::duration<double>(duration(usage.ru_utime) + duration(usage.ru_stime)).count();
  }
  return process;
}

std::optional<base::WallTime> process_start(base::WallTime now) {
  constexpr std::size_t kStartTime = 22;  // in clock ticks since the machine was started
  const auto ticks = own_stat_field(kStartTime);
  timespec up{};
  if (!ticks || ::clock_gettime(CLOCK_BOOTTIME, &up) != 0) return std::nullopt;
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto up_time =
      std::chrono::seconds(up.tv_sec) +
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(up.tv_nsec));
  const auto since_boot = std::chrono::milliseconds(*ticks * 1000 / per_second);
  return now - (up_time - since_boot);
}

}  // namespace rolegate::admin
