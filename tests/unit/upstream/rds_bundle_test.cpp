#include "upstream/rds_bundle.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/partition.hpp"
#include "support/certificates.hpp"

namespace rolegate::upstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const base::WallTime kNow = base::SystemClock().now();

std::string root(const std::string& name, const test::Making& making = {}) {
  return test::make_identity("Amazon RDS " + name, nullptr, making).pem();
}

std::string fault(const std::string& pem, const std::set<std::string>& before = {}) {
  const auto checked = check_rds_bundle(pem, "aws", before, kNow);
  if (checked) return {};
  EXPECT_EQ(checked.error().code, "ca_bundle_refused");
  return checked.error().message;
}

std::string region_of(const std::string& name) {
  return region_of_ca(*test::make_identity(name).certificate);
}

TEST(RdsBundle, KnowsTheRegionByTheNameOfTheCa) {
  EXPECT_EQ(region_of("Amazon RDS il-central-1 Root CA RSA2048 G1"), "il-central-1");
  EXPECT_EQ(region_of("Amazon RDS us-gov-west-1 Root CA ECC384 G1"), "us-gov-west-1");
  EXPECT_EQ(region_of("Amazon RDS af-south-1 Root CA"), "af-south-1");
  for (const char* other : {"Amazon RDS Root 2019 CA", "Amazon RDS Preview us-east-2 Root CA RSA2048 G1",
                            "Amazon RDS Beta us-east-1 2019 CA", "Amazon Root CA 1", "eu-west-1"}) {
    EXPECT_EQ(region_of(other), "") << other;
  }
}

TEST(RdsBundle, CountsRegionsByTheirValidCas) {
  const std::string pem = root("eu-west-1 Root CA RSA2048 G1") + root("eu-west-1 Root CA RSA4096 G1") +
                          root("us-east-1 Root CA", {.begins = -200, .ends = -100}) + root("Root 2019 CA");
  const net::PemCertificates bundle = net::read_pem_certificates(pem);
  EXPECT_THAT(regions_of(bundle), ElementsAre("eu-west-1", "us-east-1"));
  EXPECT_THAT(regions_of(bundle, kNow), ElementsAre("eu-west-1"));
}

TEST(RdsBundle, TakesWhatIsAmazonsAndNoPoorer) {
  const test::Identity global = test::make_identity("Amazon RDS Root 2019 CA");
  const std::string pem = root("eu-west-1 Root CA RSA2048 G1") + root("us-east-1 Root CA RSA2048 G1") +
                          root("us-east-1 2019 CA", {.begins = -200, .ends = -100}) + global.pem();
  EXPECT_EQ(fault(pem), "");
  EXPECT_EQ(fault(pem, {"eu-west-1", "us-east-1"}), "");
}

TEST(RdsBundle, RefusesWhatIsNot) {
  const std::string good = root("eu-west-1 Root CA RSA2048 G1");
  EXPECT_THAT(fault("<html>not found</html>"), HasSubstr("no CA of Amazon RDS in aws that is still valid"));
  EXPECT_THAT(fault(""), HasSubstr("no CA of Amazon RDS in aws that is still valid"));
  EXPECT_THAT(fault(good + "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"),
              HasSubstr("Entry 2 of the bundle (line "));
  EXPECT_THAT(fault(good + good.substr(0, good.size() / 2)), HasSubstr("its end is missing")) << "cut short";
  EXPECT_THAT(fault(good + test::make_identity("Somebody's Root").pem()),
              HasSubstr("a root that is none of Amazon RDS: Somebody's Root."));
  EXPECT_THAT(fault(root("eu-west-1 Root CA", {.begins = -200, .ends = -100})), HasSubstr("still valid"));
  EXPECT_THAT(fault(root("cn-north-1 Root CA RSA2048 G1")), HasSubstr("no CA of Amazon RDS in aws"));
  EXPECT_THAT(fault(good, {"eu-west-1", "il-central-1", "us-east-1"}),
              HasSubstr("regions that the present one has: il-central-1, us-east-1."));
  const test::Identity issuer = test::make_identity("Amazon RDS eu-west-1 Root CA RSA2048 G1");
  EXPECT_THAT(fault(issuer.pem() + test::make_identity("db.example.com", &issuer).pem()),
              HasSubstr("a certificate that is no CA's"));
}

/// Signed again, in the name of `issuer`.
void reissue(const test::Identity& ca, const test::Identity& issuer) {
  ::X509_set_issuer_name(ca.certificate.get(), ::X509_get_subject_name(issuer.certificate.get()));
  ASSERT_NE(::X509_sign(ca.certificate.get(), issuer.key.get(), ::EVP_sha256()), 0);
}

TEST(RdsBundle, FollowsEachChainToARootOfAmazonRds) {
  const test::Identity top = test::make_identity("Amazon RDS Root 2019 CA");
  const test::Identity middle = test::make_identity("Amazon RDS eu-west-1 2019 CA");
  const test::Identity below = test::make_identity("Amazon RDS eu-west-1 Sub CA");
  reissue(middle, top);
  reissue(below, middle);
  EXPECT_EQ(fault(below.pem() + middle.pem() + top.pem()), "");
  EXPECT_THAT(fault(below.pem() + middle.pem()), HasSubstr("none of its roots vouches for"));
  const test::Identity one = test::make_identity("Somebody's CA");
  const test::Identity other = test::make_identity("Somebody's other CA");
  reissue(one, other);
  reissue(other, one);
  EXPECT_THAT(fault(root("eu-west-1 Root CA RSA2048 G1") + one.pem() + other.pem()),
              HasSubstr("none of its roots vouches for: Somebody's CA."));
}

TEST(RdsBundle, PublishesForThePartitionsItNames) {
  for (const RdsPartition& partition : rds_partitions()) {
    for (const std::string_view region : partition.regions)
      EXPECT_EQ(base::partition_of_region(region).name, partition.name) << region;
    if (!partition.url.empty()) EXPECT_TRUE(partition.url.starts_with("https://"));
  }
  EXPECT_EQ(find_rds_partition("aws-nowhere"), nullptr);
}

TEST(RdsBundle, IsWhatTheBuildBringsToo) {
  std::ifstream file(ROLEGATE_BINARY_DIR "/../rds-ca-bundle.pem");
  const std::string pem(std::istreambuf_iterator<char>(file), {});
  if (pem.empty()) GTEST_SKIP() << "built without Amazon's bundle";
  const net::PemCertificates bundle = net::read_pem_certificates(pem);
  EXPECT_THAT(bundle.faults, IsEmpty());
  EXPECT_THAT(regions_of(bundle), testing::IsSupersetOf({"eu-west-1", "us-east-1", "ap-south-1"}));
}

}  // namespace
}  // namespace rolegate::upstream
