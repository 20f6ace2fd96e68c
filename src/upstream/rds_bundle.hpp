#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/certificates.hpp"

namespace rolegate::upstream {

/// Where Amazon publishes the CAs of RDS and Aurora, and what it has regions for.
/// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
struct RdsPartition {
  std::string_view name;  ///< "aws"
  std::string_view url;   ///< of the bundle; empty: not known
  std::span<const std::string_view> regions;
};
[[nodiscard]] std::span<const RdsPartition> rds_partitions();
[[nodiscard]] const RdsPartition* find_rds_partition(std::string_view name);

/// Of a CA of RDS, by its name: "Amazon RDS eu-west-1 Root CA RSA2048 G1". Empty for others: those of all
/// regions, of RDS's previews, of RDS Proxy.
[[nodiscard]] std::string region_of_ca(const X509& certificate);

[[nodiscard]] bool has_expired(const X509& certificate, base::WallTime now);

/// The regions that these have a CA for; with `valid_at`, one that has not expired then.
[[nodiscard]] std::set<std::string> regions_of(const net::PemCertificates& bundle,
                                               std::optional<base::WallTime> valid_at = std::nullopt);

/// What fetches the current bundle of a partition, for people: "`rolegate ca update` downloads the current
/// one."
[[nodiscard]] std::string how_to_update(std::string_view partition);

enum class BundleErrc { ca_bundle_refused, ca_bundle_unavailable };
[[nodiscard]] std::string_view code_name(BundleErrc code);

/// Whether a download may take the place of the bundle of a partition that has `regions_before`: every entry
/// is a certificate of a CA, each root is one of Amazon RDS by its name, the chain of every other ends in one
/// of these, there is a valid CA for the partition, and no region has lost its last one. This finds the wrong
/// file, not a forger: anybody can make a CA of that name. Against forgers the download's TLS protects.
[[nodiscard]] base::Result<void> check_rds_bundle(std::string_view pem, std::string_view partition,
                                                  const std::set<std::string>& regions_before,
                                                  base::WallTime now);

}  // namespace rolegate::upstream
