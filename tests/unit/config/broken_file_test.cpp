#include <gmock/gmock.h>

#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAreArray;

const std::string kGood =
    "databases:\n"
    "  - database_name: orders\n"
    "    sqlalchemy_uri: mysql://u:p@h/db\n";

class BrokenFile : public testing::TestWithParam<Broken> {};

TEST_P(BrokenFile, IsReportedInThisText) {
  const Loaded loaded = load_yaml(GetParam().given);
  EXPECT_THAT(texts(loaded.problems), ElementsAreArray(GetParam().expected));
}

const Broken kSyntax[] = {
    {"Empty",
     "",
     {"rolegate.yaml: warning: databases: no database is configured. Add one: '- database_name: NAME'."}},
    {"OnlyAComment",
     "# nothing yet\n",
     {"rolegate.yaml: warning: databases: no database is configured. Add one: '- database_name: NAME'."}},
    {"DatabasesIsNull",
     "databases:\n",
     {"rolegate.yaml: warning: databases: no database is configured. Add one: '- database_name: NAME'."}},
    {"List",
     "- database_name: orders\n",
     {"rolegate.yaml:1: the file must hold a mapping, not a list. Begin it with 'databases:'."}},
    {"Scalar",
     "orders\n",
     {"rolegate.yaml:1: the file must hold a mapping, not a string. Begin it with 'databases:'."}},
    {"NotUtf8",
     "databases: []\n# \xC3\x28\n",
     {"rolegate.yaml:2: the file is not valid UTF-8. Save it as UTF-8."}},
    {"Utf16",
     std::string("\xFF\xFE\x64\x00", 4),
     {"rolegate.yaml:1: the file is not valid UTF-8. Save it as UTF-8."}},
    {"Nul",
     std::string("a: b\nc: \0\n", 10),
     {"rolegate.yaml:2: the file holds a control character. Remove it; a string in double quotes can hold "
      "one as \\xNN "
      "where one is allowed."}},
    {"C1Control",
     "a: \xC2\x85\n",
     {"rolegate.yaml:1: the file holds a control character. Remove it; a string in double quotes can hold "
      "one as \\xNN "
      "where one is allowed."}},
    {"Escape",
     "a: b\nc: \x1B[31m\n",
     {"rolegate.yaml:2: the file holds a control character. Remove it; a string in double quotes can hold "
      "one as \\xNN "
      "where one is allowed."}},
    {"TabAsIndentation",
     "feature_flags:\n\tAWS_DATABASE_IAM_AUTH: true\n",
     {"rolegate.yaml:2: the line is indented with a tab. Indent with spaces."}},
    {"WrongIndentation",
     "feature_flags:\n  A: b\n B: c\n",
     {"rolegate.yaml:3: this is not valid YAML: end of map not found. Check indentation, colons and quotes "
      "near "
      "this line."}},
    {"OpenQuote",
     "databases:\n  - database_name: \"orders\n",
     {"rolegate.yaml:2: this is not valid YAML: illegal EOF in scalar. Check indentation, colons and quotes "
      "near this "
      "line."}},
    {"UndefinedAlias",
     "databases: *all\n",
     {"rolegate.yaml:1: this is not valid YAML: the referenced anchor is not defined. Check indentation, "
      "colons and "
      "quotes near this line."}},
    {"AliasOfItself",
     "databases: &all\n  - *all\n",
     {"rolegate.yaml:2: an alias stands for something that it is part of."}},
    {"SecondDocument",
     kGood + "---\n" + kGood,
     {"rolegate.yaml:4: a second YAML document starts here. Keep one document: remove the '---' or '...' "
      "line."}},
    {"Tag",
     "databases: !python/object []\n",
     {"rolegate.yaml:1: YAML tags are not used here. Remove the word that begins with '!'; quotes make a "
      "string."}},
    {"ListAsKey",
     "? [a]\n: b\n",
     {"rolegate.yaml:1: a key is not a plain word. Write 'name: value', and close every bracket."}},
    {"BracketNotClosed",
     "databases: [\n",
     {"rolegate.yaml:1: this is not valid YAML: end of sequence flow not found. Check indentation, colons "
      "and "
      "quotes near this line."}},
    {"BraceNotClosed",
     "feature_flags: {A: b\n",
     {"rolegate.yaml:1: this is not valid YAML: end of map flow not found. Check indentation, colons and "
      "quotes "
      "near this line."}},
};
INSTANTIATE_TEST_SUITE_P(Syntax, BrokenFile, testing::ValuesIn(kSyntax), test_name);

const Broken kTopLevel[] = {
    {"UnknownKey",
     "databasse: []\n" + kGood,
     {"rolegate.yaml:1: databasse: unknown field. Did you mean 'databases'?"}},
    {"UnknownKeyFarFromAll",
     "volumes: []\n" + kGood,
     {"rolegate.yaml:1: volumes: unknown field. Known are feature_flags, databases, gateway and admin."}},
    {"UnknownKeyThatIsNoName",
     "\"postgresql://u:hunter2@h\": x\n" + kGood,
     {"rolegate.yaml:1: (24 bytes): unknown field. Known are feature_flags, databases, gateway and admin."}},
    {"RepeatedKey",
     kGood + "databases: []\n",
     {"rolegate.yaml:4: databases: is there twice; first at line 1. Keep one of the two."}},
    {"MergeKey",
     "<<: {}\n" + kGood,
     {"rolegate.yaml:1: the line holds a merge key ('<<'), which YAML 1.2 does not have. Write the fields "
      "out; an alias (*NAME) may stand for a whole value."}},
    {"SupersetsOwnExport",
     "database_name: orders\nsqlalchemy_uri: mysql://u:p@h\ncache_timeout: null\n",
     {"rolegate.yaml:1: the file is one database, as Superset exports it, and no configuration. Write "
      "'databases:' and put it below as an item of that list."}},
    {"KeyOfLaterVersions",
     "registry: {}\n" + kGood,
     {"rolegate.yaml:1: warning: registry: not used by this version."}},
    {"DatabasesIsAMapping",
     "databases:\n  orders:\n    sqlalchemy_uri: mysql://h\n",
     {"rolegate.yaml:2: databases: must be a list, not a mapping."}},
    {"DatabasesIsAString",
     "databases: orders\n",
     {"rolegate.yaml:1: databases: must be a list, not a string."}},
    {"DatabaseIsAUri",
     "databases:\n  - mysql://u:hunter2@h\n",
     {"rolegate.yaml:2: database #1: databases: an item must be a mapping, not a string. Begin it with '- "
      "database_name: NAME'."}},
    {"ColonForgotten",
     "databases:\n  - database_name: orders\n    sqlalchemy_uri\n      mysql://u:hunter2@h\n",
     {"rolegate.yaml:2: database 'orders': sqlalchemy_uri: is missing. Write it as "
      "postgresql://HOST:PORT/DATABASE.",
      "rolegate.yaml:3: database 'orders': (34 bytes): unknown field. Known are database_name, "
      "sqlalchemy_uri, "
      "encrypted_extra, masked_encrypted_extra and listen."}},
    {"ColonForgottenAndIndented",
     "databases:\n  - database_name: orders\n      sqlalchemy_uri mysql://u:hunter2@h\n",
     {"rolegate.yaml:2: database #1: database_name: holds a URI. Is a ':' missing after sqlalchemy_uri?",
      "rolegate.yaml:2: database #1: sqlalchemy_uri: is missing. Write it as "
      "postgresql://HOST:PORT/DATABASE."}},
};
INSTANTIATE_TEST_SUITE_P(TopLevel, BrokenFile, testing::ValuesIn(kTopLevel), test_name);

const Broken kFlags[] = {
    {"Yes",
     "feature_flags:\n  AWS_DATABASE_IAM_AUTH: yes\n" + kGood,
     {"rolegate.yaml:2: feature_flags.AWS_DATABASE_IAM_AUTH: must be true or false, not a string. Write true "
      "or false."}},
    {"One",
     "feature_flags:\n  AWS_DATABASE_IAM_AUTH: 1\n" + kGood,
     {"rolegate.yaml:2: feature_flags.AWS_DATABASE_IAM_AUTH: must be true or false, not a whole number. "
      "Write true or false."}},
    {"Quoted",
     "feature_flags:\n  AWS_DATABASE_IAM_AUTH: 'true'\n" + kGood,
     {"rolegate.yaml:2: feature_flags.AWS_DATABASE_IAM_AUTH: must be true or false, not a string. Write true "
      "or false, "
      "without quotes."}},
    {"Misspelt",
     "feature_flags:\n  AWS_DATABASE_IAM_AUHT: true\n" + kGood,
     {"rolegate.yaml:2: warning: feature_flags.AWS_DATABASE_IAM_AUHT: is not a flag of this program. Did you "
      "mean "
      "'AWS_DATABASE_IAM_AUTH'?"}},
    {"OfSuperset",
     "feature_flags:\n  ALERT_REPORTS: true\n" + kGood,
     {"rolegate.yaml:2: warning: feature_flags.ALERT_REPORTS: is not a flag of this program."}},
    {"List",
     "feature_flags: [AWS_DATABASE_IAM_AUTH]\n" + kGood,
     {"rolegate.yaml:1: feature_flags: must be a mapping, not a list."}},
};
INSTANTIATE_TEST_SUITE_P(Flags, BrokenFile, testing::ValuesIn(kFlags), test_name);

}  // namespace
}  // namespace rolegate::config
