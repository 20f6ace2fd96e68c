#include "serve/all_problems.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <stdlib.h>

#include "config/read/load.hpp"
#include "support/certificates.hpp"

namespace rolegate::serve {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

/// A folder for the files that a configuration names; "DIR" stands for it.
class AllProblems : public testing::Test {
 protected:
  AllProblems() {
    std::string pattern = (fs::temp_directory_path() / "rolegate-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AllProblems() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
    return text;
  }
  [[nodiscard]] std::vector<std::string> problems(const std::string& yaml) const {
    const auto loaded =
        config::load_text(replaced(yaml, "DIR", folder_.string()), "rolegate.yaml", base::FixedEnvironment());
    std::vector<std::string> texts;
    for (const auto& problem : all_problems(loaded, base::SystemClock()))
      texts.push_back(replaced(problem.text(), folder_.string(), "DIR"));
    return texts;
  }

 private:
  fs::path folder_;
};

const std::string kOrders =
    "databases:\n  - database_name: orders\n    sqlalchemy_uri: mysql://u:p@h/db?sslrootcert=DIR/ca.pem\n";

TEST_F(AllProblems, HaveTheRootCertificatesOfDatabases) {
  const std::string place = "rolegate.yaml:3: database 'orders': sqlalchemy_uri?sslrootcert: is of no use: ";
  EXPECT_THAT(
      problems(kOrders),
      ElementsAre(testing::StartsWith(place + "DIR/ca.pem cannot be opened: No such file or directory.")));
  write("ca.pem", "nothing");
  EXPECT_THAT(problems(kOrders),
              ElementsAre(testing::StartsWith(place + "DIR/ca.pem holds no certificate in PEM form.")));
}

TEST_F(AllProblems, HaveRootCertificatesThatHaveAllExpired) {
  const std::string old = test::make_identity("Old CA", nullptr, {.begins = -7200, .ends = -3600}).pem();
  write("ca.pem", old);
  EXPECT_THAT(
      problems(kOrders),
      ElementsAre(testing::StartsWith(
          "rolegate.yaml:3: warning: database 'orders': sqlalchemy_uri?sslrootcert: DIR/ca.pem holds no "
          "certificate that is still valid: Old CA ended on ")));
  write("ca.pem", old + test::make_identity("New CA").pem());
  EXPECT_THAT(problems(kOrders), IsEmpty());
}

TEST_F(AllProblems, HaveTheGatewaysCertificateAndKeyByLineAlsoWhenItsSectionIsBroken) {
  for (const std::string section : {"postgresql", "mysql"}) {
    const std::string gateway = "gateway:\n  " + section +
                                ":\n"
                                "    tls:\n"
                                "      key: DIR/key.pem\n"
                                "      cert: DIR/cert.pem\n"
                                "  max_sessions: many\n"
                                "databases: []\n";
    const std::string tls = "gateway." + section + ".tls.";
    EXPECT_THAT(problems(gateway),
                ElementsAre(testing::StartsWith("rolegate.yaml:4: " + tls + "key: cannot be used: "),
                            testing::StartsWith("rolegate.yaml:5: " + tls + "cert: cannot be used: "),
                            testing::StartsWith("rolegate.yaml:6: gateway.max_sessions: ")));
  }
}

std::string gateway(const std::string& lines) {
  return "gateway:\n  users: [{name: a, peer_uid: 1, databases: ['*']}]\n" + lines + "databases: []\n";
}

TEST_F(AllProblems, HaveAnAuditLogThatCannotBeWritten) {
  const std::string socket = "  postgresql: {listen: ['unix:DIR']}\n";
  EXPECT_THAT(problems(gateway(socket + "  audit_log: DIR/new.log\n")), IsEmpty());
  EXPECT_THAT(problems(gateway(socket + "  audit_log: DIR\n")),
              ElementsAre("rolegate.yaml:4: gateway.audit_log: DIR cannot be written: it is a folder. Its "
                          "folder must exist when the gateway starts, and the gateway's user must be able to "
                          "write there."));
  // systemd makes it for the service, nobody makes two.
  EXPECT_THAT(
      problems(gateway(socket + "  audit_log: DIR/gone/new.log\n")),
      ElementsAre(testing::StartsWith(
          "rolegate.yaml:4: warning: gateway.audit_log: DIR/gone/new.log cannot be written: No such")));
  EXPECT_THAT(problems(gateway(socket + "  audit_log: DIR/gone/too/new.log\n")),
              ElementsAre(testing::StartsWith(
                  "rolegate.yaml:4: gateway.audit_log: DIR/gone/too/new.log cannot be written: No such")));
}

TEST_F(AllProblems, HaveSocketsWithoutAFolder) {
  EXPECT_THAT(problems(gateway("  postgresql: {listen: ['unix:DIR/one']}\n")), IsEmpty());
  EXPECT_THAT(problems(gateway("  postgresql: {listen: ['unix:DIR/one/two']}\n")),
              ElementsAre("rolegate.yaml:3: gateway.postgresql.listen[0]: needs the folder DIR/one, which "
                          "does not exist. Make it, or choose another path."));
  EXPECT_THAT(problems(gateway("  mysql: {listen: ['unix:DIR/one/mysql.sock']}\n")), IsEmpty());
  write("file", "");
  EXPECT_THAT(
      problems(gateway("  mysql: {listen: ['unix:DIR/file/mysql.sock']}\n")),
      ElementsAre(
          "rolegate.yaml:3: gateway.mysql.listen[0]: needs DIR/file to be a folder. Choose another path."));
}

TEST_F(AllProblems, HaveSocketsWhoseNameIsTaken) {
  write("file", "");
  EXPECT_THAT(
      problems(gateway("  mysql: {listen: ['unix:DIR']}\n")),
      ElementsAre(
          "rolegate.yaml:3: gateway.mysql.listen[0]: DIR exists and is not a socket. Choose another path."));
  EXPECT_THAT(problems(gateway("  mysql: {listen: ['unix:DIR/file']}\n")),
              ElementsAre("rolegate.yaml:3: gateway.mysql.listen[0]: DIR/file exists and is not a socket. "
                          "Choose another path."));
  write(".s.PGSQL.6432", "");
  EXPECT_THAT(problems(gateway("  postgresql: {listen: ['unix:DIR']}\n")),
              ElementsAre("rolegate.yaml:3: gateway.postgresql.listen[0]: DIR/.s.PGSQL.6432 exists and is "
                          "not a socket. Choose another path."));
}

}  // namespace
}  // namespace rolegate::serve
