#include "net/certificates.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.hpp"

namespace rolegate::net {
namespace {

using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

TEST(PemCertificates, ReadsEveryEntryAndNothingElse) {
  const std::string one = test::make_identity("one").pem();
  const std::string two = test::make_identity("two").pem();
  const std::string key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  const std::string pem = "# a comment\n" + one + key + "subject=two\n" + two + "the end";
  const PemCertificates read = read_pem_certificates(pem);
  EXPECT_THAT(read.faults, IsEmpty());
  ASSERT_THAT(read.certificates, SizeIs(2));
  EXPECT_EQ(subject_of(*read.certificates[0].x509), "one");
  EXPECT_EQ(subject_of(*read.certificates[1].x509), "two");
  EXPECT_EQ(std::string(read.certificates[1].text) + "\n", two);
}

TEST(PemCertificates, NamesBrokenEntriesByNumberAndLine) {
  const std::string good = test::make_identity("good").pem();
  const int lines = static_cast<int>(std::ranges::count(good, '\n'));
  const std::string pem = good + "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n" +
                          "-----BEGIN CERTIFICATE-----\n" + good + good.substr(0, good.size() / 2);
  const PemCertificates read = read_pem_certificates(pem);
  EXPECT_THAT(read.certificates, SizeIs(2));
  ASSERT_THAT(read.faults, SizeIs(3));
  EXPECT_EQ(read.faults[0].entry, 2U);
  EXPECT_EQ(read.faults[0].line, lines + 1);
  EXPECT_EQ(read.faults[1].entry, 3U);
  EXPECT_EQ(read.faults[1].line, lines + 4);
  EXPECT_EQ(read.faults[1].reason, "its end is missing");
  EXPECT_EQ(read.faults[2].entry, 5U);
  EXPECT_EQ(read.faults[2].line, 2 * lines + 5);
}

TEST(PemCertificates, TakesEveryCutOfAFile) {
  const std::string whole = test::make_identity("one").pem() + test::make_identity("two").pem();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const PemCertificates read = read_pem_certificates(std::string_view(whole).substr(0, size));
    EXPECT_LE(read.certificates.size() + read.faults.size(), 2U);
  }
}

TEST(PemCertificates, LookWholeOnlyWhenTheyAre) {
  const std::string whole =
      test::make_identity("one").pem() + "# a comment\n" + test::make_identity("two").pem();
  EXPECT_TRUE(looks_whole(whole));
  EXPECT_FALSE(looks_whole(""));
  EXPECT_FALSE(looks_whole("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  // What decoding finds, this finds too, but for what keeps every length: a decoder alone sees that.
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const std::string_view cut = std::string_view(whole).substr(0, size);
    EXPECT_EQ(looks_whole(cut),
              !read_pem_certificates(cut).certificates.empty() && read_pem_certificates(cut).faults.empty())
        << size;
  }
  for (const char* body : {"broken", "MIIB", "", "MAA", "MYA=", "MAMCAQ=="}) {
    EXPECT_FALSE(
        looks_whole(whole + "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n"))
        << body;
  }
  std::string deep = "-----BEGIN CERTIFICATE-----\n";
  for (int i = 0; i < 100'000; ++i) deep += "MIAw";  // of indefinite length, and deep
  EXPECT_FALSE(looks_whole(deep + "\n-----END CERTIFICATE-----\n"));
}

TEST(Certificates, ShowTheirPartsFitToPrint) {
  const test::Identity ca = test::make_identity("A\x1b[31m CA");
  const test::Identity server = test::make_identity("db.example.com", &ca);
  EXPECT_EQ(issuer_of(*server.certificate).find('\x1b'), std::string::npos);
  EXPECT_EQ(names_of(*server.certificate), "db.example.com");
  EXPECT_EQ(names_of(*test::make_identity("only a name").certificate), "only a name");
  EXPECT_THAT(fingerprint_of(*server.certificate), MatchesRegex("([0-9A-F]{2}:){31}[0-9A-F]{2}"));
  EXPECT_THAT(time_text(*::X509_get0_notAfter(server.certificate.get())),
              MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC"));
}

}  // namespace
}  // namespace rolegate::net
