#include "upstream/ca.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "net/certificates.hpp"
#include "support/certificates.hpp"
#include "support/temporary_folder.hpp"
#include "upstream/ca_places.hpp"

namespace rolegate::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Of a CA of that name; the same each time.
const std::string& certificate(const std::string& name) {
  static std::map<std::string, std::string> made;
  std::string& pem = made[name];
  if (pem.empty()) pem = test::make_identity(name).pem();
  return pem;
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

  test::TemporaryFolder folder_;
  std::string bundle_ = folder_.write("rds.pem", certificate("rds"));
  std::string system_ = folder_.write("system.pem", certificate("system"));
  std::map<std::string, std::string, std::less<>> variables_ = {{"ROLEGATE_RDS_CA_BUNDLE", bundle_},
                                                                {"SSL_CERT_FILE", system_},
                                                                {"XDG_CACHE_HOME", folder_.path("cache")}};
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
  EXPECT_THAT(*pem, testing::AllOf(HasSubstr(certificate("rds")), HasSubstr(certificate("system"))));
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
  variables_["ROLEGATE_RDS_CA_BUNDLE"] = folder_.path("none.pem");
  const auto trusted = trusted_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment());
  ASSERT_TRUE(trusted);
  EXPECT_EQ(trusted->pem, certificate("system"));
  EXPECT_THAT(trusted->missing, HasSubstr(folder_.path("none.pem")));
  EXPECT_THAT(trusted->missing, HasSubstr("`rolegate ca update`"));
}

TEST_F(Ca, SaysWhichRegionTheBundleHasNoCaFor) {
  std::ofstream(bundle_) << certificate("Amazon RDS eu-west-1 Root CA RSA2048 G1");
  const auto missing = [&](const std::string& host) {
    return what_is_missing(*trusted_certificates(login_at(host), environment()), host);
  };
  EXPECT_EQ(missing("db.abc.eu-west-1.rds.amazonaws.com"), "");
  EXPECT_EQ(missing("db.abc.il-central-1.rds.amazonaws.com"),
            "Amazon's RDS bundle " + bundle_ +
                " has no CA for the region il-central-1. `rolegate ca update` downloads the current one.");
  EXPECT_THAT(missing("db.abc.us-gov-west-1.rds.amazonaws.com"),
              HasSubstr("us-gov-west-1. `rolegate ca update --partition aws-us-gov` downloads"));
  EXPECT_THAT(missing("db.abc.rds.cn-north-1.amazonaws.com.cn"),
              HasSubstr("cn-north-1. `rolegate ca update --partition aws-cn` downloads"));
  EXPECT_EQ(missing("p.proxy-abc.il-central-1.rds.amazonaws.com"), "") << "its certificate is ACM's";
  EXPECT_EQ(missing("db.example.com"), "");
}

TEST_F(Ca, PassesOverBrokenEntriesAndNamesThem) {
  const std::string broken = "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n";
  const std::string first = certificate("first");
  const std::string last = certificate("last");
  const auto line = std::to_string(1 + std::ranges::count(first, '\n'));
  for (const std::string& file : {broken, std::string("-----BEGIN CERTIFICATE-----\nMIIB\n")}) {
    const std::string own = folder_.write("own.pem", first + file + last);
    const auto trusted = trusted_certificates(login_at("db.example.com", own), environment());
    ASSERT_TRUE(trusted) << trusted.error().text();
    EXPECT_EQ(net::read_pem_certificates(trusted->pem).certificates.size(), 2U);
    EXPECT_THAT(trusted->pem,
                testing::AllOf(HasSubstr(first.substr(0, first.size() - 1)),
                               HasSubstr(last.substr(0, last.size() - 1)), Not(HasSubstr("broken"))));
    EXPECT_THAT(trusted->missing, HasSubstr("Entry 2 of " + own + " (line " + line + ") is no certificate"));
    const auto as_file = ca_file(login_at("db.example.com", own), environment());
    ASSERT_TRUE(as_file);
    EXPECT_EQ(*base::read_file(*as_file), trusted->pem) << "client programs would stop at the broken one";
  }
  const std::string none = folder_.write("none.pem", broken);
  const auto refused = trusted_certificates(login_at("db.example.com", none), environment());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("Entry 1 of " + none + " (line 1) is no certificate"));
}

TEST_F(Ca, KeepsANewerBundleWhereItIsFoundFirst) {
  EXPECT_EQ(kept_bundle_place(environment(), "aws", true), bundle_) << "whoever names one wants that one";
  variables_.erase("ROLEGATE_RDS_CA_BUNDLE");
  variables_["HOME"] = "/home/a";
  EXPECT_EQ(kept_bundle_place(environment(), "aws", true), "/var/lib/rolegate-ca/rds-ca-bundle.pem");
  EXPECT_EQ(kept_bundle_place(environment(), "aws-cn", true),
            "/var/lib/rolegate-ca/rds-ca-bundle-aws-cn.pem");
  EXPECT_EQ(kept_bundle_place(environment(), "aws", false),
            "/home/a/.local/share/rolegate/rds-ca-bundle.pem");
  variables_["XDG_DATA_HOME"] = "/data";
  EXPECT_EQ(kept_bundle_place(environment(), "aws", false), "/data/rolegate/rds-ca-bundle.pem");
  const auto places = rds_bundle_places(environment(), "aws-cn");
  EXPECT_EQ(places.front().path, kept_bundle_place(environment(), "aws-cn", ::geteuid() == 0));
  EXPECT_THAT(places.back().path, testing::EndsWith("rds-ca-bundle.pem"));
}

/// How many certificates OpenSSL has made in this process so far.
int decoded() {
  static int count = 0;
  static const int index = CRYPTO_get_ex_new_index(
      CRYPTO_EX_INDEX_X509, 0, nullptr, [](void*, void*, CRYPTO_EX_DATA*, int, long, void*) { ++count; },
      nullptr, nullptr);
  EXPECT_GE(index, 0);
  return count;
}

// Hundreds of certificates cost 70 ms, and most logins succeed.
TEST_F(Ca, DecodesOnlyForWhoAsksWhatIsMissing) {
  std::ofstream(bundle_) << "# Amazon's\n" << certificate("Amazon RDS eu-west-1 Root CA RSA2048 G1");
  const std::string own = folder_.write("own.pem", certificate("own") + certificate("rds"));
  const std::string here = "db.abc.eu-west-1.rds.amazonaws.com";
  const int before = decoded();
  const auto trusted = trusted_certificates(login_at(here), environment());
  EXPECT_TRUE(trusted_certificates(login_at("db.example.com", own), environment()));
  EXPECT_TRUE(ca_file(login_at(here), environment()));
  EXPECT_EQ(decoded(), before);
  EXPECT_EQ(what_is_missing(*trusted, here), "");
  EXPECT_GT(decoded(), before) << "the test counts";
}

/// Another user, while it lives: root may look into every folder.
class AsNobody {
 public:
  AsNobody() {
    if (was_ == 0) EXPECT_EQ(::seteuid(65534), 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() { EXPECT_EQ(::seteuid(was_), 0); }

 private:
  uid_t was_ = ::geteuid();
};

TEST_F(Ca, PassesOverAKeptPlaceThatCannotBeLookedInto) {
  variables_.erase("ROLEGATE_RDS_CA_BUNDLE");
  const std::filesystem::path data = folder_.path("data");
  variables_["XDG_DATA_HOME"] = data.string();
  std::filesystem::create_directories(data / "rolegate");
  std::ofstream(data / "rolegate/rds-ca-bundle.pem") << certificate("rds");
  std::filesystem::permissions(data, std::filesystem::perms::none);
  const AsNobody nobody;
  const auto found = find_rds_bundle(environment(), "aws");
  EXPECT_TRUE(found || found.error().code == "ca_missing") << found.error().text();
}

TEST_F(Ca, NamesThePlacesWhenThereIsNothing) {
  variables_["SSL_CERT_FILE"] = folder_.path("nosystem.pem");
  variables_["ROLEGATE_RDS_CA_BUNDLE"] = folder_.path("none.pem");
  const auto rds = ca_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment());
  ASSERT_FALSE(rds);
  EXPECT_EQ(rds.error().code, "ca_missing");
  EXPECT_THAT(rds.error().message, HasSubstr(folder_.path("none.pem")));
  EXPECT_THAT(rds.error().message, HasSubstr(folder_.path("nosystem.pem")));
  const auto other = ca_certificates(login_at("db.example.com"), environment());
  EXPECT_EQ(other.error().code, "ca_missing");
  EXPECT_THAT(other.error().message, Not(HasSubstr("none.pem")));
}

TEST_F(Ca, RefusesASslrootcertThatIsNoCertificate) {
  for (const std::string& file :
       {folder_.path("missing.pem"), folder_.write("key.pem", "-----BEGIN PRIVATE KEY-----\n"),
        folder_.write("empty.pem", ""), std::string("/dev/null"), std::string("/")}) {
    const auto pem = ca_certificates(login_at("db.example.com", file), environment());
    ASSERT_FALSE(pem) << file;
    EXPECT_EQ(pem.error().code, "ca_missing");
    EXPECT_THAT(pem.error().message, HasSubstr(file));
  }
}

TEST_F(Ca, SaysOfAFolderThatItIsOne) {
  const std::string folder = folder_.path("certs");
  std::filesystem::create_directory(folder);
  EXPECT_THAT(ca_certificates(login_at("db.example.com", folder), environment()).error().message,
              HasSubstr(folder + " is a directory"));
  variables_["ROLEGATE_RDS_CA_BUNDLE"] = folder;
  EXPECT_THAT(trusted_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment())->missing,
              HasSubstr(folder + " is a directory"));
  variables_["SSL_CERT_FILE"] = folder;
  EXPECT_THAT(ca_certificates(login_at("db.example.com"), environment()).error().message,
              HasSubstr(folder + " is a directory"));
}

TEST_F(Ca, UsesNoNamedFileThatOthersMayWrite) {
  const auto open_to_others = std::filesystem::perms{0666};
  std::filesystem::permissions(bundle_, open_to_others);
  const auto rds = trusted_certificates(login_at("db.abc.eu-west-1.rds.amazonaws.com"), environment());
  ASSERT_TRUE(rds);
  EXPECT_EQ(rds->pem, certificate("system"));
  EXPECT_THAT(rds->missing, HasSubstr(bundle_ + " may be written by others"));
  EXPECT_EQ(find_rds_bundle(environment(), "aws").error().code, "file_not_trusted");
  std::filesystem::permissions(system_, open_to_others);
  EXPECT_THAT(ca_certificates(login_at("db.example.com"), environment()).error().message,
              HasSubstr(system_ + " may be written by others"));
}

TEST_F(Ca, LooksBesideTheProgramForTheBundle) {
  variables_.erase("ROLEGATE_RDS_CA_BUNDLE");
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> places;
  for (const CaPlace& place : rds_bundle_places(environment(), "aws")) places.push_back(place.path);
  EXPECT_THAT(places,
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
  EXPECT_THAT(*file, testing::StartsWith(folder_.path("cache/rolegate/")));
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
}  // namespace rolegate::upstream
