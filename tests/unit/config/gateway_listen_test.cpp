#include <gmock/gmock.h>

#include "config/read/parse_listen_address.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

std::string fault(std::string_view text, SocketForm form = SocketForm::folder) {
  const auto address = parse_listen_address(text, form);
  return address ? "taken" : address.error().message + " " + address.error().remedy;
}

base::ListenAddress parsed(std::string_view text, SocketForm form = SocketForm::folder) {
  auto address = parse_listen_address(text, form);
  if (!address) ADD_FAILURE() << text << " " << address.error().message;
  return address.value_or(base::ListenAddress{});
}

TEST(ListenAddress, TakesNumericAddresses) {
  EXPECT_EQ(parsed("127.0.0.1:6432"), (base::ListenAddress{"127.0.0.1:6432", false, "", "127.0.0.1", 6432}));
  EXPECT_EQ(parsed("0.0.0.0:0").port, 0);
  EXPECT_EQ(parsed("10.1.2.3:65535").port, 65535);
  EXPECT_EQ(parsed("[::]:1").host, "::");
  EXPECT_EQ(parsed("[0:0:0:0:0:0:0:1]:6432").host, "::1");
  EXPECT_EQ(parsed("[2001:DB8::A]:6432").host, "2001:db8::a");
}

TEST(ListenAddress, TakesUnixPaths) {
  EXPECT_EQ(parsed("unix:/run/rolegate"),
            (base::ListenAddress{"unix:/run/rolegate", true, "/run/rolegate", "", 6432}));
  EXPECT_EQ(parsed("unix:///run//rolegate/").path, "/run/rolegate");
  EXPECT_EQ(parsed("unix:/").path, "/");
  EXPECT_EQ(parsed("unix:/a b:1").path, "/a b:1");
  EXPECT_EQ(parsed("unix:/run/my.sock", SocketForm::file),
            (base::ListenAddress{"unix:/run/my.sock", true, "/run/my.sock", "", 0}));
}

TEST(ListenAddress, TakesThePortOfAPostgresqlSocket) {
  EXPECT_EQ(parsed("unix:/run/rolegate/.s.PGSQL.5432").path, "/run/rolegate");
  EXPECT_EQ(parsed("unix:/run/rolegate/.s.PGSQL.5432").port, 5432);
  EXPECT_EQ(parsed("unix:/.s.PGSQL.5432").path, "/");
  EXPECT_EQ(parsed("unix:/.s.PGSQL.5432").port, 5432);
  // These are folders with strange names.
  EXPECT_EQ(parsed("unix:/run/.s.PGSQL.0").path, "/run/.s.PGSQL.0");
  EXPECT_EQ(parsed("unix:/run/.s.PGSQL.65536").path, "/run/.s.PGSQL.65536");
  EXPECT_EQ(parsed("unix:/run/.s.PGSQL.1/x").port, 6432);
  EXPECT_EQ(parsed("unix:/run/.s.PGSQL.1", SocketForm::file).path, "/run/.s.PGSQL.1");
}

TEST(ListenAddress, TakesPathsThatFitASocketsAddress) {
  EXPECT_EQ(parsed("unix:/" + std::string(91, 'x')).path.size(), 92u);
  EXPECT_EQ(
      fault("unix:/" + std::string(92, 'x')),
      "has a path of 93 bytes. A folder's may have 92: with /.s.PGSQL.65535, a socket's path has 107 at "
      "most.");
  EXPECT_EQ(parsed("unix:/" + std::string(91, 'x') + "/.s.PGSQL.1").path.size(), 92u);
  EXPECT_EQ(parsed("unix:/" + std::string(106, 'x'), SocketForm::file).path.size(), 107u);
  EXPECT_EQ(fault("unix:/" + std::string(107, 'x'), SocketForm::file),
            "has a path of 108 bytes. A socket's path may have 107.");
}

TEST(ListenAddress, RefusesAllElseAndSaysWhatWouldBeRight) {
  const std::string which =
      "Write 127.0.0.1:6432 for programs on this machine alone, or 0.0.0.0:6432 for every network it is in.";
  EXPECT_EQ(fault(":6432"), "does not say which addresses are meant. " + which);
  EXPECT_EQ(fault("*:6432"), "does not say which addresses are meant. " + which);
  EXPECT_EQ(fault("6432"), "has no address. " + which);
  const std::string numeric =
      "has a host that is no numeric address. What is listened on must not depend on a name server: write "
      "127.0.0.1:6432, or [::1]:6432.";
  for (const char* text : {"localhost:6432", "db.example:6432", "127.1:6432", "127.0.0.01:6432",
                           "0x7f.0.0.1:6432", "127.0.0.256:6432", " 127.0.0.1:6432", "unix/run:6432"}) {
    EXPECT_EQ(fault(text), numeric) << text;
  }
  for (const char* text : {"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:65536",
                           "127.0.0.1:000001", "127.0.0.1: 1", "127.0.0.1:1 ", "[::1]:", ":"}) {
    EXPECT_EQ(fault(text), "has no port from 0 to 65535 after its last ':'. Write it as 127.0.0.1:6432.")
        << text;
  }
  for (const char* text : {"127.0.0.1", "[::1]", "localhost", "x"}) {
    EXPECT_EQ(fault(text), "has no port. Write it as 127.0.0.1:6432.") << text;
  }
  EXPECT_EQ(fault("::1:6432"),
            "is an IPv6 address without brackets, or has a colon too many. Write it as [::1]:6432.");
  EXPECT_EQ(fault("tcp://127.0.0.1:6432"),
            "is an IPv6 address without brackets, or has a colon too many. Write it as [::1]:6432.");
  for (const char* text : {"[127.0.0.1]:1", "[]:1", "[fe80::1%lo]:1", "[[::1]]:1"}) {
    EXPECT_EQ(fault(text), "has no IPv6 address in its brackets. As in [::1]:1.") << text;
  }
  EXPECT_EQ(fault("[::ffff:127.0.0.1]:5"),
            "is an IPv4 address in IPv6 form. Write it as 127.0.0.1:5, in IPv4 form.");
  EXPECT_EQ(fault("/run/rolegate"), "has no 'unix:' before its path. Write unix:/run/rolegate.");
  for (const char* text : {"unix:", "unix:run", "unix:./run", "unix:@abstract"}) {
    EXPECT_EQ(fault(text), "has no absolute path. Begin it with a '/': unix:/run/rolegate.") << text;
  }
  EXPECT_EQ(fault("unix:/run/rolegate/", SocketForm::file),
            "names a folder. For MySQL, name the socket: unix:/run/rolegate/mysql.sock.");
  EXPECT_EQ(fault("unix:/run/rolegate", SocketForm::none),
            "is a unix socket. Only a TCP address is taken here.");
}

TEST(ListenAddress, RefusesEveryTruncationOrTakesIt) {
  for (const std::string text : {"127.0.0.1:6432", "[2001:db8::1]:6432", "unix:/run/x/.s.PGSQL.5432"}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      for (const auto form : {SocketForm::folder, SocketForm::file, SocketForm::none}) {
        const auto address = parse_listen_address(text.substr(0, size), form);
        if (address) EXPECT_TRUE(address->is_unix ? address->path.starts_with('/') : !address->host.empty());
      }
    }
  }
}

TEST(ListenAddress, KnowsWhatThisMachineAloneReaches) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/x"})
    EXPECT_TRUE(is_local(parsed(text)));
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "[fe80::1]:1"}) {
    EXPECT_FALSE(is_local(parsed(text))) << text;
  }
}

/// Problems of a gateway's listeners, with TLS and users so that nothing else is to be said.
std::vector<std::string> problems(const std::string& postgresql, const std::string& mysql,
                                  const std::string& database = "[]", const std::string& admin = "null") {
  return texts(load_yaml("gateway:\n  postgresql: {tls: {cert: c, key: k},\n    listen: " + postgresql +
                         "}\n  mysql: {tls: {cert: c, key: k},\n    listen: " + mysql +
                         "}\n  users: [{name: a, password: \"SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$"
                         "4xSA0Jd0IP0f1bGLHe6nSJl8Xba5wTYx2kmJ0hH1Wb8=:"
                         "k+R1ZJb7nQ2wYmjx6PjUyBqJb9b0fJ2v6bWbTt4bD1I=\", databases: ['*']}]\n"
                         "admin: {listen: " +
                         admin +
                         "}\ndatabases:\n  - database_name: orders\n    sqlalchemy_uri: postgresql://u:p@h\n"
                         "    listen: " +
                         database + "\n")
                   .problems);
}

const char* const kRemedy = " Give each listener an address of its own.";

TEST(ListenClash, NamesTheOtherLine) {
  const std::string same = "has an address that stands at line 3 already." + std::string(kRemedy);
  EXPECT_THAT(problems("['127.0.0.1:1', '127.0.0.1:1']", "[]"),
              ElementsAre("rolegate.yaml:3: gateway.postgresql.listen[1]: " + same));
  EXPECT_THAT(problems("['127.0.0.1:1']", "['127.0.0.1:1']"),
              ElementsAre("rolegate.yaml:5: gateway.mysql.listen[0]: " + same));
  EXPECT_THAT(problems("['127.0.0.1:1']", "[]", "['127.0.0.1:1']"),
              ElementsAre("rolegate.yaml:11: database 'orders': listen[0]: " + same));
  EXPECT_THAT(problems("['127.0.0.1:1']", "[]", "[]", "'127.0.0.1:1'"),
              ElementsAre("rolegate.yaml:7: admin.listen: " + same));
  EXPECT_THAT(problems("['unix:/a']", "[]", "['unix:/a']"),
              ElementsAre("rolegate.yaml:11: database 'orders': listen[0]: " + same));
}

TEST(ListenClash, SeesThroughSpellings) {
  EXPECT_THAT(problems("['[::1]:1', '[0::1]:1']", "[]"), ElementsAre(HasSubstr("line 3 already")));
  EXPECT_THAT(problems("['unix:/a', 'unix://a/']", "[]"), ElementsAre(HasSubstr("line 3 already")));
  EXPECT_THAT(problems("['unix:/a', 'unix:/a/.s.PGSQL.6432']", "[]"),
              ElementsAre(HasSubstr("line 3 already")));
  EXPECT_THAT(problems("['unix:/a/.s.PGSQL.1']", "['unix:/a/.s.PGSQL.1']"),
              ElementsAre(HasSubstr("line 3 already")));
}

TEST(ListenClash, SeesWhatTakesTheSamePortOrPath) {
  const std::string needs = "has an address that takes what the one at line 3 needs." + std::string(kRemedy);
  EXPECT_THAT(problems("['0.0.0.0:1']", "['127.0.0.1:1']"),
              ElementsAre("rolegate.yaml:5: gateway.mysql.listen[0]: " + needs));
  EXPECT_THAT(problems("['127.0.0.1:1']", "['0.0.0.0:1']"), ElementsAre(HasSubstr(needs)));
  EXPECT_THAT(problems("['10.0.0.1:1']", "['0.0.0.0:1']"), ElementsAre(HasSubstr(needs)));
  EXPECT_THAT(problems("['[::]:1']", "['[::1]:1']"), ElementsAre(HasSubstr(needs)));
  EXPECT_THAT(problems("['unix:/a/b']", "['unix:/a/b']"), ElementsAre(HasSubstr(needs)));
  EXPECT_THAT(problems("['127.0.0.1:2']", "['unix:/a']", "['unix:/a']"),
              ElementsAre(HasSubstr("takes what the one at line 5 needs")));
}

TEST(ListenClash, IsNoneWhereNothingIsShared) {
  EXPECT_THAT(problems("['127.0.0.1:0', '127.0.0.1:0']", "['127.0.0.1:0', '0.0.0.0:0']"), IsEmpty());
  EXPECT_THAT(problems("['127.0.0.1:1', '127.0.0.2:1']", "['[::1]:1', '127.0.0.1:2']"), IsEmpty());
  EXPECT_THAT(problems("['0.0.0.0:1', '[::]:1']", "[]"), IsEmpty());
  EXPECT_THAT(problems("['unix:/a', 'unix:/a/.s.PGSQL.1']", "['unix:/a/mysql.sock']", "['unix:/b']"),
              IsEmpty());
}

TEST(ListenClash, BreaksTheDatabaseNotTheGateway) {
  const Loaded loaded = load_yaml(
      "databases:\n  - {database_name: a, sqlalchemy_uri: 'mysql://u:p@h', listen: ['127.0.0.1:1']}\n"
      "gateway: {postgresql: {listen: ['127.0.0.1:1', 'unix:/x']}}\n");
  EXPECT_TRUE(loaded.config.gateway);
  EXPECT_THAT(loaded.config.broken, ElementsAre("a"));
}

TEST(Listen, IsAListOfStrings) {
  EXPECT_THAT(
      problems("'127.0.0.1:1'", "unix:/a"),
      ElementsAre("rolegate.yaml:3: gateway.postgresql.listen: must be a list, not a string. Put the "
                  "address into brackets: [\"127.0.0.1:6432\"].",
                  "rolegate.yaml:5: gateway.mysql.listen: must be a list, not a string. Put the address "
                  "into brackets: [\"127.0.0.1:6432\"]."));
  EXPECT_THAT(problems("[6432, '', ':1']", "{a: b}"),
              ElementsAre(HasSubstr("listen[0]: must be a string, not a whole number."),
                          HasSubstr("listen[1]: is empty."),
                          HasSubstr("listen[2]: does not say which addresses are meant"),
                          HasSubstr("must be a list, not a mapping.")));
  std::string many = "['127.0.0.1:0'";
  for (int i = 1; i < 65; ++i) many += ", '127.0.0.1:0'";
  EXPECT_THAT(problems(many + "]", "[]"),
              ElementsAre("rolegate.yaml:3: gateway.postgresql.listen: has 65 items. It may have 64."));
}

}  // namespace
}  // namespace rolegate::config
