#include "cli/ca_command.hpp"

#include <filesystem>
#include <fstream>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "cli/config_check_command.hpp"
#include "config/read/load.hpp"
#include "support/certificates.hpp"
#include "unit/aws/fake_http.hpp"
#include "unit/cli/string_output.hpp"
#include "upstream/rds_bundle.hpp"

namespace rolegate::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string root(const std::string& region) {
  return test::make_identity("Amazon RDS " + region + " Root CA RSA2048 G1").pem();
}

/// A machine whose bundle is a file of the test's, which has CAs for eu-west-1 and us-east-1.
class Ca : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "rolegate-ca-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    bundle_ = folder_ / "bundle.pem";
    std::ofstream(bundle_) << present_;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  template <typename Arguments>
  ExitStatus run_command(const Arguments& arguments) {
    const base::FixedEnvironment environment({{"ROLEGATE_RDS_CA_BUNDLE", bundle_}});
    Context context{options_,   environment, clock_,
                    log_,       out_,        err_,
                    inherited_, {},          [this]() -> aws::HttpClient& { return http_; }};
    return run(context, arguments);
  }
  [[nodiscard]] std::string kept() const { return *base::read_file(bundle_); }

  std::filesystem::path folder_;
  std::string bundle_;
  const std::string present_ = root("eu-west-1") + root("us-east-1");
  aws::testing::FakeHttp http_;
  StringOutput out_;
  StringOutput err_;

 private:
  GlobalOptions options_;
  base::SystemClock clock_;
  base::NoLog log_;
  InheritedLimits inherited_;
};

TEST_F(Ca, ListShowsWhatIsTrustedAndWhereItIsFrom) {
  EXPECT_EQ(run_command(CaListArguments{}), ExitStatus::done);
  EXPECT_THAT(out_.text(), HasSubstr(bundle_));
  EXPECT_THAT(out_.text(), HasSubstr("Amazon RDS eu-west-1 Root CA RSA2048 G1"));
}

TEST_F(Ca, ListAsJson) {
  EXPECT_EQ(run_command(CaListArguments{.json = true}), ExitStatus::done);
  const auto list = boost::json::parse(out_.text());
  EXPECT_EQ(list.at("file").as_string(), bundle_);
  ASSERT_EQ(list.at("certificates").as_array().size(), 2U);
  const auto& second = list.at("certificates").at(1);
  EXPECT_EQ(second.at("region").as_string(), "us-east-1");
  EXPECT_FALSE(second.at("expired").as_bool());
  EXPECT_EQ(second.at("sha256").as_string().size(), 95U);
}

TEST_F(Ca, CheckFailsForARegionWithoutACa) {
  EXPECT_EQ(run_command(CaCheckArguments{{"eu-west-1"}}), ExitStatus::done);
  EXPECT_EQ(run_command(CaCheckArguments{{"eu-west-1", "il-central-1", "us-gov-west-1"}}),
            ExitStatus::failed);
  EXPECT_THAT(out_.text(), HasSubstr("no valid CA for il-central-1. `rolegate ca update` downloads"));
  EXPECT_THAT(out_.text(),
              HasSubstr("no valid CA for us-gov-west-1. `rolegate ca update --partition aws-us-gov`"));
}

TEST_F(Ca, CheckKnowsTheRegionsItself) {
  EXPECT_EQ(run_command(CaCheckArguments{}), ExitStatus::failed);
  for (const char* region :
       {"il-central-1", "ca-west-1", "mx-central-1", "ap-southeast-5", "ap-southeast-7"}) {
    EXPECT_THAT(out_.text(), HasSubstr(region));
  }
  EXPECT_THAT(out_.text(), Not(HasSubstr("us-gov"))) << "nobody keeps a bundle for it";
}

TEST_F(Ca, CheckWantsThePartitionsThatABundleIsKeptFor) {
  std::ofstream file(bundle_);
  for (const std::string_view region : upstream::find_rds_partition("aws")->regions)
    file << root(std::string(region));
  file.flush();
  EXPECT_EQ(run_command(CaCheckArguments{}), ExitStatus::done) << out_.text();
  file << root("us-gov-west-1");
  file.flush();
  EXPECT_EQ(run_command(CaCheckArguments{}), ExitStatus::failed);
  EXPECT_THAT(out_.text(), HasSubstr("no valid CA for us-gov-east-1."));
}

TEST_F(Ca, CheckNamesWhatExpiresSoon) {
  std::ofstream(bundle_) << present_;  // a day's certificates
  EXPECT_EQ(run_command(CaCheckArguments{{"us-east-1"}}), ExitStatus::done);
  EXPECT_THAT(out_.text(), HasSubstr("expires within 90 days: Amazon RDS eu-west-1 Root CA RSA2048 G1 (20"));
}

TEST_F(Ca, CheckRefusesWhatIsNoRegion) {
  EXPECT_EQ(run_command(CaCheckArguments{{"Frankfurt"}}), ExitStatus::wrong_usage);
  EXPECT_THAT(err_.text(), HasSubstr("error: 'Frankfurt' does not have the form of an AWS region."));
}

TEST_F(Ca, CheckNamesTheRegionThatAMisspeltOneIsLike) {
  EXPECT_EQ(run_command(CaCheckArguments{{"eu-wset-1", "il-central-1"}}), ExitStatus::failed);
  EXPECT_THAT(out_.text(), HasSubstr("eu-wset-1 is no region that is known. Did you mean eu-west-1?"));
  EXPECT_THAT(out_.text(), Not(HasSubstr("il-central-1 is no region")));
}

TEST_F(Ca, UpdateWithoutANetworkNamesTheWayAroundIt) {
  http_.fail(aws::ApiErrc::http_connect, true);
  EXPECT_EQ(run_command(CaUpdateArguments{}), ExitStatus::failed);
  EXPECT_THAT(err_.text(), HasSubstr("--from"));
  EXPECT_THAT(err_.text(), Not(HasSubstr("region")));
}

TEST_F(Ca, UpdateKeepsWhatAmazonPublishes) {
  const std::string newer = present_ + root("il-central-1");
  http_.answer(200, newer);
  EXPECT_EQ(run_command(CaUpdateArguments{}), ExitStatus::done) << err_.text();
  EXPECT_EQ(http_.sent().at(0).url, "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem");
  EXPECT_EQ(kept(), newer);
  struct stat status{};
  ASSERT_EQ(::stat(bundle_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  EXPECT_THAT(out_.text(), HasSubstr("3 certificates"));
  EXPECT_THAT(out_.text(), HasSubstr("New: il-central-1."));
  const auto files = std::filesystem::directory_iterator(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1) << "no partial file is left behind";
}

TEST_F(Ca, UpdateAsksTheRightPlaceForAPartition) {
  std::filesystem::remove(bundle_);
  http_.answer(200, root("us-gov-west-1"));
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "aws-us-gov", .from = ""}), ExitStatus::done)
      << err_.text();
  EXPECT_THAT(http_.sent().at(0).url, HasSubstr("us-gov-west-1"));
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "aws-eusc", .from = ""}), ExitStatus::failed);
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "nowhere", .from = ""}), ExitStatus::wrong_usage);
  EXPECT_EQ(http_.sent().size(), 1U);
}

TEST_F(Ca, UpdateKeepsWhatOtherPartitionsHaveInTheSameFile) {
  http_.answer(200, root("us-gov-west-1"));
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "aws-us-gov", .from = ""}), ExitStatus::failed);
  EXPECT_THAT(err_.text(), HasSubstr("eu-west-1, us-east-1"));
  EXPECT_EQ(kept(), present_);
}

TEST_F(Ca, UpdateFollowsALinkAndARelativePath) {
  const std::string newer = present_ + root("il-central-1");
  const std::string link = folder_ / "link.pem";
  std::filesystem::create_symlink("bundle.pem", link);
  const std::string target = std::exchange(bundle_, link);
  http_.answer(200, newer);
  EXPECT_EQ(run_command(CaUpdateArguments{}), ExitStatus::done) << err_.text();
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(*base::read_file(target), newer);

  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  bundle_ = "other.pem";
  http_.answer(200, newer);
  EXPECT_EQ(run_command(CaUpdateArguments{}), ExitStatus::done) << err_.text();
  std::filesystem::current_path(before);
  EXPECT_EQ(*base::read_file(folder_ / "other.pem"), newer);
}

TEST_F(Ca, UpdateMakesAFolderForEverybody) {
  bundle_ = folder_ / "kept/bundle.pem";
  http_.answer(200, present_);
  const mode_t before = ::umask(0077);
  EXPECT_EQ(run_command(CaUpdateArguments{}), ExitStatus::done) << err_.text();
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "kept").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0755U);
}

TEST_F(Ca, UpdateTakesAFileOrAMirror) {
  const std::string newer = present_ + root("ca-west-1");
  const std::string file = folder_ / "download.pem";
  std::ofstream(file) << newer;
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "aws", .from = file}), ExitStatus::done)
      << err_.text();
  EXPECT_EQ(kept(), newer);
  EXPECT_THAT(out_.text(), HasSubstr("Amazon RDS ca-west-1 Root CA RSA2048 G1, SHA-256 "));
  EXPECT_THAT(out_.text(), Not(HasSubstr("eu-west-1"))) << "is not new";
  http_.answer(200, newer);
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "aws", .from = "https://mirror.example/b.pem"}),
            ExitStatus::done);
  EXPECT_EQ(http_.sent().at(0).url, "https://mirror.example/b.pem");
}

TEST_F(Ca, UpdateLeavesThePresentOneWhenTheOtherIsNoBetter) {
  http_.answer(200, "<html>Sign in to the network</html>");
  http_.answer(404, present_);
  http_.answer(200, root("eu-west-1"));
  http_.answer(200, present_ + test::make_identity("Somebody's Root").pem());
  http_.fail(aws::ApiErrc::http_tls, false);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run_command(CaUpdateArguments{}), ExitStatus::failed);
  EXPECT_EQ(http_.sent().size(), 5U);
  EXPECT_EQ(run_command(CaUpdateArguments{.partition = "aws", .from = "http://mirror.example/b.pem"}),
            ExitStatus::wrong_usage);
  EXPECT_EQ(http_.sent().size(), 5U) << "a bundle is not taken without TLS";
  EXPECT_EQ(kept(), present_);
  EXPECT_EQ(out_.text(), "");
}

TEST_F(Ca, ConfigCheckSaysWhatTheBundleLacks) {
  const std::string broken = folder_ / "broken.pem";
  std::ofstream(broken) << present_ << "-----BEGIN CERTIFICATE-----\n";
  auto loaded = config::load_text(
      "databases:\n"
      "  - {database_name: here, sqlalchemy_uri: 'postgresql://u:p@a.b.eu-west-1.rds.amazonaws.com/x'}\n"
      "  - {database_name: there, sqlalchemy_uri: 'mysql://u:p@a.b.il-central-1.rds.amazonaws.com/x'}\n"
      "  - {database_name: half, sqlalchemy_uri: 'mysql://u:p@h/x?sslrootcert=" +
          broken + "'}\n",
      "rolegate.yaml", base::FixedEnvironment());
  EXPECT_THAT(loaded.problems, IsEmpty());
  add_certificate_problems(loaded, base::FixedEnvironment({{"ROLEGATE_RDS_CA_BUNDLE", bundle_}}));
  ASSERT_EQ(loaded.problems.size(), 2U);
  EXPECT_EQ(loaded.problems[0].text(),
            "rolegate.yaml:3: warning: database 'there': sqlalchemy_uri: Amazon's RDS bundle " + bundle_ +
                " has no CA for the region il-central-1. `rolegate ca update` downloads the current one.");
  EXPECT_EQ(loaded.problems[1].severity, config::Severity::warning);
  EXPECT_THAT(loaded.problems[1].text(), HasSubstr("Entry 3 of " + broken));
}

}  // namespace
}  // namespace rolegate::cli
