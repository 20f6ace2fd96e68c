#include <gmock/gmock.h>

#include "config/read/parse_listen_address.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kUsers =
    "  users: [{name: a, password: \"SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$"
    "4xSA0Jd0IP0f1bGLHe6nSJl8Xba5wTYx2kmJ0hH1Wb8=:k+R1ZJb7nQ2wYmjx6PjUyBqJb9b0fJ2v6bWbTt4bD1I=\", "
    "databases: ['*']}]\n";

/// A gateway that listens for `engine` at `listen`, with this `tls`; a database of that engine that listens
/// at `own`.
std::vector<std::string> problems(const std::string& engine, const std::string& listen,
                                  const std::string& tls, const std::string& own = "[]") {
  return texts(load_yaml("gateway:\n" + kUsers + "  " + engine + ": {listen: " + listen + ", tls: " + tls +
                         "}\ndatabases:\n  - {database_name: orders, sqlalchemy_uri: '" + engine +
                         "://u:p@h/app', listen: " + own + "}\n")
                   .problems);
}

constexpr const char* kCertified = "{cert: c, key: k}";

TEST(GatewayTls, IsNeededWhereOtherMachinesReach) {
  for (const std::string engine : {"postgresql", "mysql"}) {
    for (const std::string address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1"}) {
      const std::string remedy = "can be reached from other machines, and there is no TLS. Add 'gateway." +
                                 engine +
                                 ".tls: {cert: FILE, key: FILE}', listen on 127.0.0.1, or write 'gateway." +
                                 engine + ".tls: {required: false}' to let everything go in the clear.";
      const std::string listen = "['127.0.0.1:2', '" + address + "']";
      EXPECT_THAT(problems(engine, listen, "null"),
                  ElementsAre("rolegate.yaml:3: gateway." + engine + ".listen[1]: " + remedy));
      EXPECT_THAT(problems(engine, "[]", "null", listen),
                  ElementsAre("rolegate.yaml:5: database 'orders': listen[1]: " + remedy));
      EXPECT_THAT(problems(engine, listen, kCertified), IsEmpty());
      EXPECT_THAT(problems(engine, "[]", kCertified, listen), IsEmpty());
    }
    EXPECT_THAT(problems(engine, "['127.0.0.1:1', '[::1]:1']", "null", "['127.0.0.1:2', 'unix:/a/b']"),
                IsEmpty());
  }
}

TEST(GatewayTls, OfOneEngineIsNoneOfTheOther) {
  EXPECT_THAT(texts(load_yaml("gateway:\n" + kUsers +
                              "  postgresql: {tls: {cert: c, key: k}, listen: ['127.0.0.1:2']}\n"
                              "databases:\n  - {database_name: shop, sqlalchemy_uri: 'mysql://u:p@h', "
                              "listen: ['0.0.0.0:1']}\n")
                        .problems),
              ElementsAre(HasSubstr("Add 'gateway.mysql.tls")));
}

TEST(GatewayTls, MayBeDeclinedInSoManyWords) {
  EXPECT_THAT(problems("postgresql", "['0.0.0.0:1', '127.0.0.1:2']", "{required: false}"),
              ElementsAre("rolegate.yaml:3: warning: gateway.postgresql.listen[0]: can be reached from other "
                          "machines, and everything goes there in the clear. gateway.postgresql.tls.required "
                          "is false."));
  EXPECT_THAT(problems("mysql", "[]", "{cert: c, key: k, required: false}", "['0.0.0.0:1']"),
              ElementsAre("rolegate.yaml:5: warning: database 'orders': listen[0]: can be reached from other "
                          "machines, and clients may come there in the clear. gateway.mysql.tls.required is "
                          "false."));
  EXPECT_THAT(problems("postgresql", "['127.0.0.1:2']", "{required: false}"), IsEmpty());
}

TEST(GatewayTls, CannotBeRequiredWithoutACertificate) {
  EXPECT_THAT(problems("postgresql", "['127.0.0.1:2']", "{required: true}"),
              ElementsAre(HasSubstr("tls.cert: is missing."), HasSubstr("tls.key: is missing.")));
  EXPECT_THAT(problems("postgresql", "['127.0.0.1:2']", "{required: false, client_ca: c}"),
              ElementsAre(HasSubstr("tls.cert: is missing."), HasSubstr("tls.key: is missing.")));
}

TEST(GatewayTls, IsNotAskedForOnceMoreWhereItIsBroken) {
  EXPECT_THAT(problems("postgresql", "['0.0.0.0:1']", "{cert: c}", "['0.0.0.0:2']"),
              ElementsAre(HasSubstr("tls.key: is missing.")));
  EXPECT_THAT(problems("postgresql", "['0.0.0.0:1']", "null", "['0.0.0.0:2']"),
              ElementsAre(HasSubstr("postgresql.listen[0]: can be reached")));
}

TEST(GatewayTls, IsRequiredAsTheFileSaysElseWhereOtherMachinesListenIn) {
  struct Case {
    const char* address;
    std::optional<bool> required;
    bool expected;
  };
  for (const auto& [text, required, expected] : {
           Case{"127.0.0.1:1", std::nullopt, false},
           Case{"[::1]:1", std::nullopt, false},
           Case{"0.0.0.0:1", std::nullopt, true},
           Case{"[::]:1", std::nullopt, true},
           Case{"192.168.0.1:1", std::nullopt, true},
           Case{"127.0.0.1:1", true, true},
           Case{"0.0.0.0:1", false, false},
           Case{"unix:/run/rolegate", true, false},
       }) {
    const auto address = parse_listen_address(text, SocketForm::folder);
    ASSERT_TRUE(address);
    const GatewayListeners listeners{{*address}, GatewayTls{"c", "k", "", ""}, required};
    EXPECT_EQ(listeners.requires_tls(*address), expected) << text;
  }
}

}  // namespace
}  // namespace rolegate::config
