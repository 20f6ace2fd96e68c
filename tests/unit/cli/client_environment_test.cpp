#include "cli/client_environment.hpp"

#include <gmock/gmock.h>

#include "cli/client_program.hpp"

namespace rolegate::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

login::Login postgresql_login() {
  login::Login login;
  login.engine = config::Engine::postgresql;
  login.database = "orders";
  login.user = "app_rw";
  login.password = base::Secret("s3cret-token");
  login.host = "db.example";
  login.port = 5432;
  login.dial = {"db.example", 5432};
  login.db_name = "app";
  return login;
}

login::Login mysql_login() {
  login::Login login = postgresql_login();
  login.engine = config::Engine::mysql;
  login.port = 3306;
  login.dial = {"db.example", 3306};
  return login;
}

TEST(ClientEnvironment, TellsLibpqWhereAndHowToLogIn) {
  const auto variables = postgresql_environment(postgresql_login(), "/ca.pem", "");
  EXPECT_THAT(variables.merged_into({}),
              ElementsAre("PGHOST=db.example", "PGPORT=5432", "PGUSER=app_rw", "PGPASSWORD=s3cret-token",
                          "PGDATABASE=app", "PGSSLMODE=verify-full", "PGSSLROOTCERT=/ca.pem",
                          "PGGSSENCMODE=disable"));
}

TEST(ClientEnvironment, DialsElsewhereWithTheTlsNameKept) {
  login::Login login = postgresql_login();
  EXPECT_FALSE(dials_elsewhere(login));
  login.dial = {"localhost", 15432};
  EXPECT_TRUE(dials_elsewhere(login));
  const auto merged = postgresql_environment(login, "/ca.pem", "127.0.0.1").merged_into({});
  EXPECT_THAT(merged, Contains("PGHOST=db.example"));
  EXPECT_THAT(merged, Contains("PGHOSTADDR=127.0.0.1"));
  EXPECT_THAT(merged, Contains("PGPORT=15432"));
}

TEST(ClientEnvironment, TakesAwayWhatWouldOverruleIt) {
  const std::vector<std::string> inherited{"PATH=/bin",
                                           "PGHOSTADDR=10.0.0.1",
                                           "PGSERVICE=other",
                                           "PGHOST=x",
                                           "AWS_SECRET_ACCESS_KEY=k",
                                           "PGREQUIRESSL=0",
                                           "PGPASSWORD=old",
                                           "odd"};
  const auto merged = postgresql_environment(postgresql_login(), "/ca.pem", "").merged_into(inherited);
  EXPECT_THAT(merged, Contains("PATH=/bin"));
  EXPECT_THAT(merged, Contains("AWS_SECRET_ACCESS_KEY=k"));
  EXPECT_THAT(merged, Contains("odd"));
  EXPECT_THAT(merged, Not(Contains(StartsWith("PGHOSTADDR="))));
  EXPECT_THAT(merged, Not(Contains(StartsWith("PGSERVICE="))));
  EXPECT_THAT(merged, Not(Contains(StartsWith("PGREQUIRESSL="))));
  EXPECT_THAT(merged, Not(Contains("PGHOST=x")));
  EXPECT_THAT(merged, Not(Contains("PGPASSWORD=old")));
}

TEST(ClientEnvironment, TellsMysqlPrograms) {
  EXPECT_THAT(mysql_environment(mysql_login(), "/ca.pem").merged_into({}),
              ElementsAre("MYSQL_HOST=db.example", "MYSQL_TCP_PORT=3306", "MYSQL_PWD=s3cret-token",
                          "MYSQL_USER=app_rw", "MYSQL_DATABASE=app", "MYSQL_SSL_CA=/ca.pem"));
}

TEST(ClientCommand, GivesPsqlOnlyWhatTheUserAddsBecauseTheRestIsInTheEnvironment) {
  const auto command =
      client_command({ClientProgram::psql, "/bin/psql"}, postgresql_login(), "/ca.pem", {"-c", "x"});
  ASSERT_TRUE(command);
  EXPECT_THAT(*command, ElementsAre("/bin/psql", "-c", "x"));
}

TEST(ClientCommand, MakesMariadbCheckTheCertificateWhateverTheUserAdds) {
  const auto command = client_command({ClientProgram::mariadb, "/bin/mariadb"}, mysql_login(), "/ca.pem",
                                      {"--skip-ssl-verify-server-cert"});
  ASSERT_TRUE(command);
  EXPECT_THAT(*command, ElementsAre("/bin/mariadb", "--skip-ssl-verify-server-cert", "--protocol=TCP",
                                    "--host=db.example", "--port=3306", "--user=app_rw", "--ssl-ca=/ca.pem",
                                    "--ssl-verify-server-cert", "--database=app"));
}

TEST(ClientCommand, GivesMysqlItsOwnOptions) {
  login::Login login = mysql_login();
  login.ssl_mode = config::SslMode::verify_ca;
  const auto command = client_command({ClientProgram::mysql, "mysql"}, login, "/ca.pem", {});
  ASSERT_TRUE(command);
  EXPECT_THAT(*command, Contains("--ssl-mode=VERIFY_CA"));
  EXPECT_THAT(*command, Contains("--enable-cleartext-plugin"));
  EXPECT_THAT(*command, Not(Contains("--ssl-verify-server-cert")));
}

TEST(ClientCommand, NeverHasThePasswordInIt) {
  for (const auto program : {ClientProgram::psql, ClientProgram::mariadb, ClientProgram::mysql}) {
    const auto command = client_command({program, "client"}, mysql_login(), "/ca.pem", {});
    ASSERT_TRUE(command);
    EXPECT_THAT(*command, Not(Contains(HasSubstr("s3cret"))));
  }
}

TEST(ClientCommand, RefusesATlsNameThatMysqlsClientsCannotCheck) {
  login::Login login = mysql_login();
  login.dial = {"127.0.0.1", 13306};
  const auto command = client_command({ClientProgram::mariadb, "mariadb"}, login, "/ca.pem", {});
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().code, "tls_name_unsupported");
  EXPECT_THAT(command.error().text(), HasSubstr("rolegate query orders"));

  login.dial = {"db.example", 13306};
  EXPECT_TRUE(client_command({ClientProgram::mariadb, "mariadb"}, login, "/ca.pem", {}))
      << "another port alone does not matter to the certificate";
}

TEST(FindClient, NamesThePackageToInstall) {
  const base::FixedEnvironment nowhere({{"PATH", "/nonexistent::"}});
  EXPECT_THAT(find_client(config::Engine::redshift, nowhere).error().text(), HasSubstr("postgresql-client"));
  EXPECT_THAT(find_client(config::Engine::mysql, nowhere).error().text(), HasSubstr("mariadb-client"));
}

TEST(FindInPath, LooksThroughItInOrder) {
  EXPECT_EQ(find_in_path("sh", base::FixedEnvironment({{"PATH", "/nonexistent:/bin:/usr/bin"}})), "/bin/sh");
  EXPECT_EQ(find_in_path("bin", base::FixedEnvironment({{"PATH", "/usr"}})), "") << "a folder is no program";
}

}  // namespace
}  // namespace rolegate::cli
