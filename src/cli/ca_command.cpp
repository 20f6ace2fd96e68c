#include "cli/ca_command.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/nearest.hpp"
#include "base/partition.hpp"
#include "base/printable.hpp"
#include "cli/error_report.hpp"
#include "cli/query/table_writer.hpp"
#include "cli/usage_error.hpp"
#include "cli/wrap.hpp"
#include "config/read/aws_names.hpp"
#include "login/login.hpp"
#include "net/certificates.hpp"
#include "upstream/ca.hpp"
#include "upstream/ca_places.hpp"
#include "upstream/rds_bundle.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t kLargest = 8 << 20;
/// The time to fetch a new bundle at leisure.
constexpr std::chrono::days kSoon{90};

base::Result<const upstream::RdsPartition*> partition_named(const std::string& name) {
  if (const upstream::RdsPartition* found = upstream::find_rds_partition(name)) return found;
  std::vector<std::string_view> names;
  for (const upstream::RdsPartition& partition : upstream::rds_partitions()) names.push_back(partition.name);
  return base::fail(UsageErrc::wrong_usage, fmt::format("There is no partition {}.", base::printable(name)),
                    fmt::format("Known are {}.", fmt::join(names, ", ")));
}

std::string not_after(const X509& certificate) { return net::time_text(*::X509_get0_notAfter(&certificate)); }

json::object list_json(const upstream::RdsBundle& bundle, const net::PemCertificates& read,
                       base::WallTime now) {
  json::array certificates;
  for (const auto& [x509, text] : read.certificates) {
    certificates.push_back({{"subject", net::subject_of(*x509)},
                            {"region", upstream::region_of_ca(*x509)},
                            {"not_after", not_after(*x509)},
                            {"expired", upstream::has_expired(*x509, now)},
                            {"sha256", net::fingerprint_of(*x509)}});
  }
  return {{"file", bundle.file}, {"certificates", std::move(certificates)}};
}

void write_list(Output& out, const upstream::RdsBundle& bundle, const net::PemCertificates& read) {
  out.write(base::printable(bundle.file) + "\n\n");
  TableWriter table(out);
  table.begin_result({{"subject"}, {"region"}, {"not after"}, {"SHA-256"}});
  for (const auto& [x509, text] : read.certificates) {
    const std::string subject = net::subject_of(*x509);
    const std::string region = upstream::region_of_ca(*x509);
    const std::string ends = not_after(*x509);
    const std::string fingerprint = net::fingerprint_of(*x509);
    const std::vector<Cell> cells{subject, region, ends, fingerprint};
    table.row(cells);
  }
  table.end_result(read.certificates.size());
}

/// The region that may be meant by one that nobody knows; empty when it is known, or like none.
std::string_view misspelt(std::string_view region, std::string_view partition,
                          const std::set<std::string>& present) {
  std::vector<std::string_view> known(present.begin(), present.end());
  if (const upstream::RdsPartition* found = upstream::find_rds_partition(partition))
    known.insert(known.end(), found->regions.begin(), found->regions.end());
  if (std::ranges::find(known, region) != known.end()) return {};
  return base::nearest(region, known);
}

/// Says what the bundle of one partition has for `wanted`; true when it is all there.
bool check(Context& context, std::string_view partition, const std::set<std::string>& wanted) {
  const auto write = [&](const std::string& text) {
    context.out.write(wrapped(text, 2, context.out.style()) + "\n");
  };
  const auto bundle = upstream::find_rds_bundle(context.environment, partition);
  if (!bundle) {
    write(fmt::format("{}: {}", partition, base::printable(bundle.error().text())));
    return false;
  }
  const base::WallTime now = context.clock.now();
  const net::PemCertificates read = net::read_pem_certificates(bundle->pem);
  const std::set<std::string> present = upstream::regions_of(read, now);
  std::vector<std::string> missing;
  std::ranges::set_difference(wanted, present, std::back_inserter(missing));
  std::vector<std::string> ending;
  for (const auto& [x509, text] : read.certificates) {
    if (!upstream::has_expired(*x509, now) && upstream::has_expired(*x509, now + kSoon))
      ending.push_back(fmt::format("{} ({})", net::subject_of(*x509), not_after(*x509)));
  }
  write(fmt::format("{}: {}, {} certificates", partition, base::printable(bundle->file),
                    read.certificates.size()));
  for (const auto& [entry, line, reason] : read.faults)
    write(fmt::format("  entry {} (line {}) is no certificate: {}", entry, line, reason));
  if (!ending.empty())
    write(fmt::format("  expires within {} days: {}", kSoon.count(), fmt::join(ending, ", ")));
  if (missing.empty()) {
    write(fmt::format("  a valid CA for {}", wanted.size() == 1
                                                 ? *wanted.begin()
                                                 : fmt::format("each of {} regions", wanted.size())));
  } else {
    write(fmt::format("  no valid CA for {}. {}", fmt::join(missing, ", "),
                      upstream::how_to_update(partition)));
    for (const std::string& region : missing) {
      if (const std::string_view meant = misspelt(region, partition, present); !meant.empty())
        write(fmt::format("  {} is no region that is known. Did you mean {}?", region, meant));
    }
  }
  return missing.empty() && read.faults.empty();
}

constexpr std::string_view kOtherWay = "Download the bundle in another way, and name the file with --from.";

/// What is to become the bundle, unchecked.
base::Result<std::string> fetch(Context& context, const std::string& source) {
  if (!source.starts_with("https://") && !source.starts_with("http://"))
    return base::read_file(source, kLargest);
  if (source.starts_with("http://")) {
    return base::fail(UsageErrc::wrong_usage, "A bundle of CAs is not taken over a connection without TLS.",
                      "Name an address that begins with https://, or a file.");
  }
  aws::HttpRequest request;
  request.method = "GET";
  request.url = source;
  auto response = context.http().send(
      request, base::Deadline::in(context.options.timeout.value_or(login::kDefaultTimeout)));
  if (!response) {
    response.error().hint = fmt::format("Check the network and AWS_CA_BUNDLE. {}", kOtherWay);
    return std::unexpected(std::move(response.error()));
  }
  if (response->status == 200) return std::move(response->body);
  return base::fail(
      upstream::BundleErrc::ca_bundle_unavailable,
      fmt::format("{} answered with HTTP status {}.", base::printable(source), response->status),
      std::string(kOtherWay));
}

/// Where a file that is to replace `place` goes: a link stays, and leads to it.
std::filesystem::path resolved(const std::string& place) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(place, error);
  auto real = std::filesystem::weakly_canonical(whole, error);
  return error ? whole : real;
}

base::Result<void> keep(const std::string& place, std::string_view pem) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(place).parent_path();
  std::error_code error;
  // Whatever the umask, what root keeps is for everybody.
  if (fs::create_directories(folder, error) && !error)
    fs::permissions(folder, fs::perms{0755}, fs::perm_options::replace, error);
  if (error) {
    return base::fail(base::FileErrc::unwritable,
                      fmt::format("The folder of {} cannot be made: {}.", place, error.message()));
  }
  return base::replace_file(place, pem, 0644);
}

/// The regions of a partition that what is trusted now has a valid CA for.
std::set<std::string> regions_in_use(Context& context, std::string_view partition) {
  const auto bundle = upstream::find_rds_bundle(context.environment, partition);
  if (!bundle) return {};
  std::set<std::string> regions =
      upstream::regions_of(net::read_pem_certificates(bundle->pem), context.clock.now());
  std::erase_if(regions, [&](const std::string& region) {
    return base::partition_of_region(region).name != partition;
  });
  return regions;
}

/// "SUBJECT, SHA-256 …" of each certificate that the present file has not.
std::vector<std::string> new_fingerprints(const net::PemCertificates& present,
                                          const net::PemCertificates& next) {
  std::set<std::string> known;
  for (const auto& [x509, text] : present.certificates) known.insert(net::fingerprint_of(*x509));
  std::vector<std::string> lines;
  for (const auto& [x509, text] : next.certificates) {
    const std::string fingerprint = net::fingerprint_of(*x509);
    if (!known.contains(fingerprint))
      lines.push_back(fmt::format("{}, SHA-256 {}", net::subject_of(*x509), fingerprint));
  }
  return lines;
}

base::Result<void> update(Context& context, const CaUpdateArguments& arguments) {
  const auto partition = partition_named(arguments.partition);
  if (!partition) return std::unexpected(partition.error());
  const std::string source = arguments.from.empty() ? std::string((*partition)->url) : arguments.from;
  if (source.empty()) {
    return base::fail(upstream::BundleErrc::ca_bundle_unavailable,
                      fmt::format("Where Amazon publishes the CAs of {} is not known.", arguments.partition),
                      "Name the address or a file with --from.");
  }
  const std::string kept_place =
      upstream::kept_bundle_place(context.environment, arguments.partition, ::geteuid() == 0);
  if (kept_place.empty()) {
    return base::fail(base::FileErrc::unwritable, "There is no folder to keep the bundle in.",
                      "Set HOME, XDG_DATA_HOME or ROLEGATE_RDS_CA_BUNDLE.");
  }
  const std::string place = resolved(kept_place);
  const auto pem = fetch(context, source);
  if (!pem) return std::unexpected(pem.error());
  const base::WallTime now = context.clock.now();
  // The file that is replaced may be other partitions' too.
  const std::string replaced = base::read_file(place, kLargest).value_or("");
  const net::PemCertificates present = net::read_pem_certificates(replaced);
  std::set<std::string> before = regions_in_use(context, arguments.partition);
  before.merge(upstream::regions_of(present, now));
  if (auto checked = upstream::check_rds_bundle(*pem, arguments.partition, before, now); !checked)
    return checked;
  if (auto kept = keep(place, *pem); !kept) return kept;

  const net::PemCertificates read = net::read_pem_certificates(*pem);
  std::vector<std::string> added;
  std::ranges::set_difference(upstream::regions_of(read, now), before, std::back_inserter(added));
  context.out.write(wrapped(fmt::format("{}: {} certificates from {}. {}", base::printable(place),
                                        read.certificates.size(), base::printable(source),
                                        added.empty() ? std::string("No region is new.")
                                                      : fmt::format("New: {}.", fmt::join(added, ", "))),
                            2, context.out.style()) +
                    "\n");
  // Nobody has vouched for a file or a mirror: these are to be compared with what Amazon says.
  if (!arguments.from.empty()) {
    for (const std::string& line : new_fingerprints(present, read)) context.out.write(line + "\n");
  }
  return {};
}

}  // namespace

ExitStatus run(Context& context, const CaListArguments& arguments) {
  const auto partition = partition_named(arguments.partition);
  if (!partition) return report(context.err, partition.error(), arguments.json);
  const auto bundle = upstream::find_rds_bundle(context.environment, arguments.partition);
  if (!bundle) return report(context.err, bundle.error(), arguments.json);
  const net::PemCertificates read = net::read_pem_certificates(bundle->pem);
  if (arguments.json) {
    context.out.write(json::serialize(list_json(*bundle, read, context.clock.now())) + "\n");
  } else {
    write_list(context.out, *bundle, read);
  }
  return ExitStatus::done;
}

ExitStatus run(Context& context, const CaCheckArguments& arguments) {
  std::map<std::string_view, std::set<std::string>> wanted;  // by partition
  for (const std::string& region : arguments.regions) {
    if (const auto fault = config::check_region(region)) {
      return report(context.err, base::make_error(UsageErrc::wrong_usage, fault->message, fault->remedy));
    }
    wanted[base::partition_of_region(region).name].insert(region);
  }
  if (arguments.regions.empty()) {
    for (const upstream::RdsPartition& partition : upstream::rds_partitions()) {
      if (partition.name == "aws" || !regions_in_use(context, partition.name).empty())
        wanted[partition.name].insert(partition.regions.begin(), partition.regions.end());
    }
  }
  bool complete = true;
  for (const auto& [partition, regions] : wanted) complete = check(context, partition, regions) && complete;
  return complete ? ExitStatus::done : ExitStatus::failed;
}

ExitStatus run(Context& context, const CaUpdateArguments& arguments) {
  if (auto updated = update(context, arguments); !updated) return report(context.err, updated.error());
  return ExitStatus::done;
}

}  // namespace rolegate::cli
