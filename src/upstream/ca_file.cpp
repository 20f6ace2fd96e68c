#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "upstream/ca.hpp"
#include "upstream/errc.hpp"

namespace rolegate::upstream {
namespace {

std::optional<std::filesystem::path> cache_folder(const base::Environment& environment) {
  if (const auto cache = environment.get("XDG_CACHE_HOME")) return std::filesystem::path(*cache) / "rolegate";
  if (const auto home = environment.get("HOME")) return std::filesystem::path(*home) / ".cache" / "rolegate";
  return std::nullopt;
}

std::unexpected<base::Error> not_kept(const std::string& reason) {
  return base::fail(Errc::ca_missing, fmt::format("The CA certificates cannot be kept in a file: {}", reason),
                    "Set XDG_CACHE_HOME to a folder that can be written to, or name a file in sslrootcert.");
}

}  // namespace

base::Result<std::string> ca_file(const login::Login& login, const base::Environment& environment) {
  auto trusted = trusted_certificates(login, environment);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  std::error_code error;
  if (!trusted->file.empty()) return std::filesystem::absolute(trusted->file, error).string();

  const auto folder = cache_folder(environment);
  if (!folder) {
    return base::fail(
        Errc::ca_missing,
        "There is no place for a file of CA certificates: neither HOME nor XDG_CACHE_HOME is set.",
        "Set XDG_CACHE_HOME, or name a file in sslrootcert.");
  }
  std::filesystem::create_directories(*folder, error);
  if (error) return not_kept(fmt::format("{}: {}.", folder->string(), error.message()));
  // The name follows from the content: databases with different stores, and programs of different versions
  // that run side by side, do not take each other's file away.
  const auto file = *folder / fmt::format("ca-{}.pem", base::hex(base::sha256(trusted->pem)).substr(0, 16));
  const auto present = base::read_file(file.string(), trusted->pem.size());
  if (present && *present == trusted->pem) return file.string();
  if (auto kept = base::replace_file(file.string(), trusted->pem, 0644); !kept)
    return not_kept(kept.error().message);
  return file.string();
}

}  // namespace rolegate::upstream
