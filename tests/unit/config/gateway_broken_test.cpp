#include <gmock/gmock.h>

#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;

const std::string kVerifier =
    "SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$4xSA0Jd0IP0f1bGLHe6nSJl8Xba5wTYx2kmJ0hH1Wb8=:"
    "k+R1ZJb7nQ2wYmjx6PjUyBqJb9b0fJ2v6bWbTt4bD1I=";
const std::string kNative = "*0E8F21E4240F5AD5A07D088F9C93890D13D78A4E";

const std::string kDatabases =
    "databases:\n"
    "  - {database_name: orders, sqlalchemy_uri: 'postgresql://u:p@h/app'}\n"
    "  - {database_name: broken, sqlalchemy_uri: ''}\n";

/// Problems without those of the broken database.
std::vector<std::string> problems_of(const std::string& yaml) {
  std::vector<std::string> out;
  for (const Problem& problem : load_yaml(kDatabases + yaml).problems) {
    if (problem.database != "broken") out.push_back(problem.text());
  }
  return out;
}

class BrokenGateway : public testing::TestWithParam<Broken> {};

TEST_P(BrokenGateway, IsReportedInThisText) {
  const std::vector<std::string> problems = problems_of(GetParam().given);
  EXPECT_THAT(problems, ElementsAreArray(GetParam().expected));
}

const Broken kSection[] = {
    {"NotAMapping", "gateway: []\n", {"rolegate.yaml:4: gateway: must be a mapping, not a list."}},
    {"UnknownField",
     "gateway:\n  listen: []\n  postgresql: {listen: ['unix:/x']}\n  max_sesions: 1\n",
     {"rolegate.yaml:5: gateway.listen: unknown field. Known are postgresql, mysql, users, max_sessions, "
      "login_rate, idle_timeout, drain_timeout, audit_log, audit_required, identify and grace.",
      "rolegate.yaml:7: gateway.max_sesions: unknown field. Did you mean 'max_sessions'?"}},
    {"UnknownFieldOfListeners",
     "gateway:\n  mysql: {lisen: []}\n",
     {"rolegate.yaml:5: gateway.mysql.lisen: unknown field. Did you mean 'listen'?"}},
    {"RepeatedField",
     "gateway:\n  max_sessions: 1\n  max_sessions: 2\n",
     {"rolegate.yaml:6: gateway.max_sessions: is there twice; first at line 5. Keep one of the two."}},
    {"Numbers",
     "gateway:\n  max_sessions: 0\n  login_rate: 10001\n",
     {"rolegate.yaml:5: gateway.max_sessions: must be from 1 to 1000000, not 0.",
      "rolegate.yaml:6: gateway.login_rate: must be from 1 to 10000, not 10001."}},
    {"NumbersOfOtherTypes",
     "gateway:\n  max_sessions: '10'\n  login_rate: 1.5\n",
     {"rolegate.yaml:5: gateway.max_sessions: must be a whole number, not a string. Write the digits without "
      "quotes.",
      "rolegate.yaml:6: gateway.login_rate: must be a whole number, not a number with a fraction."}},
    {"HugeNumber",
     "gateway:\n  max_sessions: 99999999999999999999\n",
     {"rolegate.yaml:5: gateway.max_sessions: must be from 1 to 1000000, not 99999999999999999999."}},
    {"Durations",
     "gateway:\n  idle_timeout: 721h\n  drain_timeout: -1\n",
     {"rolegate.yaml:5: gateway.idle_timeout: is longer than 720 hours.",
      "rolegate.yaml:6: gateway.drain_timeout: is not a duration. Write it as 30s, 500ms, 5m or 2h."}},
    {"DurationsWithOtherUnits",
     "gateway:\n  idle_timeout: 1 day\n  drain_timeout: 1h30m\n",
     {"rolegate.yaml:5: gateway.idle_timeout: is not a duration. Write it as 30s, 500ms, 5m or 2h.",
      "rolegate.yaml:6: gateway.drain_timeout: is not a duration. Write it as 30s, 500ms, 5m or 2h."}},
    {"DurationsOfOtherTypes",
     "gateway:\n  idle_timeout: 0.5\n  drain_timeout: true\n",
     {"rolegate.yaml:5: gateway.idle_timeout: must be a duration, not a number with a fraction. Write it as "
      "30s, 500ms, 5m "
      "or 2h.",
      "rolegate.yaml:6: gateway.drain_timeout: must be a duration, not a boolean. Write it as 30s, "
      "500ms, "
      "5m or 2h."}},
    {"DurationWithoutDigits",
     "gateway:\n  idle_timeout: s\n  drain_timeout: 99999999999999h\n",
     {"rolegate.yaml:5: gateway.idle_timeout: is not a duration. Write it as 30s, 500ms, 5m or 2h.",
      "rolegate.yaml:6: gateway.drain_timeout: is not a duration. Write it as 30s, 500ms, 5m or 2h."}},
    {"DurationJustTooLong",
     "gateway:\n  drain_timeout: 86401\n",
     {"rolegate.yaml:5: gateway.drain_timeout: is longer than 24 hours."}},
    {"AuditLogIsEmpty",
     "gateway:\n  audit_log: ''\n",
     {"rolegate.yaml:5: gateway.audit_log: is empty. Give it a value, or leave the field out."}},
    {"TlsIncomplete",
     "gateway:\n  postgresql:\n    tls: {client_crl: x}\n  mysql:\n    tls: {cert: '', keey: x}\n",
     {"rolegate.yaml:6: gateway.postgresql.tls.cert: is missing. Name a file in PEM.",
      "rolegate.yaml:6: gateway.postgresql.tls.key: is missing. Name a file in PEM.",
      "rolegate.yaml:6: gateway.postgresql.tls.client_crl: stands without a client_ca. Name the CA whose "
      "certificates it revokes.",
      "rolegate.yaml:8: gateway.mysql.tls.keey: unknown field. Did you mean 'key'?",
      "rolegate.yaml:8: gateway.mysql.tls.cert: is empty. Give it a value, or leave the field out.",
      "rolegate.yaml:8: gateway.mysql.tls.key: is missing. Name a file in PEM."}},
    {"Admin",
     "admin:\n  listen: unix:/x\n  port: 1\n",
     {"rolegate.yaml:5: admin.listen: is a unix socket. Only a TCP address is taken here.",
      "rolegate.yaml:6: admin.port: unknown field. Known are listen."}},
    {"AdminIsAnAddress",
     "admin: 127.0.0.1:1\n",
     {"rolegate.yaml:4: admin: must be a mapping, not a string."}},
    {"AdminListensInAList",
     "admin: {listen: ['127.0.0.1:1']}\n",
     {"rolegate.yaml:4: admin.listen: must be a string, not a list."}},
};
INSTANTIATE_TEST_SUITE_P(Section, BrokenGateway, testing::ValuesIn(kSection), test_name);

const Broken kDoors[] = {
    {"TcpWithoutUsers",
     "gateway:\n  postgresql:\n    listen: ['unix:/x', '127.0.0.1:0', '127.0.0.2:0']\n",
     {"rolegate.yaml:6: warning: gateway.users: is empty: clients that come over TCP are refused until users "
      "exist. Add what `rolegate passwd NAME` prints."}},
    {"TcpOfADatabaseWithoutAGateway",
     "  - database_name: own\n    sqlalchemy_uri: mysql://u:p@h\n    listen: ['127.0.0.1:0']\n",
     {"rolegate.yaml:6: warning: gateway.users: is empty: clients that come over TCP are refused until users "
      "exist. Add what `rolegate passwd NAME` prints."}},
    {"UnixWithoutUsers", "gateway: {mysql: {listen: ['unix:/x']}}\n", {}},
    {"TcpWithPeerUidsOnly",
     "gateway:\n  postgresql: {listen: ['unix:/x', '127.0.0.1:0']}\n"
     "  users: [{name: a, peer_uid: 1, databases: ['*']}]\n",
     {"rolegate.yaml:5: warning: gateway.users: has nobody who could log in over TCP. Give a user a password "
      "(`rolegate passwd NAME` makes it) or a client_cert_cn."}},
    {"TcpWithCertificatesOnly",
     "gateway:\n  postgresql: {listen: ['127.0.0.1:0'], tls: {cert: a, key: b, client_ca: c}}\n"
     "  users: [{name: a, client_cert_cn: x, databases: ['*']}]\n",
     {}},
    {"PeerUidWithoutUnix",
     "gateway:\n  postgresql: {listen: ['127.0.0.1:0']}\n  users:\n    - {name: a, password: '" + kVerifier +
         "', peer_uid: 0, databases: ['*']}\n",
     {"rolegate.yaml:7: warning: gateway.users[0].peer_uid: is known on unix sockets only, and none is "
      "listened "
      "on. Add 'unix:/run/rolegate' to listen of gateway.postgresql."}},
    {"PeerUidWithADatabasesUnixSocket",
     "  - {database_name: own, sqlalchemy_uri: 'mysql://u:p@h', listen: ['unix:/x']}\n"
     "gateway: {users: [{name: a, peer_uid: 0, databases: ['*']}]}\n",
     {}},
    {"ListensNowhere",
     "gateway: {max_sessions: 5}\nadmin: {listen: '127.0.0.1:0'}\n",
     {"rolegate.yaml:4: warning: gateway: listens nowhere. Add listen to gateway.postgresql or "
      "gateway.mysql."}},
    {"AdminForEverybody",
     "admin: {listen: '0.0.0.0:9432'}\n",
     {"rolegate.yaml:4: warning: admin.listen: can be reached from other machines, and nobody has to log in "
      "there. Write 127.0.0.1, or let a firewall see to it."}},
};
INSTANTIATE_TEST_SUITE_P(Doors, BrokenGateway, testing::ValuesIn(kDoors), test_name);

/// A gateway with one unix listener and one user, whose fields are these.
std::string with_user(const std::string& fields) {
  return "gateway:\n  postgresql: {listen: ['unix:/x']}\n  users:\n    - {" + fields + "}\n";
}

const std::string kUser = "rolegate.yaml:7: gateway.users[0]";
const std::string kRunPasswd = " Run `rolegate passwd` and put the text that it prints here.";

Broken bad_password(const char* name, const std::string& yaml, const std::string& message) {
  return {name,
          with_user("name: alice, databases: ['*'], password: " + yaml),
          {kUser + ".password: " + message + kRunPasswd}};
}

const Broken kPasswords[] = {
    bad_password("Plain", "hunter2", "is no verifier; a password itself is not written here."),
    bad_password("PlainWithBlanks", "'correct horse'",
                 "is no verifier; a password itself is not written here."),
    bad_password("Number", "12345678", "is no verifier; a password itself is not written here."),
    bad_password("Boolean", "true", "is no verifier; a password itself is not written here."),
    bad_password("ControlCharacter", "\"a\\nb\"", "is no verifier; a password itself is not written here."),
    bad_password("Empty", "''", "holds no SCRAM-SHA-256 verifier."),
    bad_password("Blanks", "'  '", "holds no SCRAM-SHA-256 verifier."),
    bad_password("List", "[a]", "holds no SCRAM-SHA-256 verifier."),
    bad_password("NativeOnly", "'" + kNative + "'", "holds no SCRAM-SHA-256 verifier."),
    bad_password("NativeTwice", "'" + kVerifier + " " + kNative + " " + kNative + "'",
                 "holds two mysql_native_password hashes."),
    bad_password("ScramTwice", "'" + kVerifier + " " + kVerifier + "'", "holds two SCRAM-SHA-256 verifiers."),
    bad_password("ScramCutOff", "'" + kVerifier.substr(0, 100) + "'",
                 "holds a SCRAM-SHA-256 verifier that is not whole."),
    bad_password("NativeTooShort", "'" + kVerifier + " " + kNative.substr(0, 40) + "'",
                 "is no verifier; a password itself is not written here."),
    bad_password("NativeTooLong", "'" + kVerifier + " " + kNative + "0'",
                 "is no verifier; a password itself is not written here."),
    bad_password("NativeNotHex", "'" + kVerifier + " *" + std::string(40, 'g') + "'",
                 "is no verifier; a password itself is not written here."),
    bad_password("Md5", "md5a3556571e93b0d20722ba62be61e8c2d",
                 "is no verifier; a password itself is not written here."),
    bad_password("PasswordAfterAVerifier", "'" + kVerifier + " hunter2'",
                 "is no verifier; a password itself is not written here."),
};
INSTANTIATE_TEST_SUITE_P(Password, BrokenGateway, testing::ValuesIn(kPasswords), test_name);

const Broken kUsers[] = {
    {"NotAList",
     "gateway:\n  postgresql: {listen: ['unix:/x']}\n  users: {alice: x}\n",
     {"rolegate.yaml:6: gateway.users: must be a list, not a mapping."}},
    {"NotAMapping",
     "gateway:\n  postgresql: {listen: ['unix:/x']}\n  users:\n    - hunter2\n",
     {kUser + ": must be a mapping, not a string. `rolegate passwd NAME` prints one."}},
    {"Empty",
     with_user(""),
     {kUser + ".name: is missing. Give the user a name.",
      kUser + ": has no way to log in. Add a password (made by `rolegate passwd`), a peer_uid or a "
              "client_cert_cn.",
      kUser + ".databases: is missing. List the databases that the user may use, or write [\"*\"] for all."}},
    {"EmptyName",
     with_user("name: '', peer_uid: 1, databases: ['*']"),
     {kUser + ".name: is empty. Give it a value, or leave the field out."}},
    {"LongName",
     with_user("name: " + std::string(129, 'x') + ", peer_uid: 1, databases: ['*']"),
     {kUser + ".name: has 129 characters. It may have 128."}},
    {"NameTwice",
     "gateway:\n  postgresql: {listen: ['unix:/x']}\n  users:\n    - {name: a, peer_uid: 1, databases: "
     "['*']}\n"
     "    - {name: A, peer_uid: 1, databases: ['*']}\n    - {name: a, peer_uid: 2, databases: ['*']}\n",
     {"rolegate.yaml:9: gateway.users[2].name: is the name of the user at line 7 too. Give each user a name "
      "of "
      "its own."}},
    {"UnknownField",
     with_user("name: a, peer_uid: 1, databases: ['*'], pasword: hunter2"),
     {kUser + ".pasword: unknown field. Did you mean 'password'?"}},
    {"PeerUidTooLarge",
     with_user("name: a, peer_uid: 4294967295, databases: ['*']"),
     {kUser + ".peer_uid: must be from 0 to 4294967294, not 4294967295."}},
    {"PeerUidIsAName",
     with_user("name: a, peer_uid: root, databases: ['*']"),
     {kUser + ".peer_uid: must be a whole number, not a string. Write the number that `id -u` "
              "prints."}},
    {"CertificateWithoutClientCa",
     with_user("name: a, client_cert_cn: x, databases: ['*']"),
     {kUser + ".client_cert_cn: needs a client_ca, and no listener has one. Add client_ca to the tls of "
              "gateway.postgresql or gateway.mysql."}},
    {"UnknownDatabase",
     with_user("name: a, peer_uid: 1, databases: [ordres, broken, x]"),
     {kUser + ".databases[0]: 'ordres' is not a configured database. Did you mean 'orders'?",
      kUser + ".databases[2]: 'x' is not a configured database. `rolegate config list` lists them."}},
    {"DatabaseIsAUri",
     with_user("name: a, peer_uid: 1, databases: ['mysql://u:hunter2@h']"),
     {kUser +
      ".databases[0]: a text of 19 bytes is not a configured database. `rolegate config list` lists them."}},
    {"DatabasesIsAString",
     with_user("name: a, peer_uid: 1, databases: '*'"),
     {kUser + ".databases: must be a list, not a string. Put it into brackets: [\"*\"]."}},
    {"DatabasesIsEmpty",
     with_user("name: a, peer_uid: 1, databases: []"),
     {kUser + ".databases: is empty. List the databases that the user may use, or write [\"*\"] for all."}},
    {"DatabasesIsAMapping",
     with_user("name: a, peer_uid: 1, databases: {orders: true}"),
     {kUser + ".databases: must be a list, not a mapping."}},
    {"DatabaseIsANumber",
     with_user("name: a, peer_uid: 1, databases: [1]"),
     {kUser + ".databases[0]: must be a string, not a whole number. Put it in quotes."}},
};
INSTANTIATE_TEST_SUITE_P(Users, BrokenGateway, testing::ValuesIn(kUsers), test_name);

TEST(BrokenGateway, NeverRepeatsAPassword) {
  for (const auto& tables : {std::vector<Broken>(std::begin(kPasswords), std::end(kPasswords)),
                             std::vector<Broken>(std::begin(kUsers), std::end(kUsers))}) {
    for (const Broken& broken : tables) {
      for (const std::string& problem : problems_of(broken.given)) {
        for (const char* secret : {"hunter2", "horse", "12345678", "MTIzNDU2", "0E8F21", "a35565"}) {
          EXPECT_THAT(problem, Not(HasSubstr(secret))) << broken.name;
        }
      }
    }
  }
}

TEST(BrokenGateway, KeepsUsersUsableNames) {
  EXPECT_THAT(
      problems_of(with_user("name: " + std::string(128, 'x') + ", peer_uid: 4294967294, databases: ['*']")),
      ElementsAre());
}

TEST(BrokenGateway, EndsSoonWhateverUsersList) {
  std::string yaml = "databases:\n";
  for (int i = 0; i < 3000; ++i)
    yaml += fmt::format("  - {{database_name: {}{}, sqlalchemy_uri: 'mysql://u:p@h'}}\n",
                        std::string(200, 'd'), i);
  yaml += "gateway:\n  users:\n";
  for (int i = 0; i < 3000; ++i)
    yaml += fmt::format("    - {{name: u{}, peer_uid: 1, databases: [{}{}]}}\n", i, std::string(90, 'e'), i);
  const Loaded loaded = load_yaml(yaml);
  EXPECT_EQ(loaded.problems.size(), 1001u);
}

TEST(BrokenGateway, EveryTruncationIsReadOrRefused) {
  const std::string whole =
      kDatabases +
      "    listen: ['127.0.0.1:1', 'unix:/y']\n"
      "gateway:\n  postgresql: {listen: ['unix:/x'], tls: {cert: a, key: b, client_ca: c}}\n"
      "  users: [{name: a, password: '" +
      kVerifier +
      "', client_cert_cn: x, databases: [orders]}]\n  idle_timeout: 10m\n"
      "admin: {listen: '[::1]:9'}\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Loaded loaded = load_yaml(whole.substr(0, size));
    EXPECT_FALSE(loaded.config.gateway && loaded.config.gateway_broken);
  }
}

}  // namespace
}  // namespace rolegate::config
