#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credential_providers/ini_file.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// The profile that a chain is about.
struct ChosenProfile {
  std::string name;        ///< "default" when nobody chose one
  bool required = false;   ///< somebody named it: it must exist
  bool overrides = false;  ///< named in the program, not by AWS_PROFILE: environment keys do not count
};

/// `explicitly`, unless empty, else what the variables say.
[[nodiscard]] ChosenProfile choose_profile(const base::Environment& environment,
                                           const std::string& explicitly);

/// One of the two files, as it was when it was read.
struct ProfileFile {
  std::string path;
  IniFile content;      ///< empty when there is no such file
  std::string missing;  ///< why there is nothing: "there is no such file", "Permission denied"; else empty
};

/// One profile as botocore merges it: what the credentials file says goes before what the config file says.
/// Points into the Profiles it came from.
class ProfileView {
 public:
  ProfileView(std::string_view name, const ProfileFile* credentials_file, const IniSection* in_credentials,
              const ProfileFile* config_file, const IniSection* in_config)
      : name_(name), credentials_{credentials_file, in_credentials}, config_{config_file, in_config} {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] bool has(std::string_view key) const { return find(key).second != nullptr; }
  /// The value; nothing when it is not there or has indented values of its own.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key) const;
  /// As `get`, but an empty value counts as none.
  [[nodiscard]] std::string get_or(std::string_view key, std::string_view otherwise) const;
  /// "~/.aws/config:12", for errors about the value.
  [[nodiscard]] std::string place(std::string_view key) const;
  [[nodiscard]] bool exists() const { return credentials_.second != nullptr || config_.second != nullptr; }

 private:
  using Part = std::pair<const ProfileFile*, const IniSection*>;
  [[nodiscard]] std::pair<const ProfileFile*, const IniValue*> find(std::string_view key) const;

  std::string_view name_;
  Part credentials_;
  Part config_;
};

/// credentials_invalid: "~/.aws/config:12: profile 'x' WHAT."
[[nodiscard]] std::unexpected<base::Error> profile_invalid(const ProfileView& profile, std::string_view key,
                                                           std::string_view what, std::string hint = {});

/// Both files together; immutable. `[x]` in the credentials file and `[profile x]` (or `[default]`) in the
/// config file are the profile x; `[sso-session s]` and `[services s]` are what profiles refer to.
class Profiles {
 public:
  Profiles(std::shared_ptr<const ProfileFile> config, std::shared_ptr<const ProfileFile> credentials);

  [[nodiscard]] const ProfileFile& config_file() const { return *config_; }
  [[nodiscard]] const ProfileFile& credentials_file() const { return *credentials_; }
  [[nodiscard]] const IniSection* in_config(std::string_view profile) const;
  [[nodiscard]] const IniSection* in_credentials(std::string_view profile) const;
  [[nodiscard]] const IniSection* sso_session(std::string_view name) const;
  [[nodiscard]] const IniSection* services(std::string_view name) const;
  /// Does not exist (`exists()`) when neither file has it. `name` must live as long as the view.
  [[nodiscard]] ProfileView profile(std::string_view name) const;
  /// All names, for "did you mean".
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  using Index = std::map<std::string, const IniSection*, std::less<>>;
  std::shared_ptr<const ProfileFile> config_;
  std::shared_ptr<const ProfileFile> credentials_;
  Index config_profiles_;
  Index sso_sessions_;
  Index services_;
};

/// Of a profile that does not exist: where its section stands without the word "profile", or the name that is
/// nearest; empty when there is neither.
[[nodiscard]] std::string missing_profile_hint(const Profiles& profiles, const std::string& name);

}  // namespace rolegate::aws
