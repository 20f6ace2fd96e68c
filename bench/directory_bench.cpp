// What it costs to change one database of the directory, and to find one, with 10 and with 10,000 of them.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include "config/difference.hpp"
#include "config/directory.hpp"

namespace {

using namespace rolegate;

std::string name(std::int64_t number) { return "database-" + std::to_string(number); }

config::Database database(std::int64_t number) {
  config::Database made;
  made.name = name(number);
  made.uri.host = "orders.cluster-cabcdefghijk.eu-west-1.rds.amazonaws.com";
  made.uri.database = "app";
  made.aws_iam.emplace();
  made.aws_iam->region = "eu-west-1";
  made.aws_iam->role_arn = "arn:aws:iam::222222222222:role/SupersetDatabaseAccess";
  made.aws_iam->db_username = "app_rw";
  return made;
}

void fill(config::Directory& directory, std::int64_t databases) {
  config::Config config;
  for (std::int64_t number = 0; number < databases; ++number) config.databases.push_back(database(number));
  const auto before = directory.snapshot();
  (void)directory.publish(before,
                          std::make_shared<const config::Snapshot>(before->reloaded(std::move(config))));
}

/// Makes the snapshot with one other database, compares the two, publishes it and lets the earlier one go.
void PublishOneChange(benchmark::State& state) {
  config::Directory directory;
  fill(directory, state.range(0));
  std::int64_t round = 0;
  for (auto _ : state) {
    config::Database changed = database(round % state.range(0));
    changed.uri.connect_timeout = std::chrono::seconds(++round);
    const auto before = directory.snapshot();
    auto after = std::make_shared<const config::Snapshot>(before->with(std::move(changed)));
    const config::Difference difference = config::difference(*before, *after);
    if (difference.changed.size() != 1 || !directory.publish(before, std::move(after))) {
      state.SkipWithError("not one database has changed");
      break;
    }
  }
}
BENCHMARK(PublishOneChange)->Arg(10)->Arg(10'000);

void FindDatabase(benchmark::State& state) {
  config::Directory directory;
  fill(directory, state.range(0));
  const std::string wanted = name(state.range(0) / 2);
  for (auto _ : state) {
    const auto snapshot = directory.snapshot();
    auto found = snapshot->databases.find(wanted)->database;
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(FindDatabase)->Arg(10)->Arg(10'000);

}  // namespace
