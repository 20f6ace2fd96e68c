#include "connect/ca.hpp"

#include <filesystem>
#include <map>

#include <sys/stat.h>

#include "base/file.hpp"
#include "connect/ca_places.hpp"
#include "unit/connect/connect_fixture.hpp"

namespace rolegate::connect {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string certificate(const std::string& name) {
  return "-----BEGIN CERTIFICATE-----\n" + name + "\n-----END CERTIFICATE-----\n";
}

class Ca : public testing::Test {
 protected:
  login::Login login_at(std::string host, std::string root = {}) {
    login::Login login;
    login.database = "orders";
    login.host = std::move(host);
    login.ssl_root_cert = std::move(root);
    return login;
  }
  base::FixedEnvironment environment() const { return base::FixedEnvironment(variables_); }

  TestFolder folder_;
  std::string bundle_ = folder_.write("rds.pem", certificate("rds"));
  std::string system_ = folder_.write("system.pem", certificate("system"));
  std::map<std::string, std::string, std::less<>> variables_ = {{"ROLEGATE_RDS_CA_BUNDLE", bundle_},
                                                                {"SSL_CERT_FILE", system_},
                                                                {"XDG_CACHE_HOME", folder_.file("cache")}};
};

TEST_F(Ca, KnowsRdsEndpoints) {
  for (const char* host :
       {"db.abc.eu-west-1.rds.amazonaws.com", "DB.abc.US-EAST-1.RDS.AmazonAWS.com",
        "db.abc.rds.cn-north-1.amazonaws.com.cn", "db.abc.eusc-de-east-1.rds.amazonaws.eu",
        "db.abc.us-gov-west-1.rds.amazonaws.com.", "p.proxy-abc.eu-west-1.rds.amazonaws.com"}) {
    EXPECT_TRUE(is_rds_endpoint(host)) << host;
  }
  for (const char* host :
       {"rds.amazonaws.com.evil.example", "my-cluster.abc.us-east-1.redshift.amazonaws.com", "db.example.com",
        "xrds.amazonaws.com", "", "127.0.0.1"}) {
    EXPECT_FALSE(is_rds_endpoint(host)) << host;
  }
}

TEST_F(Ca, TrustsTheBundleAndTheSystemForRds) {
  const auto pem = ca_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment());
  EXPECT_THAT(*pem, testing::AllOf(HasSubstr("\nrds\n"), HasSubstr("\nsystem\n")));
}

TEST_F(Ca, TrustsTheSystemAloneElsewhere) {
  for (const auto& login : {login_at("my-cluster.abc.us-east-1.redshift.amazonaws.com"),
                            login_at("db.abc.eu-west-1.rds.amazonaws.com", "system")}) {
    EXPECT_EQ(*ca_certificates(login, environment()), certificate("system"));
  }
}

TEST_F(Ca, TrustsNothingButSslrootcertWhenItIsSet) {
  const std::string own = folder_.write("own.pem", certificate("own"));
  EXPECT_EQ(*ca_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com", own), environment()),
            certificate("own"));
}

TEST_F(Ca, GoesOnWithoutTheBundleAndSaysSo) {
  variables_["ROLEGATE_RDS_CA_BUNDLE"] = folder_.file("none.pem");
  const auto trusted = trusted_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment());
  ASSERT_TRUE(trusted);
  EXPECT_EQ(trusted->pem, certificate("system"));
  EXPECT_THAT(trusted->missing, HasSubstr(folder_.file("none.pem")));
  EXPECT_THAT(trusted->missing, HasSubstr("global-bundle.pem"));
}

TEST_F(Ca, NamesThePlacesWhenThereIsNothing) {
  variables_["SSL_CERT_FILE"] = folder_.file("nosystem.pem");
  variables_["ROLEGATE_RDS_CA_BUNDLE"] = folder_.file("none.pem");
  const auto rds = ca_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment());
  ASSERT_FALSE(rds);
  EXPECT_EQ(rds.error().code, "ca_missing");
  EXPECT_THAT(rds.error().message, HasSubstr(folder_.file("none.pem")));
  EXPECT_THAT(rds.error().message, HasSubstr(folder_.file("nosystem.pem")));
  const auto other = ca_certificates(login_at("db.example.com"), environment());
  EXPECT_EQ(other.error().code, "ca_missing");
  EXPECT_THAT(other.error().message, Not(HasSubstr("none.pem")));
}

TEST_F(Ca, RefusesASslrootcertThatIsNoCertificate) {
  for (const std::string& file :
       {folder_.file("missing.pem"), folder_.write("key.pem", "-----BEGIN PRIVATE KEY-----\n"),
        folder_.write("empty.pem", ""), std::string("/dev/null"), std::string("/")}) {
    const auto pem = ca_certificates(login_at("db.example.com", file), environment());
    ASSERT_FALSE(pem) << file;
    EXPECT_EQ(pem.error().code, "ca_missing");
    EXPECT_THAT(pem.error().message, HasSubstr(file));
  }
}

TEST_F(Ca, LooksBesideTheProgramForTheBundle) {
  variables_.erase("ROLEGATE_RDS_CA_BUNDLE");
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  EXPECT_THAT(rds_bundle_places(environment()),
              testing::IsSupersetOf({(own.parent_path() / "share/rolegate/rds-ca-bundle.pem").string(),
                                     (own / "rds-ca-bundle.pem").string()}));
}

TEST_F(Ca, GivesSslrootcertItselfAsAFile) {
  const std::string own = folder_.write("own.pem", certificate("own"));
  EXPECT_EQ(*ca_file(login_at("db.example.com", own), environment()), own);
}

TEST_F(Ca, KeepsAFileInTheCacheAndMendsIt) {
  const auto login = login_at("db.abc.eu-west-1.rds.amazonaws.com");
  const std::string pem = *ca_certificates(login, environment());
  const auto file = ca_file(login, environment());
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_THAT(*file, testing::StartsWith(folder_.file("cache/rolegate/")));
  const auto content = [&] { return *base::read_file(*file); };
  EXPECT_EQ(content(), pem);

  struct stat before{};
  struct stat after{};
  ::stat(file->c_str(), &before);
  EXPECT_EQ(*ca_file(login, environment()), *file);
  ::stat(file->c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino) << "an up-to-date file is left alone";

  std::ofstream(*file) << "broken";
  EXPECT_EQ(*ca_file(login, environment()), *file);
  EXPECT_EQ(content(), pem);
  const auto others = std::filesystem::directory_iterator(std::filesystem::path(*file).parent_path());
  EXPECT_EQ(std::distance(begin(others), end(others)), 1) << "no partial file is left behind";
}

TEST_F(Ca, SaysWhereAFileCouldNotBeWritten) {
  variables_["XDG_CACHE_HOME"] = folder_.write("file", "not a folder");
  const auto file = ca_file(login_at("db.example.com"), environment());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, "ca_missing");
  EXPECT_THAT(file.error().hint, HasSubstr("XDG_CACHE_HOME"));
  variables_.erase("XDG_CACHE_HOME");
  EXPECT_FALSE(ca_file(login_at("db.example.com"), environment()));
}

}  // namespace
}  // namespace rolegate::connect
