#include "cli/command_line.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "base/file.hpp"
#include "cli/known_options.hpp"
#include "cli/version.hpp"

namespace rolegate::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

base::Result<Invocation> parse(const std::vector<std::string>& arguments) {
  return parse_command_line(arguments);
}

template <typename Arguments>
Arguments parsed(const std::vector<std::string>& arguments) {
  const auto invocation = parse(arguments);
  if (!invocation) {
    ADD_FAILURE() << invocation.error().text();
    return {};
  }
  const auto* command = std::get_if<Arguments>(&invocation->command);
  if (command == nullptr) {
    ADD_FAILURE() << "another command: " << invocation->command.index();
    return {};
  }
  return *command;
}

std::string refusal(const std::vector<std::string>& arguments) {
  const auto invocation = parse(arguments);
  if (invocation) {
    ADD_FAILURE() << "taken";
    return {};
  }
  EXPECT_EQ(invocation.error().code, "wrong_usage");
  return invocation.error().text();
}

TEST(CommandLine, ReadsTheCommands) {
  EXPECT_EQ(parsed<TokenArguments>({"token", "orders"}).database, "orders");
  EXPECT_TRUE(parsed<TokenArguments>({"token", "orders", "--json"}).json);
  EXPECT_TRUE(parsed<TestArguments>({"test", "--json", "orders"}).json);
  EXPECT_TRUE(parsed<ConfigCheckArguments>({"config", "check", "--json"}).json);
  EXPECT_FALSE(parsed<ConfigListArguments>({"config", "list"}).json);
  EXPECT_EQ(parsed<PasswdArguments>({"passwd", "alice"}).name, "alice");
  EXPECT_FALSE(parsed<PasswdArguments>({"passwd", "alice", "--json"}).mysql_native);
  EXPECT_TRUE(parsed<PasswdArguments>({"passwd", "--mysql-native", "alice"}).mysql_native);
  EXPECT_TRUE(parsed<PasswdArguments>({"passwd", "alice", "--json"}).json);
  EXPECT_EQ(parsed<CompletionArguments>({"completion", "bash"}).shell, "bash");
  EXPECT_THAT(parsed<CompleteArguments>({"__complete", "token", "--"}).words, ElementsAre("token", "--"));
}

TEST(CommandLine, ReadsQueries) {
  const auto query = parsed<QueryArguments>({"query", "orders", "SELECT 1"});
  EXPECT_EQ(query.sql, "SELECT 1");
  EXPECT_EQ(query.format, RowFormat::automatic);
  EXPECT_EQ(parsed<QueryArguments>({"query", "orders", "-"}).sql, "-");
  EXPECT_EQ(parsed<QueryArguments>({"query", "orders", ""}).sql, "");
  EXPECT_EQ(parsed<QueryArguments>({"query", "orders", "[1,2]"}).sql, "[1,2]");
  EXPECT_EQ(parsed<QueryArguments>({"query", "--csv", "orders", "x"}).format, RowFormat::csv);
  EXPECT_EQ(parsed<QueryArguments>({"query", "orders", "x", "--json"}).format, RowFormat::json);
  EXPECT_EQ(parsed<QueryArguments>({"query", "orders", "--", "--json"}).sql, "--json");
}

TEST(CommandLine, GivesExecAndConnectWhatFollowsTheDashes) {
  const auto exec = parsed<ExecArguments>({"exec", "orders", "--", "psql", "-c", "--", "--json", "-v"});
  EXPECT_EQ(exec.database, "orders");
  EXPECT_THAT(exec.command, ElementsAre("psql", "-c", "--", "--json", "-v"));
  EXPECT_THAT(parsed<ConnectArguments>({"connect", "orders", "--", "-x"}).client_arguments,
              ElementsAre("-x"));
  EXPECT_THAT(parsed<ConnectArguments>({"connect", "orders"}).client_arguments, ElementsAre());
}

TEST(CommandLine, TakesGlobalOptionsBeforeAndAfterTheCommand) {
  for (const auto& arguments :
       {std::vector<std::string>{"--config", "f", "--profile=p", "--timeout", "2.5", "-vv", "token", "db"},
        std::vector<std::string>{"token", "--config=f", "db", "-v", "--profile", "p", "-v",
                                 "--timeout=2.5"}}) {
    const auto invocation = parse(arguments);
    ASSERT_TRUE(invocation) << invocation.error().text();
    EXPECT_EQ(invocation->options.config_file, "f");
    EXPECT_EQ(invocation->options.profile, "p");
    EXPECT_EQ(invocation->options.timeout, 2500ms);
    EXPECT_EQ(invocation->options.verbosity, 2);
  }
}

TEST(CommandLine, TakesADatabaseThatIsCalledLikeACommand) {
  for (const char* name : {"test", "config", "query", "check", "help", "exec"}) {
    EXPECT_EQ(parsed<TokenArguments>({"token", name}).database, name);
    EXPECT_EQ(parsed<QueryArguments>({"query", name, "config"}).database, name);
    EXPECT_EQ(parsed<ExecArguments>({"exec", name, "--", "x"}).database, name);
  }
}

TEST(CommandLine, TakesSqlThatBeginsWithAComment) {
  for (const char* sql : {"-- comment\nselect 1", "--comment\nselect 1", "--\nselect 1", "- 1 select"}) {
    EXPECT_EQ(parsed<QueryArguments>({"query", "orders", sql}).sql, sql);
    EXPECT_EQ(parsed<QueryArguments>({"query", "--json", "orders", sql}).sql, sql);
  }
  EXPECT_EQ(parsed<QueryArguments>({"query", "orders", "--", "--x"}).sql, "--x");
}

TEST(CommandLine, TakesAHyphenForStandardInput) {
  const auto invocation = parse({"--config", "-", "token", "orders"});
  ASSERT_TRUE(invocation);
  EXPECT_EQ(invocation->options.config_file, "-");
  EXPECT_EQ(parse({"token", "orders", "--config=-"})->options.config_file, "-");
}

TEST(CommandLine, NamesTheNearestCommand) {
  EXPECT_EQ(refusal({"tokn", "orders"}),
            "There is no command `rolegate tokn`. Did you mean `rolegate token`?");
  EXPECT_EQ(refusal({"config", "chek"}),
            "There is no command `rolegate config chek`. Did you mean `rolegate config check`?");
  EXPECT_EQ(refusal({"list"}), "There is no command `rolegate list`. Did you mean `rolegate config list`?");
  EXPECT_EQ(refusal({"comp"}), "There is no command `rolegate comp`. Did you mean `rolegate completion`?");
  EXPECT_EQ(refusal({"zzzzzzzzz"}),
            "There is no command `rolegate zzzzzzzzz`. `rolegate --help` lists all commands.");
}

TEST(CommandLine, NamesTheNearestOption) {
  EXPECT_EQ(refusal({"token", "db", "--jsn"}),
            "There is no option --jsn of rolegate token. Did you mean --json?");
  EXPECT_EQ(refusal({"--confg", "f", "token", "db"}),
            "There is no option --confg of rolegate token. Did you mean --config?");
  EXPECT_EQ(refusal({"exec", "db", "--json", "--", "x"}),
            "There is no option --json of rolegate exec. `rolegate exec --help` shows how.");
}

TEST(CommandLine, SaysWhatIsMissingOrTooMuch) {
  EXPECT_EQ(refusal({}), "`rolegate` needs a command. `rolegate --help` shows how.");
  EXPECT_EQ(refusal({"config"}), "`rolegate config` needs a command. `rolegate config --help` shows how.");
  EXPECT_EQ(refusal({"token"}), "`rolegate token` needs a database. `rolegate token --help` shows how.");
  EXPECT_EQ(refusal({"passwd"}), "`rolegate passwd` needs a user name. `rolegate passwd --help` shows how.");
  EXPECT_EQ(refusal({"query", "db"}), "`rolegate query` needs the SQL. `rolegate query --help` shows how.");
  EXPECT_EQ(refusal({"query", "db", "SELECT", "1"}),
            "`rolegate query` does not know what to do with '1'. SQL is one argument: put it in quotes.");
  EXPECT_EQ(refusal({"exec", "db", "psql"}),
            "`rolegate exec` does not know what to do with 'psql'. What is meant for the other program goes "
            "after `--`.");
  EXPECT_EQ(refusal({"exec", "db"}),
            "`rolegate exec` needs a command to run. It goes after `--`: `rolegate exec db -- COMMAND`.");
  EXPECT_EQ(refusal({"exec", "--", "psql"}),
            "`rolegate exec` needs a database. `rolegate exec --help` shows how.");
  EXPECT_THAT(refusal({"query", "db", "x", "--csv", "--json"}), HasSubstr("exclude each other"));
  EXPECT_THAT(refusal({"token", "db", "--config"}), HasSubstr("--config"));
}

TEST(CommandLine, WantsASensibleTimeout) {
  for (const char* bad : {"0", "-1", "abc", "10s", "nan", "inf", "1e99", "3601"}) {
    EXPECT_THAT(refusal({"token", "db", std::string("--timeout=") + bad}),
                HasSubstr("--timeout takes a number of seconds"))
        << bad;
  }
  EXPECT_EQ(parse({"token", "db", "--timeout", "0.0001"})->options.timeout, 1ms);
}

TEST(CommandLine, EscapesWhatItRepeats) { EXPECT_THAT(refusal({"\x1b[2J"}), HasSubstr("\\x1b[2J")); }

TEST(CommandLine, HelpsWhereverItIsAsked) {
  EXPECT_EQ(parsed<HelpArguments>({"--help"}).command, "");
  EXPECT_EQ(parsed<HelpArguments>({"help"}).command, "");
  EXPECT_EQ(parsed<HelpArguments>({"help", "config", "check"}).command, "config check");
  EXPECT_EQ(parsed<HelpArguments>({"token", "-h"}).command, "token");
  EXPECT_EQ(parsed<HelpArguments>({"config", "--help"}).command, "config");
  EXPECT_EQ(parsed<HelpArguments>({"config", "check", "--help"}).command, "config check");
  (void)parsed<VersionArguments>({"--version"});
}

TEST(Help, NamesEveryOptionAndGivesAnExample) {
  for (const auto& known : known_options()) {
    if (known.command == "help") continue;
    const std::string text = help_text(known.command);
    EXPECT_THAT(text, HasSubstr("\nExample:\n  $ ")) << known.command;
    for (const auto& option : known.options) EXPECT_THAT(text, HasSubstr(option)) << known.command;
  }
}

TEST(Help, HasNoPageOfACommandThatIsNone) {
  EXPECT_EQ(refusal({"help", "foo"}),
            "There is no command `rolegate foo`. `rolegate --help` lists all commands.");
  EXPECT_EQ(refusal({"help", "tokn"}), "There is no command `rolegate tokn`. Did you mean `rolegate token`?");
  EXPECT_EQ(refusal({"help", "config", "chek"}),
            "There is no command `rolegate config chek`. Did you mean `rolegate config check`?");
  EXPECT_EQ(refusal({"help", "token", "orders"}).substr(0, 44),
            "There is no command `rolegate token orders`.");
  EXPECT_EQ(parsed<HelpArguments>({"help"}).command, "");
  EXPECT_EQ(parsed<HelpArguments>({"help", "config"}).command, "config");
  EXPECT_EQ(parsed<HelpArguments>({"help", "config", "check"}).command, "config check");
}

TEST(Help, NamesTheCasWhereItAsksForThemToBeVerified) {
  const auto readme = base::read_file(ROLEGATE_SOURCE_DIR "/README.md");
  ASSERT_TRUE(readme);
  std::vector<std::string> texts{*readme};
  for (const auto& help : all_help()) texts.emplace_back(help.text);
  for (const std::string& text : texts) {
    for (auto at = text.find("sslmode=verify-full"); at != std::string::npos;
         at = text.find("sslmode=verify-full", at + 1))
      EXPECT_THAT(text.substr(at, 40), HasSubstr("sslrootcert=")) << text;
  }
}

TEST(CommandLine, LikensOptionsByTheirNamesAndNotTheirHyphens) {
  EXPECT_EQ(refusal({"ca", "check", "--region", "eu-west-1"}),
            "There is no option --region of rolegate ca check. `rolegate ca check --help` shows how.");
  EXPECT_EQ(refusal({"token", "orders", "--jsn"}),
            "There is no option --jsn of rolegate token. Did you mean --json?");
}

TEST(CommandLine, NamesTheDashesThatTheOtherProgramsOptionsNeed) {
  for (const char* command : {"exec", "connect"}) {
    EXPECT_THAT(refusal({command, "orders", "psql", "-Atc", "SELECT 1"}),
                HasSubstr("What is meant for the other program goes after `--`."));
  }
}

TEST(Help, KnowsEveryCommand) {
  const std::string overview = help_text("");
  for (const auto& known : known_options()) {
    if (known.command != "help") EXPECT_THAT(overview, HasSubstr("  " + known.command)) << known.command;
  }
  EXPECT_THAT(help_text("config"), HasSubstr("config list"));
}

TEST(Help, FitsATerminalOf80Columns) {
  for (const auto& known : known_options()) {
    std::istringstream lines(help_text(known.command));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 92u) << line;
  }
}

TEST(Version, IsTheProjects) {
  const auto text = base::read_file(ROLEGATE_SOURCE_DIR "/CMakeLists.txt");
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr(std::string("project(rolegate VERSION ") + kVersion + " "));
}

TEST(Completion, OffersCommandsOptionsAndDatabases) {
  const std::vector<std::string> databases{"orders", "other", "people"};
  const auto offered = [&](const std::vector<std::string>& words) { return complete(words, databases); };
  EXPECT_THAT(offered({"to"}), ElementsAre("token"));
  EXPECT_THAT(offered({""}), Contains("config"));
  EXPECT_THAT(offered({"config", ""}), ElementsAre("check", "list"));
  EXPECT_THAT(offered({"token", "o"}), ElementsAre("orders", "other"));
  EXPECT_THAT(offered({"token", "--config", "f", "--json", "p"}), ElementsAre("people"));
  EXPECT_THAT(offered({"query", "orders", "SEL"}), ElementsAre());
  EXPECT_THAT(offered({"query", "--c"}), ElementsAre("--config", "--csv"));
  EXPECT_THAT(offered({"config", "check", "--j"}), ElementsAre("--json"));
  EXPECT_THAT(offered({"completion", ""}), ElementsAre("bash"));
  EXPECT_THAT(offered({"passwd", "o"}), ElementsAre());
  EXPECT_THAT(offered({"passwd", "--m"}), ElementsAre("--mysql-native"));
  EXPECT_THAT(offered({"--config", ""}), ElementsAre(kCompleteFiles));
  EXPECT_THAT(offered({"--profile", ""}), ElementsAre());
  EXPECT_THAT(offered({"exec", "orders", "--", "ps"}), ElementsAre(kCompleteCommand));
  EXPECT_THAT(offered({"exec", "orders", "--", "psql", "f"}), ElementsAre(kCompleteFiles));
  EXPECT_THAT(offered({"--", ""}), ElementsAre(kCompleteFiles));
  EXPECT_THAT(offered({}), ElementsAre());
}

TEST(Completion, PrintsTheScriptThatIsInstalled) {
  const auto text = base::read_file(ROLEGATE_SOURCE_DIR "/packaging/completion/rolegate.bash");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, bash_completion_script());
}

}  // namespace
}  // namespace rolegate::cli
