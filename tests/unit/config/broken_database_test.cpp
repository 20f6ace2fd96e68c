#include <gmock/gmock.h>

#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAreArray;

/// One database, "orders", with these lines (not indented) after its name.
std::string orders(const std::string& lines) {
  std::string out = "databases:\n  - database_name: orders\n    ";
  for (const char c : lines) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n";
}

const std::string kUri = "sqlalchemy_uri: mysql://u:p@h/db\n";

class BrokenDatabase : public testing::TestWithParam<Broken> {};

TEST_P(BrokenDatabase, IsReportedInThisText) {
  const Loaded loaded = load_yaml(GetParam().given);
  EXPECT_THAT(texts(loaded.problems), ElementsAreArray(GetParam().expected));
}

const Broken kKeys[] = {
    {"NoName",
     "databases:\n  - sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: is missing. Give the database a name."}},
    {"EmptyName",
     "databases:\n  - database_name: ''\n    sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: is empty. Give it a value, or leave the field out."}},
    {"LongName",
     "databases:\n  - database_name: " + std::string(251, 'x') + "\n    sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: has 251 characters. It may have 250."}},
    {"NumberAsName",
     "databases:\n  - database_name: 2024\n    sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: must be a string, not a whole number. Put it in "
      "quotes."}},
    {"NameWithLineBreak",
     "databases:\n  - database_name: \"a\\nb\"\n    sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: holds a control character or a line break. Remove it."}},
    {"NameWithNul",
     "databases:\n  - database_name: \"a\\0b\"\n    sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: holds a control character or a line break. Remove it."}},
    {"ListAsName",
     "databases:\n  - database_name: [a]\n    sqlalchemy_uri: mysql://u:p@h\n",
     {"rolegate.yaml:2: database #1: database_name: must be a string, not a list."}},
    {"SameNameTwice",
     orders(kUri) + "  - database_name: orders\n    sqlalchemy_uri: mysql://u:p@i\n",
     {"rolegate.yaml:5: database 'orders': database_name: is the name of the database at line 2 too. Give "
      "each database "
      "a name of its own."}},
    {"NoUri",
     orders("extra: {}"),
     {"rolegate.yaml:2: database 'orders': sqlalchemy_uri: is missing. Write it as "
      "postgresql://HOST:PORT/DATABASE."}},
    {"NumberAsUri",
     orders("sqlalchemy_uri: 5432"),
     {"rolegate.yaml:3: database 'orders': sqlalchemy_uri: must be a string, not a whole number. Write it as "
      "postgresql://HOST:PORT/DATABASE."}},
    {"UnknownKey",
     orders(kUri + "encrypted_extras: {}"),
     {"rolegate.yaml:4: database 'orders': encrypted_extras: unknown field. Did you mean "
      "'encrypted_extra'?"}},
    {"BlockAtTheWrongPlace",
     orders(kUri + "aws_iam: {enabled: true}"),
     {"rolegate.yaml:4: database 'orders': aws_iam: does not stand here. Put it below encrypted_extra."}},
    {"KeyTwice",
     orders(kUri + kUri),
     {"rolegate.yaml:4: database 'orders': sqlalchemy_uri: is there twice; first at line 3. Keep one of the "
      "two."}},
    {"SshTunnel",
     orders(kUri + "ssh_tunnel: {server_address: x}"),
     {"rolegate.yaml:4: warning: database 'orders': ssh_tunnel: is not used. Open the tunnel yourself and "
      "add "
      "connect_to=HOST:PORT to the URI."}},
    {"ServerCertificate",
     orders(kUri + "server_cert: PEM"),
     {"rolegate.yaml:4: warning: database 'orders': server_cert: is not used. Save the certificate to a file "
      "and add "
      "sslrootcert=FILE to the URI."}},
    {"PasswordBesideTheUri",
     orders(kUri + "password: hunter2"),
     {"rolegate.yaml:4: warning: database 'orders': password: is not used. Write it into the URI: "
      "USER:PASSWORD@HOST."}},
    {"MaskedPassword",
     orders("sqlalchemy_uri: mysql://u:XXXXXXXXXX@h/db"),
     {"rolegate.yaml:3: database 'orders': sqlalchemy_uri: has a masked password: Superset's export does not "
      "hold the "
      "value. Write the password itself in its place, or use aws_iam."}},
    {"NeitherUserNorBlock",
     orders("sqlalchemy_uri: mysql://h/db"),
     {"rolegate.yaml:3: database 'orders': sqlalchemy_uri: has no user, and there is no aws_iam block in "
      "encrypted_extra. Add the block, or write USER:PASSWORD@ before the host."}},
    {"NoUserAndBlockOff",
     orders("sqlalchemy_uri: mysql://h/db\nencrypted_extra: {aws_iam: {enabled: false}}"),
     {"rolegate.yaml:3: database 'orders': sqlalchemy_uri: has no user, and aws_iam is not enabled. Enable "
      "it, or write "
      "USER:PASSWORD@ before the host."}},
};
INSTANTIATE_TEST_SUITE_P(Keys, BrokenDatabase, testing::ValuesIn(kKeys), test_name);

const Broken kExtra[] = {
    {"List",
     orders(kUri + "encrypted_extra: []"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: must be a mapping or a string of JSON with an "
      "object, not a "
      "list."}},
    {"JsonList",
     orders(kUri + "encrypted_extra: '[]'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: must be a mapping or a string of JSON with an "
      "object, not a "
      "list."}},
    {"OtherKey",
     orders(kUri + "encrypted_extra: {credentials_info: {}}"),
     {"rolegate.yaml:4: warning: database 'orders': encrypted_extra.credentials_info: is not used."}},
    {"MisspeltBlock",
     orders(kUri + "encrypted_extra: {aws-iam: {}}"),
     {"rolegate.yaml:4: warning: database 'orders': encrypted_extra.aws-iam: is not used. Did you mean "
      "'aws_iam'?"}},
    {"BlockIsTrue",
     orders(kUri + "encrypted_extra: {aws_iam: true}"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra.aws_iam: must be a mapping, not a boolean."}},
    {"BothSpellings",
     orders(kUri + "encrypted_extra: '{}'\nmasked_encrypted_extra: '{}'"),
     {"rolegate.yaml:5: database 'orders': masked_encrypted_extra: stands beside encrypted_extra. Keep one "
      "of the two."}},
    {"EnabledMissing",
     orders(kUri + "encrypted_extra:\n  aws_iam:\n    region: eu-west-1"),
     {"rolegate.yaml:6: database 'orders': encrypted_extra.aws_iam.enabled: is missing. Set it to true to "
      "log in with "
      "IAM, or to false to use the URI's user and password."}},
    {"EnabledYes",
     orders(kUri + "encrypted_extra:\n  aws_iam:\n    enabled: yes"),
     {"rolegate.yaml:6: database 'orders': encrypted_extra.aws_iam.enabled: must be true or false, not a "
      "string. Write "
      "true or false."}},
    {"JsonCutOff",
     orders(kUri + "encrypted_extra: '{\"aws_iam\": {'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: this is not valid JSON: incomplete JSON at line "
      "1, column 13 "
      "of it. Check quotes, commas and braces there."}},
    {"JsonWithPythonsTrue",
     orders(kUri + "encrypted_extra: |\n  {\n    \"aws_iam\": {\n      \"enabled\": True\n    }\n  }"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: this is not valid JSON: syntax error at line 3, "
      "column 16 of "
      "it. Check quotes, commas and braces there."}},
    {"JsonWithCommaAtTheEnd",
     orders(kUri + "encrypted_extra: '{\"a\": 1,}'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: this is not valid JSON: syntax error at line 1, "
      "column 9 of "
      "it. Check quotes, commas and braces there."}},
    {"JsonWithMoreAfterIt",
     orders(kUri + "encrypted_extra: '{} {}'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: this is not valid JSON: extra data at line 1, "
      "column 4 of it. "
      "Check quotes, commas and braces there."}},
    {"JsonWithAKeyTwice",
     orders(kUri + "encrypted_extra: |\n  {\"aws_iam\": {\n    \"enabled\": false,\n    \"enabled\": true}}"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra.aws_iam.enabled (line 3 of the JSON): is there "
      "twice; first at "
      "line 2 of the JSON. Keep one of the two."}},
    {"JsonOfAString",
     orders(kUri + "encrypted_extra: '\"x\"'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: must be a mapping or a string of JSON with an "
      "object, not a "
      "string."}},
    {"JsonTooLong",
     orders(kUri + "encrypted_extra: '" + std::string(65537, ' ') + "'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: has 65537 bytes. It may have 65536."}},
    {"JsonTooDeep",
     orders(kUri + "encrypted_extra: '" + std::string(33, '[') + std::string(33, ']') + "'"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra: the JSON is refused. It nests deeper than 32 "
      "levels."}},
    {"JsonWithAnUnknownField",
     orders("sqlalchemy_uri: mysql://w.global-c1.global.rds.amazonaws.com\nencrypted_extra: |\n  "
            "{\"aws_iam\": {\"enabled\": true, \"region\": "
            "\"eu-west-1\",\n"
            "   \"db_username\": \"u\",\n   \"external-id\": \"x\"}}"),
     {"rolegate.yaml:4: database 'orders': encrypted_extra.aws_iam.external-id (line 3 of the JSON): unknown "
      "field. Did "
      "you mean 'external_id'?"}},
};
INSTANTIATE_TEST_SUITE_P(Extra, BrokenDatabase, testing::ValuesIn(kExtra), test_name);

}  // namespace
}  // namespace rolegate::config
