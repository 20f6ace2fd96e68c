#include "aws/credential_providers/ini_file.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string value(const IniFile& file, const std::string& section, const std::string& name) {
  return std::string(file.sections.at(section).values.at(name).text.reveal());
}

TEST(IniFile, ReadsSectionsAndValues) {
  const auto file = parse_ini("[default]\na = 1\nB:2\n\n[profile x y]\nc= d = e # not a comment\r\n", "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(value(*file, "default", "a"), "1");
  EXPECT_EQ(value(*file, "default", "b"), "2");
  EXPECT_EQ(value(*file, "profile x y", "c"), "d = e # not a comment");
  EXPECT_EQ(file->sections.at("profile x y").line, 5);
  EXPECT_EQ(file->sections.at("profile x y").values.at("c").line, 6);
}

TEST(IniFile, LeavesOutCommentsAndTheByteOrderMark) {
  const auto file = parse_ini("\xEF\xBB\xBF# c\n  ; c\n[s]\n# a = 1\nb = 2\n", "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->sections.at("s").values.size(), 1u);
}

TEST(IniFile, GoesOnWithIndentedLines) {
  const auto file = parse_ini("[s]\na = 1\n  2\n\n  3\n\nb = 4\n", "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(value(*file, "s", "a"), "1\n2\n\n3");
  EXPECT_EQ(value(*file, "s", "b"), "4");
}

TEST(IniFile, ReadsNestedValues) {
  const auto file = parse_ini("[s]\ns3 =\n  max = 10\n  style = path=x\nb = 4", "f");
  ASSERT_TRUE(file);
  const IniValue& s3 = file->sections.at("s").values.at("s3");
  ASSERT_TRUE(s3.is_nested());
  EXPECT_EQ(s3.nested.at("max").reveal(), "10");
  EXPECT_EQ(s3.nested.at("style").reveal(), "path=x");
  EXPECT_EQ(value(*file, "s", "b"), "4");
}

TEST(IniFile, GivesDefaultsToEverySection) {
  const auto file = parse_ini("[s]\na = 1\n[DEFAULT]\na = 2\n[t]\n[DEFAULT]\nb = 3\n", "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(value(*file, "s", "a"), "1");
  EXPECT_EQ(value(*file, "s", "b"), "3");
  EXPECT_EQ(value(*file, "t", "a"), "2");
  EXPECT_FALSE(file->sections.contains("DEFAULT"));
}

TEST(IniFile, TakesEmptyValuesAndEmptyFiles) {
  EXPECT_TRUE(parse_ini("", "f")->sections.empty());
  const auto file = parse_ini("[s]\na =\n\n", "f");
  ASSERT_TRUE(file);
  EXPECT_EQ(value(*file, "s", "a"), "");
}

struct Broken {
  const char* text;
  const char* message;
};

TEST(IniFile, NamesFileAndLineOfWhatIsWrongAndQuotesNothing) {
  const std::vector<Broken> all{
      {"a = hush\n", "f:1: there is no [section]"},
      {"[s]\nhush\n", "f:2: neither a [section] nor"},
      {"[s]\n = hush\n", "f:2: there is no name"},
      {"[s]\na = hush\na = hush\n", "f:3: this name has a value in line 2"},
      {"[s]\nA = hush\na = hush\n", "f:3: this name has a value in line 2"},
      {"[s]\n[s]\n", "f:2: this section stands in line 1"},
      {"[s]\na =\n  hush\n", "f:3: an indented line"},
      {"[]\n", "f:1: there is no [section]"},
      {"[s\n", "f:1: there is no [section]"},
      {"[s]\na = \xFF\n", "f:2: the file is not UTF-8"},
      {"[s]\na =\thush\x1B\n", "f:2: there is a control character"},
      {"\n\r\n\r[s]\nhush", "f:5: neither"},
  };
  for (const auto& [text, message] : all) {
    const auto file = parse_ini(text, "f");
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().code, "credentials_invalid");
    EXPECT_THAT(file.error().message, StartsWith(message)) << text;
    EXPECT_THAT(file.error().text(), ::testing::Not(HasSubstr("hush"))) << text;
  }
}

}  // namespace
}  // namespace rolegate::aws
