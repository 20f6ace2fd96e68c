#include "upstream/ca_places.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

namespace rolegate::upstream {
namespace {

constexpr std::string_view kBundle = "rds-ca-bundle.pem";
constexpr std::string_view kNamed = "ROLEGATE_RDS_CA_BUNDLE";
/// Not /etc/rolegate, which only its gateway may look into, nor a folder that an installation writes.
constexpr std::string_view kMachine = "/var/lib/rolegate-ca";

/// The folder of the program or shared library that this code is part of; empty when it cannot be told.
std::filesystem::path own_folder() {
  std::error_code error;
  Dl_info info{};
  // For the main program dladdr gives argv[0], which need not be a path; /proc knows better.
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (::dladdr(reinterpret_cast<const void*>(&rds_bundle_places), &info) != 0 && info.dli_fname != nullptr) {
    const std::filesystem::path file(info.dli_fname);
    if (file.is_absolute() && file.filename().string().find(".so") != std::string::npos) {
      const auto real = std::filesystem::canonical(file, error);
      if (!error) return real.parent_path();
    }
  }
  return program.parent_path();
}

/// The built-in bundle is that of the partition aws.
std::string kept_name(std::string_view partition) {
  return partition == "aws" ? std::string(kBundle) : fmt::format("rds-ca-bundle-{}.pem", partition);
}

/// XDG Base Directory Specification: a relative $XDG_DATA_HOME is to be ignored.
std::filesystem::path data_home(const base::Environment& environment) {
  if (const auto data = environment.get("XDG_DATA_HOME"); data && data->starts_with('/')) return *data;
  if (const auto home = environment.get("HOME")) return std::filesystem::path(*home) / ".local/share";
  return {};
}

void add(std::vector<CaPlace>& places, CaPlace place) {
  if (!place.path.empty() && std::ranges::find(places, place.path, &CaPlace::path) == places.end())
    places.push_back(std::move(place));
}

}  // namespace

std::string kept_bundle_place(const base::Environment& environment, std::string_view partition,
                              bool for_root) {
  if (const auto named = environment.get(kNamed)) return *named;
  if (for_root) return (std::filesystem::path(kMachine) / kept_name(partition)).string();
  const auto data = data_home(environment);
  return data.empty() ? std::string() : (data / "rolegate" / kept_name(partition)).string();
}

std::vector<CaPlace> rds_bundle_places(const base::Environment& environment, std::string_view partition) {
  // Whoever names a bundle wants that one: a wrong path must show, not be passed over.
  if (const auto named = environment.get(kNamed)) return {{*named}};
  std::vector<CaPlace> places;
  if (::geteuid() != 0) add(places, {kept_bundle_place(environment, partition, false)});
  add(places, {kept_bundle_place(environment, partition, true)});
  std::string_view installed = ROLEGATE_RDS_CA_BUNDLE_PATHS;  // set by CMake, separated by ':'
  while (!installed.empty()) {
    const auto end = std::min(installed.find(':'), installed.size());
    add(places, {std::string(installed.substr(0, end)), true});
    installed.remove_prefix(std::min(end + 1, installed.size()));
  }
  if (const auto folder = own_folder(); !folder.empty()) {
    // bin/rolegate, lib/librolegate.so, lib/x86_64-linux-gnu/librolegate.so; build/release/rolegate.
    for (const char* relative : {"../share/rolegate", "../../share/rolegate", "", ".."}) {
      add(places, {(folder / relative / kBundle).lexically_normal().string(), true});
    }
  }
  return places;
}

std::vector<CaPlace> system_store_places(const base::Environment& environment) {
  if (const auto named = environment.get("SSL_CERT_FILE")) return {{*named}};
  return {
      {"/etc/ssl/certs/ca-certificates.crt", true},                 // Debian, Ubuntu, Alpine, Arch
      {"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", true},  // Amazon Linux, Fedora, RHEL
      {"/etc/pki/tls/certs/ca-bundle.crt", true},
      {"/etc/ssl/ca-bundle.pem", true},  // SUSE
      {"/etc/ssl/cert.pem", true},
  };
}

}  // namespace rolegate::upstream
