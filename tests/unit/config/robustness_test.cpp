#include <gmock/gmock.h>

#include "config/text/json.hpp"
#include "config/text/yaml.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kValid =
    "feature_flags:\n"
    "  AWS_DATABASE_IAM_AUTH: true  # on\n"
    "databases:\n"
    "  - database_name: \"orders \\u00e4\"\n"
    "    sqlalchemy_uri: "
    "'postgresql+psycopg2://u:hunter2%40@w.global-c1.global.rds.amazonaws.com:5432/"
    "app?sslmode=require&connect_to=[::1]:1'\n"
    "    encrypted_extra: &extra\n"
    "      aws_iam: {enabled: true, region: eu-west-1, db_username: app_rw, session_duration: 3600}\n"
    "  - database_name: >-\n"
    "      folded\n"
    "      name\n"
    "    sqlalchemy_uri: mysql://w.global-c1.global.rds.amazonaws.com\n"
    "    encrypted_extra: *extra\n"
    "  - database_name: sales\n"
    "    sqlalchemy_uri: redshift://h/dev\n"
    "    encrypted_extra: |\n"
    "      {\"aws_iam\": {\"enabled\": true, \"role_arn\": \"arn:aws:iam::222222222222:role\\/x\",\n"
    "        \"region\": \"eu-west-1\", \"cluster_identifier\": \"c\", \"db_username\": \"\\u00e4\",\n"
    "        \"db_groups\": [\"a\", \"b\"], \"duration_seconds\": 900}}\n";

TEST(Robustness, TheSampleIsValid) {
  const Loaded loaded = load_yaml(kValid);
  EXPECT_FALSE(loaded.has_errors());
  EXPECT_EQ(loaded.config.databases.size(), 3u);
}

TEST(Robustness, EveryTruncationIsReadOrRefused) {
  for (std::size_t size = 0; size <= kValid.size(); ++size) {
    const Loaded loaded = load_yaml(kValid.substr(0, size));
    EXPECT_LE(loaded.config.databases.size(), 3u);
    for (const Problem& problem : loaded.problems)
      EXPECT_THAT(problem.text(), Not(HasSubstr("hunter2"))) << size;
  }
}

TEST(Robustness, EveryByteMayBeAnyOther) {
  const std::string_view kBytes("\0\n\" :[{\xC3", 8);
  for (std::size_t at = 0; at < kValid.size(); ++at) {
    for (const char byte : kBytes) {
      std::string text = kValid;
      text[at] = byte;
      const Loaded loaded = load_yaml(text);
      EXPECT_LE(loaded.config.databases.size(), 3u);
    }
  }
}

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Robustness, RefusesDeepNesting) {
  const std::string brackets = "rolegate.yaml: the file is refused. It holds more than 50000 brackets.";
  const std::string depth = "the file is refused. It nests deeper than 32 levels.";
  EXPECT_THAT(texts(load_yaml(std::string(100'000, '[')).problems), ElementsAre(brackets));
  EXPECT_THAT(texts(load_yaml(std::string(100'000, '{')).problems), ElementsAre(brackets));
  EXPECT_THAT(texts(load_yaml(times(100'000, "[\n")).problems), ElementsAre(brackets));
  EXPECT_TRUE(load_yaml(std::string(50'000, '[')).has_errors());
  EXPECT_TRUE(load_yaml(times(50'000, "{a: ")).has_errors());
  EXPECT_THAT(texts(load_yaml(times(100'000, "- ")).problems), ElementsAre("rolegate.yaml:1: " + depth));
  EXPECT_THAT(texts(load_yaml("a: " + times(33, "[") + times(33, "]")).problems),
              ElementsAre("rolegate.yaml:1: " + depth));
  std::string staircase;
  for (std::size_t i = 0; i < 1000; ++i) staircase += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(texts(load_yaml(staircase).problems), ElementsAre("rolegate.yaml:33: " + depth));
}

TEST(Robustness, ReadsJsonInBounds) {
  EXPECT_TRUE(read_json(std::string(100'000, '['), 1).fault);
  EXPECT_TRUE(read_json(times(100'000, "{\"a\":"), 1).fault);
  EXPECT_TRUE(read_json("[" + times(1'000'000, "1,") + "1]", 1).fault);
  EXPECT_FALSE(read_json(times(32, "[") + times(32, "]"), 1).fault);
}

TEST(Robustness, RefusesAliasesOfAliases) {
  std::string text = "l0: &l0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 30; ++i) {
    text +=
        fmt::format("l{0}: &l{0} [{1}]\n", i, fmt::join(std::vector(10, fmt::format("*l{}", i - 1)), ", "));
  }
  EXPECT_THAT(texts(load_yaml(text).problems),
              ElementsAre("rolegate.yaml:6: the file is refused. It holds too many values."));
}

TEST(Robustness, RefusesTooManyValues) {
  EXPECT_THAT(texts(load_yaml("a: [" + times(300'000, "x,") + "]").problems),
              ElementsAre("rolegate.yaml:1: the file is refused. It holds too many values."));
  EXPECT_THAT(texts(load_yaml(times(300'000, "-\n")).problems),
              ElementsAre("rolegate.yaml:262145: the file is refused. It holds too many values."));
}

TEST(Robustness, StopsAtAThousandProblems) {
  std::string text = "databases:\n";
  for (int i = 0; i < 3000; ++i) text += "  - x: y\n";
  const Loaded loaded = load_yaml(text);
  ASSERT_EQ(loaded.problems.size(), 1001u);
  EXPECT_EQ(loaded.problems.front().text(),
            "rolegate.yaml: there are more than 1000 problems. Solve these first.");
}

TEST(Robustness, ReadsThousandsOfDatabases) {
  std::string text = "databases:\n";
  for (int i = 0; i < 5000; ++i)
    text += fmt::format("  - {{database_name: d{}, sqlalchemy_uri: 'mysql://u:p@h/{}'}}\n", i, i);
  const Loaded loaded = load_yaml(text);
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.databases.size(), 5000u);
}

/// The password is in no problem, whatever else is wrong with its database.
TEST(Robustness, NoProblemHoldsThePassword) {
  const std::string uri = "postgresql://u:hunter2@h:x/db?foo=1&sslmode=hunter";
  const std::string text =
      "databases:\n  - database_name: orders\n    sqlalchemy_uri: " + uri + "\n    sqlalchemy_uri: " + uri +
      "\n    encrypted_extra: '{\"aws_iam\": {\"enabled\": 1}}'\n    y: " + uri + "\n  - " + uri + "\n";
  const Loaded loaded = load_yaml(text);
  EXPECT_GE(loaded.problems.size(), 6u);
  for (const Problem& problem : loaded.problems) EXPECT_THAT(problem.text(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace rolegate::config
