#include "cli/passwd_command.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/scram.hpp"
#include "base/utf8.hpp"
#include "cli/error_report.hpp"
#include "cli/json_text.hpp"
#include "cli/new_password.hpp"
#include "cli/style.hpp"
#include "cli/usage_error.hpp"
#include "cli/wrap.hpp"
#include "config/read/load.hpp"
#include "config/text/fields.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

/// A YAML scalar that reads as this string: plain where that is sure, else in quotes (what JSON writes, YAML
/// reads: https://yaml.org/spec/1.2.2/#102-json-schema).
std::string yaml_string(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto plain = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  constexpr std::array<std::string_view, 12> kWords{"null",  "Null",  "NULL",  "true", "True", "TRUE",
                                                    "false", "False", "FALSE", "yes",  "no",   "on"};
  const bool sure = !text.empty() && letter(text.front()) && std::ranges::all_of(text, plain) &&
                    std::ranges::find(kWords, text) == kWords.end();
  return sure ? std::string(text) : json_string(text);
}

base::Result<void> check_name(std::string_view name) {
  const bool valid = !name.empty() && base::is_utf8(name) && !base::has_control_characters(name) &&
                     config::characters(name) <= config::kMaxUserName;
  if (valid) return {};
  return base::fail(UsageErrc::wrong_usage,
                    fmt::format("A user's name has 1 to {} characters, none of them a control character.",
                                config::kMaxUserName),
                    "`rolegate passwd --help` shows how.");
}

/// The databases the entry lists, for its owner to take some out: all that are configured, or "*" where there
/// is no configuration yet.
base::Result<std::vector<std::string>> databases_to_list(const Context& context) {
  const auto loaded = config::load(context.options.config_file, context.environment);
  std::vector<std::string> names;
  if (loaded) {
    for (const auto& database : loaded->config.databases) names.push_back(database.name);
  } else if (!context.options.config_file.empty()) {
    return std::unexpected(loaded.error());
  }
  if (names.empty()) names.emplace_back("*");
  return names;
}

void write_doubts(Output& err, std::string_view password) {
  const Paint paint(err.style());
  for (const auto& doubt : doubts_about(password)) {
    err.write(fmt::format("rolegate: {}warning:{} {}\n", paint.yellow(), paint.off(),
                          wrapped(doubt, 2, err.style())));
  }
}

}  // namespace

std::string verifiers(const base::Secret& password, base::Random& random, bool mysql_native) {
  std::string text = base::ScramVerifier::of(password, random).text();
  if (mysql_native) {
    text += " *";
    for (const unsigned char byte : wire::mysql::native_hash(password.reveal())) {
      text += fmt::format("{:02X}", byte);
    }
  }
  return text;
}

std::string user_entry(std::string_view name, std::string_view verifiers,
                       std::span<const std::string> databases) {
  std::string list;
  for (const auto& database : databases) {
    if (!list.empty()) list += ", ";
    list += yaml_string(database);
  }
  return fmt::format("- {{name: {}, password: {}, databases: [{}]}}\n", yaml_string(name),
                     json_string(verifiers), list);
}

ExitStatus run(Context& context, const PasswdArguments& arguments) {
  if (const auto valid = check_name(arguments.name); !valid) {
    return report(context.err, valid.error(), arguments.json);
  }
  const auto databases = databases_to_list(context);
  if (!databases) return report(context.err, databases.error(), arguments.json);
  const auto password = read_new_password(STDIN_FILENO, context.err, arguments.name);
  if (!password) return report(context.err, password.error(), arguments.json);
  write_doubts(context.err, password->reveal());

  base::SystemRandom random;
  const std::string made = verifiers(*password, random, arguments.mysql_native);
  if (arguments.json) {
    const json::object entry{{"name", arguments.name},
                             {"password", made},
                             {"databases", json::array(databases->begin(), databases->end())}};
    context.out.write(json_text(entry) + "\n");
    return ExitStatus::done;
  }
  if (context.err.style().terminal) {
    context.err.write("Add this to gateway.users, with the databases the user may have:\n");
    context.err.flush();
  }
  context.out.write(user_entry(arguments.name, made, *databases));
  return ExitStatus::done;
}

}  // namespace rolegate::cli
