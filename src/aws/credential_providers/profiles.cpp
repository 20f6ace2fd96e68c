#include "aws/credential_providers/profiles.hpp"

#include <fmt/format.h>

#include "aws/credential_providers/shell_split.hpp"
#include "aws/credentials.hpp"
#include "base/nearest.hpp"

namespace rolegate::aws {
namespace {

/// The x of `profile x` or `sso-session x`; botocore splits the header as a shell would, so x may be quoted.
std::optional<std::string> name_after(std::string_view prefix, std::string_view header) {
  if (!header.starts_with(prefix)) return std::nullopt;
  auto words = shell_split(header);
  if (!words || words->size() != 2) return std::nullopt;
  return std::move((*words)[1]);
}

/// Of two headers for one name (`[default]` and `[profile default]`) the later one counts, all of it.
void put(std::map<std::string, const IniSection*, std::less<>>& index, std::string name,
         const IniSection& section) {
  const IniSection*& slot = index[std::move(name)];
  if (slot == nullptr || slot->line < section.line) slot = &section;
}

const IniSection* look_up(const std::map<std::string, const IniSection*, std::less<>>& index,
                          std::string_view name) {
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

}  // namespace

ChosenProfile choose_profile(const base::Environment& environment, const std::string& explicitly) {
  if (!explicitly.empty()) return {explicitly, true, true};
  // botocore asks for the variables in this order.
  if (auto name = environment.get("AWS_DEFAULT_PROFILE")) return {*std::move(name), true, false};
  if (auto name = environment.get("AWS_PROFILE")) return {*std::move(name), true, false};
  return {"default", false, false};
}

std::pair<const ProfileFile*, const IniValue*> ProfileView::find(std::string_view key) const {
  for (const auto& [file, section] : {credentials_, config_}) {
    if (section == nullptr) continue;
    if (const auto found = section->values.find(key); found != section->values.end())
      return {file, &found->second};
  }
  return {nullptr, nullptr};
}

std::optional<std::string_view> ProfileView::get(std::string_view key) const {
  const IniValue* value = find(key).second;
  if (value == nullptr || value->is_nested()) return std::nullopt;
  return value->text.reveal();
}

std::string ProfileView::get_or(std::string_view key, std::string_view otherwise) const {
  const auto value = get(key);
  return std::string(value && !value->empty() ? *value : otherwise);
}

std::string ProfileView::place(std::string_view key) const {
  const auto [file, value] = find(key);
  if (value != nullptr) return fmt::format("{}:{}", file->path, value->line);
  const auto& [path_of, section] = config_.second != nullptr ? config_ : credentials_;
  return section != nullptr ? fmt::format("{}:{}", path_of->path, section->line) : std::string("(no file)");
}

std::unexpected<base::Error> profile_invalid(const ProfileView& profile, std::string_view key,
                                             std::string_view what, std::string hint) {
  return base::fail(CredentialsErrc::credentials_invalid,
                    fmt::format("{}: profile '{}' {}.", profile.place(key), profile.name(), what),
                    std::move(hint));
}

Profiles::Profiles(std::shared_ptr<const ProfileFile> config, std::shared_ptr<const ProfileFile> credentials)
    : config_(std::move(config)), credentials_(std::move(credentials)) {
  for (const auto& [header, section] : config_->content.sections) {
    if (header == "default") {
      put(config_profiles_, header, section);
    } else if (auto profile = name_after("profile", header)) {
      put(config_profiles_, std::move(*profile), section);
    } else if (auto session = name_after("sso-session", header)) {
      put(sso_sessions_, std::move(*session), section);
    } else if (auto services = name_after("services", header)) {
      put(services_, std::move(*services), section);
    }
  }
}

const IniSection* Profiles::in_config(std::string_view profile) const {
  return look_up(config_profiles_, profile);
}

const IniSection* Profiles::in_credentials(std::string_view profile) const {
  const auto found = credentials_->content.sections.find(profile);
  return found == credentials_->content.sections.end() ? nullptr : &found->second;
}

const IniSection* Profiles::sso_session(std::string_view name) const { return look_up(sso_sessions_, name); }

const IniSection* Profiles::services(std::string_view name) const { return look_up(services_, name); }

ProfileView Profiles::profile(std::string_view name) const {
  return {name, credentials_.get(), in_credentials(name), config_.get(), in_config(name)};
}

std::vector<std::string_view> Profiles::names() const {
  std::vector<std::string_view> all;
  for (const auto& [name, section] : config_profiles_) all.emplace_back(name);
  for (const auto& [name, section] : credentials_->content.sections) all.emplace_back(name);
  return all;
}

std::string missing_profile_hint(const Profiles& profiles, const std::string& name) {
  const ProfileFile& config = profiles.config_file();
  const auto bare = config.content.sections.find(name);
  if (bare != config.content.sections.end()) {
    return fmt::format("{}:{} has [{}]: write [profile {}] there.", config.path, bare->second.line, name,
                       name);
  }
  const auto names = profiles.names();
  const auto near = base::nearest(name, names);
  return near.empty() ? std::string() : fmt::format("Did you mean '{}'?", near);
}

}  // namespace rolegate::aws
