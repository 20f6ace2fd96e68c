#include "cli/token_command.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <unistd.h>

#include "cli/config_check_command.hpp"
#include "cli/config_list_command.hpp"
#include "support/certificates.hpp"
#include "unit/cli/string_output.hpp"

namespace rolegate::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NoHttp final : public aws::HttpClient {
 public:
  base::Result<aws::HttpResponse> send(const aws::HttpRequest&, base::Deadline) override {
    ADD_FAILURE() << "AWS was asked";
    return std::unexpected(base::Error{"http_connect", "No network here.", "", false, std::nullopt});
  }
};

class FixedCredentials final : public aws::CredentialProvider {
 public:
  std::string_view name() const override { return "fixed"; }
  base::Result<aws::CredentialsPtr> get(base::Deadline, std::string&) override {
    auto made = std::make_shared<aws::Credentials>();
    made->access_key_id = "AKIDEXAMPLE";
    made->secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    made->identity = "AKIDEXAMPLE";
    return made;
  }
};

/// One database with a password, one with an aws_iam block, one that is broken.
constexpr char kConfig[] = R"(feature_flags: {AWS_DATABASE_IAM_AUTH: true}
databases:
- database_name: plain
  sqlalchemy_uri: postgresql://app:p%22w@db.example/app
- database_name: orders
  sqlalchemy_uri: postgresql://o.cluster-abc.eu-west-1.rds.amazonaws.com/app
  encrypted_extra: {aws_iam: {enabled: true, region: eu-west-1, db_username: u}}
- database_name: broken
  sqlalchemy_uri: postgresql://o.cluster-abc.eu-west-1.rds.amazonaws.com/app
  encrypted_extra: {aws_iam: {enabled: true, regoin: eu-west-1, db_username: u, session_duration: 5}}
)";

/// A context whose world is a configuration file and fixed credentials.
class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "rolegate-cli-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options.config_file = folder_ / "rolegate.yaml";
    std::ofstream(options.config_file) << kConfig;
    const std::string bundle = folder_ / "rds.pem";
    std::ofstream(bundle) << test::make_identity("Amazon RDS eu-west-1 Root CA RSA2048 G1").pem();
    environment = base::FixedEnvironment({{"ROLEGATE_RDS_CA_BUNDLE", bundle}});
    std::filesystem::permissions(options.config_file, std::filesystem::perms(0600));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  GlobalOptions options;
  StringOutput out;
  StringOutput err;
  base::FixedEnvironment environment;

  template <typename Arguments>
  ExitStatus run_command(const Arguments& arguments) {
    Context context{options, environment, clock_,     log_,
                    out,     err,         inherited_, [this]() -> login::LoginService& { return service_; }};
    return run(context, arguments);
  }

 private:
  std::filesystem::path folder_;
  base::SystemClock clock_;
  base::NoLog log_;
  NoHttp http_;
  FixedCredentials credentials_;
  InheritedLimits inherited_;
  login::LoginService service_{
      {environment, clock_, http_, log_, credentials_, aws::make_retry_policy(environment)}};
};

TEST_F(Commands, TokenPrintsThePasswordAndNothingElse) {
  EXPECT_EQ(run_command(TokenArguments{"plain", false}), ExitStatus::done);
  EXPECT_EQ(out.text(), "p\"w\n");
  EXPECT_EQ(err.text(), "");
}

TEST_F(Commands, TokenPrintsAnRdsToken) {
  EXPECT_EQ(run_command(TokenArguments{"orders", false}), ExitStatus::done);
  EXPECT_THAT(out.text(), testing::StartsWith("o.cluster-abc.eu-west-1.rds.amazonaws.com:5432/?"));
  EXPECT_THAT(out.text(), HasSubstr("DBUser=u"));
}

TEST_F(Commands, TokenRefusesTheBrokenDatabaseWithAllThatIsWrong) {
  EXPECT_EQ(run_command(TokenArguments{"broken", false}), ExitStatus::wrong_usage);
  EXPECT_EQ(out.text(), "");
  EXPECT_THAT(err.text(), HasSubstr("Did you mean 'region'?"));
  EXPECT_THAT(err.text(), HasSubstr("session_duration: must be from 900"));
}

TEST_F(Commands, TokenNamesTheNearestDatabase) {
  EXPECT_EQ(run_command(TokenArguments{"order", true}), ExitStatus::wrong_usage);
  const auto error = boost::json::parse(err.text()).at("error");
  EXPECT_EQ(error.at("code").as_string(), "database_not_found");
  EXPECT_THAT(std::string(error.at("hint").as_string()) + std::string(error.at("message").as_string()),
              HasSubstr("orders"));
}

TEST_F(Commands, ConfigCheckFailsForErrors) {
  EXPECT_EQ(run_command(ConfigCheckArguments{}), ExitStatus::wrong_usage);
  EXPECT_THAT(out.text(), HasSubstr("rolegate.yaml:10: database 'broken'"));
  EXPECT_THAT(out.text(), HasSubstr("2 valid databases, 2 errors, 0 warnings."));
  EXPECT_EQ(err.text(), "");
}

TEST_F(Commands, ConfigCheckPassesWarnings) {
  std::ofstream(options.config_file)
      << "databases:\n- database_name: a\n  sqlalchemy_uri: postgresql://u:p@h/d\n"
         "  encrypted_extra: {other: 1}\n";
  EXPECT_EQ(run_command(ConfigCheckArguments{true}), ExitStatus::done);
  const auto answer = boost::json::parse(out.text());
  EXPECT_TRUE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("warnings").as_int64(), 1);
}

TEST_F(Commands, ConfigListNamesTheValidDatabases) {
  EXPECT_EQ(run_command(ConfigListArguments{}), ExitStatus::done);
  EXPECT_EQ(out.text(), "plain\norders\n");
}

TEST_F(Commands, ConfigListTellsNoSecret) {
  EXPECT_EQ(run_command(ConfigListArguments{true}), ExitStatus::done);
  EXPECT_THAT(out.text(), Not(HasSubstr("p\\\"w")));
  EXPECT_EQ(boost::json::parse(out.text()).at(1).at("kind").as_string(), "aurora_postgresql");
}

TEST(TokenJson, HasAllThatALoginNeeds) {
  login::Login login;
  login.engine = config::Engine::mysql;
  login.database = "shop";
  login.user = "u";
  login.password = base::Secret("p");
  login.expires_at = base::WallTime(std::chrono::seconds(1767323045));
  login.host = "h";
  login.port = 3306;
  login.dial = {"127.0.0.1", 13306};
  EXPECT_EQ(
      token_json(login).reveal(),
      R"({"database":"shop","engine":"mysql","user":"u","password":"p","host":"h","port":3306,"db_name":"",)"
      R"("sslmode":"verify-full","expires_at":"2026-01-02T03:04:05Z","connect_to":{"host":"127.0.0.1","port":13306}})");
}

TEST(TokenJson, IsWholeHoweverMuchOfItIsEscaped) {
  login::Login login;
  const std::string nasty(10000, '\x01');
  login.user = nasty;
  login.password = base::Secret(nasty);
  login.host = nasty;
  login.database = nasty;
  login.db_name = nasty;
  login.dial = {nasty, 1};
  const base::Secret text = token_json(login);
  EXPECT_EQ(boost::json::parse(text.reveal()).at("password").as_string(), nasty);
}

}  // namespace
}  // namespace rolegate::cli
