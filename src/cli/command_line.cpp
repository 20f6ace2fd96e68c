#include "cli/command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/nearest.hpp"
#include "base/printable.hpp"
#include "cli/known_options.hpp"
#include "cli/usage_error.hpp"

namespace rolegate::cli {
namespace {

std::unexpected<base::Error> wrong_usage(std::string message, std::string hint) {
  return base::fail(UsageErrc::wrong_usage, std::move(message), std::move(hint));
}

std::string see_help(std::string_view command) {
  return fmt::format("`rolegate {}{}--help` shows how.", command, command.empty() ? "" : " ");
}

constexpr std::string_view kGoesAfterDashes = "What is meant for the other program goes after `--`.";

/// One of `options`; empty when none is near. Hyphens are no likeness, and short words need more than half of
/// one: --region is no --version.
std::string_view nearest_option(std::string_view typed, std::span<const std::string_view> options) {
  const auto bare = [](std::string_view option) {
    option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
    return option;
  };
  const std::string_view word = bare(typed);
  std::vector<std::string_view> names;
  for (const std::string_view option : options) names.push_back(bare(option));
  const auto found = std::ranges::find(names, base::nearest(word, names));
  if (found == names.end()) return {};
  if (!found->starts_with(word) && 3 * base::edit_distance(word, *found) > word.size()) return {};
  return options[static_cast<std::size_t>(found - names.begin())];
}

/// The grammar, as CLI11 knows it, with the places its values go to. Positionals and options that are missing
/// or too many are judged afterwards, in our own words, so nothing is required here and extras are allowed.
class Grammar {
 public:
  Grammar() {
    // No more than one subcommand: a database may be called "test" or "config".
    app_.set_help_flag();
    app_.allow_extras();
    app_.require_subcommand(0, 1);
    app_.add_flag("-h,--help", help_);
    app_.add_flag("--version", version_);
    app_.add_flag("-v,--verbose", options_.verbosity);
    app_.add_option("--config", options_.config_file);
    app_.add_option("--profile", options_.profile);
    app_.add_option("--timeout", timeout_);

    command("token", {.json = true}, [this] { return TokenArguments{words_[0], json_}; });
    CLI::App* query = command("query", {.words = {"database", "SQL"}, .json = true}, [this] {
      return QueryArguments{words_[0], words_[1],
                            json_  ? RowFormat::json
                            : csv_ ? RowFormat::csv
                                   : RowFormat::automatic};
    });
    query->add_flag("--csv", csv_);
    command("test", {.json = true}, [this] { return TestArguments{words_[0], json_}; });
    command("exec", {.tail = Tail::required}, [this] { return ExecArguments{words_[0], tail_}; });
    command("connect", {.tail = Tail::allowed}, [this] { return ConnectArguments{words_[0], tail_}; });
    CLI::App* policy = command("policy", {}, [this] {
      policy_.database = words_[0];
      return policy_;
    });
    policy->add_option("--format", policy_.format);
    policy->add_option("--caller", policy_.options.caller_arn);
    policy->add_option("--account", policy_.options.account);
    policy->add_option("--resource-id", policy_.options.resource_id);
    command("serve", {.words = {}, .further_words = true}, [this] { return ServeArguments{words_}; });
    CLI::App* passwd = command("passwd", {.words = {"user name"}, .json = true},
                               [this] { return PasswdArguments{words_[0], mysql_native_, json_}; });
    passwd->add_flag("--mysql-native", mysql_native_);
    group("config");
    command("config check", {.words = {}, .json = true}, [this] { return ConfigCheckArguments{json_}; });
    command("config list", {.words = {}, .json = true}, [this] { return ConfigListArguments{json_}; });
    group("ca");
    CLI::App* ca_list = command("ca list", {.words = {}, .json = true},
                                [this] { return CaListArguments{partition_, json_}; });
    command("ca check", {.words = {}, .further_words = true}, [this] { return CaCheckArguments{words_}; });
    CLI::App* ca_update =
        command("ca update", {.words = {}}, [this] { return CaUpdateArguments{partition_, from_}; });
    for (CLI::App* app : {ca_list, ca_update}) app->add_option("--partition", partition_);
    ca_update->add_option("--from", from_);
    command("completion", {.words = {"shell"}}, [this] { return CompletionArguments{words_[0]}; });
    command("help", {.words = {}, .further_words = true},
            [this] { return HelpArguments{fmt::format("{}", fmt::join(words_, " "))}; });
  }

  base::Result<Invocation> parse(std::span<const std::string> arguments) {
    if (auto error = read(arguments); !error.empty()) return wrong_usage(error, see_help(chosen_name()));
    if (auto done = read_timeout(); !done) return std::unexpected(std::move(done.error()));
    if (version_) return Invocation{options_, VersionArguments{}};
    const Entry* entry = chosen();
    if (help_) return Invocation{options_, HelpArguments{chosen_name()}};
    if (entry == nullptr) return no_command();
    if (auto judged = judge(*entry); !judged) return std::unexpected(std::move(judged.error()));
    return Invocation{options_, entry->make()};
  }

  [[nodiscard]] std::vector<CommandOptions> known() {
    std::vector<CommandOptions> all{{"", option_names(app_)}};
    for (const auto& entry : entries_) all.push_back({entry.name, option_names(*entry.app)});
    return all;
  }

 private:
  /// What may follow "--".
  enum class Tail { none, allowed, required };
  struct Shape {
    std::vector<std::string> words = {"database"};
    bool json = false;
    Tail tail = Tail::none;
    bool further_words = false;
  };
  struct Entry {
    std::string name;
    Shape shape;
    CLI::App* app;
    std::function<Command()> make;
  };

  CLI::App* group(const std::string& name) {
    CLI::App* app = app_.add_subcommand(name);
    app->fallthrough()->allow_extras()->require_subcommand(0, 1);
    return app;
  }

  CLI::App* command(const std::string& name, Shape shape, std::function<Command()> make) {
    const auto space = name.find(' ');
    CLI::App* parent = space == std::string::npos ? &app_ : app_.get_subcommand(name.substr(0, space));
    CLI::App* app = parent->add_subcommand(space == std::string::npos ? name : name.substr(space + 1));
    app->fallthrough()->allow_extras();
    if (shape.json) app->add_flag("--json", json_);
    entries_.push_back({name, std::move(shape), app, std::move(make)});
    return app;
  }

  static std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) names.push_back("--" + option->get_lnames().front());
    return names;
  }

  [[nodiscard]] const Entry* chosen() const {
    const auto found = std::ranges::find_if(entries_, [](const Entry& entry) { return entry.app->parsed(); });
    return found == entries_.end() ? nullptr : &*found;
  }

  /// "token", "config check", "config"; empty when there is none.
  [[nodiscard]] std::string chosen_name() const {
    if (const Entry* entry = chosen(); entry != nullptr && entry->name != "help") return entry->name;
    const auto groups = app_.get_subcommands();
    return groups.empty() || groups.front()->get_name() == "help" ? "" : groups.front()->get_name();
  }

  /// Gives CLI11's complaint, if it has one.
  std::string read(std::span<const std::string> arguments) {
    // What follows the first "--" belongs to another program, or is words whatever it looks like.
    const auto dashes = std::ranges::find(arguments, "--");
    tail_.assign(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
    has_tail_ = dashes != arguments.end();
    std::vector<std::string> reversed(arguments.begin(), dashes);
    std::ranges::reverse(reversed);
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      return base::printable(error.what()) + ".";
    }
    words_ = app_.remaining(true);
    return {};
  }

  base::Result<void> read_timeout() {
    if (timeout_.empty()) return {};
    double seconds = 0;
    const auto [end, error] = std::from_chars(timeout_.data(), timeout_.data() + timeout_.size(), seconds);
    constexpr double kLongest = 3600;
    if (error != std::errc() || end != timeout_.data() + timeout_.size() || !(seconds > 0) ||
        seconds > kLongest) {
      return wrong_usage(
          fmt::format("--timeout takes a number of seconds up to 3600, not '{}'.", base::printable(timeout_)),
          "For example --timeout 10.");
    }
    options_.timeout = std::chrono::milliseconds(std::llround(std::ceil(seconds * 1000)));
    return {};
  }

  base::Result<Invocation> no_command() {
    const std::string group = chosen_name();
    const std::string prefix = group.empty() ? "" : group + " ";
    if (auto unknown = unknown_option(group); !unknown) return std::unexpected(std::move(unknown.error()));
    if (words_.empty()) {
      return wrong_usage(fmt::format("`rolegate{}{}` needs a command.", group.empty() ? "" : " ", group),
                         see_help(group));
    }
    return unknown_command(prefix, words_[0]);
  }

  [[nodiscard]] std::unexpected<base::Error> unknown_command(const std::string& prefix,
                                                             const std::string& word) const {
    const std::string nearest = nearest_command(prefix, word);
    return wrong_usage(fmt::format("There is no command `rolegate {}{}`.", prefix, base::printable(word)),
                       nearest.empty() ? fmt::format("`rolegate {}--help` lists all commands.", prefix)
                                       : fmt::format("Did you mean `rolegate {}`?", nearest));
  }

  /// The words of `rolegate help`: a command, or a group of them.
  base::Result<void> judge_help() const {
    std::string prefix;
    for (const std::string& word : words_) {
      const std::string name = prefix + word;
      const bool known = std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.name == name || entry.name.starts_with(name + " ");
      });
      if (!known) return unknown_command(prefix, word);
      prefix = name + " ";
    }
    return {};
  }

  /// Of the commands below `prefix`, or with a word of their own like it further down ("list" for
  /// "config list").
  std::string nearest_command(const std::string& prefix, const std::string& word) const {
    std::vector<std::string_view> words;
    std::vector<std::string_view> commands;
    for (const auto& entry : entries_) {
      const std::string_view name = entry.name;
      if (!name.starts_with(prefix)) continue;
      for (std::size_t begin = prefix.size(); begin < name.size();) {
        const std::size_t end = std::min(name.find(' ', begin), name.size());
        words.push_back(name.substr(begin, end - begin));
        commands.push_back(name.substr(0, end));
        begin = end + 1;
      }
    }
    const std::string_view nearest = base::nearest(word, words);
    const auto found = std::ranges::find(words, nearest);
    return nearest.empty() ? "" : std::string(commands[static_cast<std::size_t>(found - words.begin())]);
  }

  /// An option among the words is one that nobody knows.
  base::Result<void> unknown_option(const std::string& command) {
    const auto found = std::ranges::find_if(words_, [](const auto& word) {
      // SQL may begin with a comment; no option has a blank or a line break in its name.
      return word.size() > 1 && word[0] == '-' && word.find_first_of(" \t\r\n") == std::string::npos;
    });
    if (found == words_.end()) return {};
    const std::string name = found->substr(0, found->find('='));
    const auto all = known();
    std::vector<std::string_view> names;
    for (const auto& known : all) {
      if (known.command.empty() || known.command == command)
        names.insert(names.end(), known.options.begin(), known.options.end());
    }
    const std::string_view nearest = nearest_option(name, names);
    const Entry* entry = chosen();
    const bool dashes_missing = entry != nullptr && entry->shape.tail != Tail::none && !has_tail_;
    return wrong_usage(fmt::format("There is no option {}{}{}.", base::printable(name),
                                   command.empty() ? "" : " of rolegate ", command),
                       !nearest.empty() ? fmt::format("Did you mean {}?", nearest)
                       : dashes_missing ? std::string(kGoesAfterDashes)
                                        : see_help(command));
  }

  base::Result<void> judge(const Entry& entry) {
    if (auto unknown = unknown_option(entry.name); !unknown) return unknown;
    if (entry.shape.tail == Tail::none) {
      words_.insert(words_.end(), tail_.begin(), tail_.end());
    }
    const auto& wanted = entry.shape.words;
    if (words_.size() < wanted.size()) {
      return wrong_usage(fmt::format("`rolegate {}` needs {} {}.", entry.name,
                                     wanted[words_.size()] == "SQL" ? "the" : "a", wanted[words_.size()]),
                         see_help(entry.name));
    }
    if (words_.size() > wanted.size() && !entry.shape.further_words) {
      const bool dashes_missing = entry.shape.tail != Tail::none && !has_tail_;
      return wrong_usage(fmt::format("`rolegate {}` does not know what to do with '{}'.", entry.name,
                                     base::printable(words_[wanted.size()])),
                         dashes_missing          ? std::string(kGoesAfterDashes)
                         : entry.name == "query" ? "SQL is one argument: put it in quotes."
                                                 : see_help(entry.name));
    }
    if (entry.shape.tail == Tail::required && tail_.empty()) {
      return wrong_usage(fmt::format("`rolegate {}` needs a command to run.", entry.name),
                         fmt::format("It goes after `--`: `rolegate {} {} -- COMMAND`.", entry.name,
                                     base::printable(words_[0])));
    }
    if (entry.name == "help") return judge_help();
    if (json_ && csv_) return wrong_usage("--csv and --json exclude each other.", see_help(entry.name));
    return {};
  }

  CLI::App app_;
  std::vector<Entry> entries_;
  GlobalOptions options_;
  std::string timeout_;
  bool help_ = false;
  bool version_ = false;
  bool json_ = false;
  bool csv_ = false;
  bool mysql_native_ = false;
  bool has_tail_ = false;
  std::string partition_ = "aws";
  std::string from_;
  PolicyArguments policy_;
  std::vector<std::string> words_;  ///< positionals
  std::vector<std::string> tail_;   ///< what follows "--"
};

}  // namespace

base::Result<Invocation> parse_command_line(std::span<const std::string> arguments) {
  if (!arguments.empty() && arguments.front() == "__complete") {
    return Invocation{{}, CompleteArguments{{arguments.begin() + 1, arguments.end()}}};
  }
  return Grammar().parse(arguments);
}

std::vector<CommandOptions> known_options() { return Grammar().known(); }

}  // namespace rolegate::cli
