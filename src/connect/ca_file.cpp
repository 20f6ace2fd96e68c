#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "connect/ca.hpp"
#include "connect/connect.hpp"

namespace rolegate::connect {
namespace {

std::optional<std::filesystem::path> cache_folder(const base::Environment& environment) {
  if (const auto cache = environment.get("XDG_CACHE_HOME")) return std::filesystem::path(*cache) / "rolegate";
  if (const auto home = environment.get("HOME")) return std::filesystem::path(*home) / ".cache" / "rolegate";
  return std::nullopt;
}

std::unexpected<base::Error> not_written(const std::filesystem::path& file, const std::string& reason) {
  return base::fail(Errc::ca_missing,
                    fmt::format("The CA certificates cannot be written to {}: {}.", file.string(), reason),
                    "Set XDG_CACHE_HOME to a folder that can be written to, or name a file in sslrootcert.");
}

/// Writes beside the file and renames over it, so that no reader ever sees half of it.
base::Result<void> write_whole(const std::filesystem::path& file, std::string_view text) {
  std::string partial = file.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(partial.data(), O_CLOEXEC);
  if (descriptor < 0) return not_written(file, std::generic_category().message(errno));
  bool written = ::fchmod(descriptor, 0644) == 0;
  while (written && !text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    written = count > 0;
    if (written) text.remove_prefix(static_cast<std::size_t>(count));
  }
  int reason = errno;
  ::close(descriptor);
  if (written) {
    written = ::rename(partial.c_str(), file.c_str()) == 0;
    reason = errno;
  }
  if (written) return {};
  ::unlink(partial.c_str());
  return not_written(file, std::generic_category().message(reason));
}

}  // namespace

base::Result<std::string> ca_file(const login::Login& login, const base::Environment& environment) {
  auto trusted = trusted_certificates(login, environment);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  std::error_code error;
  if (!login.ssl_root_cert.empty() && login.ssl_root_cert != "system") {
    return std::filesystem::absolute(login.ssl_root_cert, error).string();
  }

  const auto folder = cache_folder(environment);
  if (!folder) {
    return base::fail(
        Errc::ca_missing,
        "There is no place for a file of CA certificates: neither HOME nor XDG_CACHE_HOME is set.",
        "Set XDG_CACHE_HOME, or name a file in sslrootcert.");
  }
  std::filesystem::create_directories(*folder, error);
  if (error) return not_written(*folder, error.message());
  // The name follows from the content: databases with different stores, and programs of different versions
  // that run side by side, do not take each other's file away.
  const auto file = *folder / fmt::format("ca-{}.pem", base::hex(base::sha256(trusted->pem)).substr(0, 16));
  const auto present = base::read_file(file.string(), trusted->pem.size());
  if (present && *present == trusted->pem) return file.string();
  if (auto written = write_whole(file, trusted->pem); !written)
    return std::unexpected(std::move(written.error()));
  return file.string();
}

}  // namespace rolegate::connect
