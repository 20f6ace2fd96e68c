#include "upstream/rds_bundle.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <functional>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/x509v3.h>

#include "base/partition.hpp"
#include "config/read/aws_names.hpp"

namespace rolegate::upstream {
namespace {

constexpr std::string_view kOwner = "Amazon RDS ";

// https://docs.aws.amazon.com/general/latest/gr/rande.html, without RDS's previews.
constexpr std::array<std::string_view, 34> kCommercial = {
    "af-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1", "ap-northeast-2",
    "ap-northeast-3", "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
    "ca-central-1",   "ca-west-1",      "eu-central-1",   "eu-central-2",   "eu-north-1",
    "eu-south-1",     "eu-south-2",     "eu-west-1",      "eu-west-2",      "eu-west-3",
    "il-central-1",   "me-central-1",   "me-south-1",     "mx-central-1",   "sa-east-1",
    "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2"};
constexpr std::array<std::string_view, 2> kGovCloud = {"us-gov-east-1", "us-gov-west-1"};
constexpr std::array<std::string_view, 2> kChina = {"cn-north-1", "cn-northwest-1"};
constexpr std::array<std::string_view, 1> kEurope = {"eusc-de-east-1"};
constexpr std::array<RdsPartition, 4> kPartitions = {{
    {"aws", "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem", kCommercial},
    {"aws-us-gov", "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem",
     kGovCloud},
    {"aws-cn", "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem", kChina},
    {"aws-eusc", "", kEurope},
}};

bool is_root(const X509& certificate) {
  return ::X509_NAME_cmp(::X509_get_subject_name(&certificate), ::X509_get_issuer_name(&certificate)) == 0;
}

/// (OpenSSL's functions take no const X509, and keep what they work out in it.)
bool is_signed_by(X509* issuer, X509* certificate) {
  return ::X509_check_issued(issuer, certificate) == X509_V_OK &&
         ::X509_verify(certificate, ::X509_get0_pubkey(issuer)) == 1;
}

/// Those whose chain of signatures does not end in a root of the bundle. Two that vouch for each other are no
/// such chain.
std::vector<X509*> without_root(const net::PemCertificates& bundle) {
  std::vector<X509*> left;
  std::vector<X509*> vouched;  // each is asked once whom it has signed
  for (const net::PemCertificates::Certificate& ca : bundle.certificates) {
    X509* const one = ca.x509.get();
    (is_root(*one) && is_signed_by(one, one) ? vouched : left).push_back(one);
  }
  for (std::size_t asked = 0; asked < vouched.size(); ++asked) {
    const auto signed_by_it = [issuer = vouched[asked]](X509* one) { return is_signed_by(issuer, one); };
    const auto found = std::ranges::partition(left, std::not_fn(signed_by_it));
    vouched.insert(vouched.end(), found.begin(), found.end());
    left.erase(found.begin(), found.end());
  }
  return left;
}

std::unexpected<base::Error> refuse(std::string message) {
  return base::fail(BundleErrc::ca_bundle_refused, std::move(message),
                    "The bundle that is there was left as it is. Is the source Amazon's own?");
}

}  // namespace

std::string_view code_name(BundleErrc code) {
  switch (code) {
    case BundleErrc::ca_bundle_refused:
      return "ca_bundle_refused";
    case BundleErrc::ca_bundle_unavailable:
      return "ca_bundle_unavailable";
  }
  return {};
}

std::span<const RdsPartition> rds_partitions() { return kPartitions; }

const RdsPartition* find_rds_partition(std::string_view name) {
  const auto* const found = std::ranges::find(kPartitions, name, &RdsPartition::name);
  return found == kPartitions.end() ? nullptr : found;
}

std::string region_of_ca(const X509& certificate) {
  const std::string name = net::subject_of(certificate);
  if (!name.starts_with(kOwner)) return {};
  const std::string_view word = std::string_view(name).substr(kOwner.size());
  const std::string region(word.substr(0, word.find(' ')));
  return config::check_region(region) ? std::string() : region;
}

bool has_expired(const X509& certificate, base::WallTime now) {
  std::time_t at = std::chrono::system_clock::to_time_t(now);
  return ::X509_cmp_time(::X509_get0_notAfter(&certificate), &at) < 0;
}

std::string how_to_update(std::string_view partition) {
  const RdsPartition* found = find_rds_partition(partition);
  if (found == nullptr || found->url.empty()) return "Name what Amazon publishes for it in sslrootcert.";
  return fmt::format("`rolegate ca update{}` downloads the current one.",
                     partition == "aws" ? "" : fmt::format(" --partition {}", partition));
}

std::set<std::string> regions_of(const net::PemCertificates& bundle, std::optional<base::WallTime> valid_at) {
  std::set<std::string> regions;
  for (const net::PemCertificates::Certificate& ca : bundle.certificates) {
    std::string region = region_of_ca(*ca.x509);
    if (region.empty() || (valid_at && has_expired(*ca.x509, *valid_at))) continue;
    regions.insert(std::move(region));
  }
  return regions;
}

base::Result<void> check_rds_bundle(std::string_view pem, std::string_view partition,
                                    const std::set<std::string>& regions_before, base::WallTime now) {
  const net::PemCertificates bundle = net::read_pem_certificates(pem);
  if (!bundle.faults.empty()) {
    const auto& [entry, line, reason] = bundle.faults.front();
    return refuse(
        fmt::format("Entry {} of the bundle (line {}) is no certificate: {}.", entry, line, reason));
  }
  for (const net::PemCertificates::Certificate& ca : bundle.certificates) {
    const std::string name = net::subject_of(*ca.x509);
    if (::X509_check_ca(ca.x509.get()) == 0)
      return refuse(fmt::format("The bundle holds a certificate that is no CA's: {}.", name));
    if (is_root(*ca.x509) && !name.starts_with(kOwner))
      return refuse(fmt::format("The bundle holds a root that is none of Amazon RDS: {}.", name));
  }
  if (const auto left = without_root(bundle); !left.empty())
    return refuse(fmt::format("The bundle holds a CA that none of its roots vouches for: {}.",
                              net::subject_of(*left.front())));
  const std::set<std::string> regions = regions_of(bundle, now);
  const auto is_ours = [&](const std::string& region) {
    return base::partition_of_region(region).name == partition;
  };
  if (std::ranges::none_of(regions, is_ours))
    return refuse(fmt::format("The bundle holds no CA of Amazon RDS in {} that is still valid.", partition));
  std::vector<std::string> lost;
  std::ranges::set_difference(regions_before, regions, std::back_inserter(lost));
  if (!lost.empty())
    return refuse(fmt::format("The bundle has no valid CA for regions that the present one has: {}.",
                              fmt::join(lost, ", ")));
  return {};
}

}  // namespace rolegate::upstream
