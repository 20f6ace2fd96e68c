// STS goes down: what is still valid goes on being used, what has expired is not. Usage: sts_down CONFIG
// DATABASE LAB_ENDPOINT
#include <atomic>
#include <chrono>
#include <iostream>

#include <rolegate/rolegate.hpp>

#include "lab_admin.hpp"

int main(int, char** argv) {
  LabAdmin lab(argv[3]);
  std::atomic<long> offset{0};
  rolegate::Options options;
  options.config_file = argv[1];
  options.clock = [&] { return std::chrono::system_clock::now() + std::chrono::seconds(offset.load()); };
  rolegate::Client client(std::move(options));
  const auto outcome = [&](long seconds) -> std::string {
    offset = seconds;
    lab.shift_clock(seconds);
    try {
      (void)client.login(argv[2]);
      return "ok";
    } catch (const rolegate::Error& error) {
      return error.code();
    }
  };

  (void)client.login(argv[2]);
  lab.faults(
      R"([{"operation": "sts:AssumeRole", "times": null, "fault": {"status": 503, "code": "ServiceUnavailable"}}])");
  // The session lasts an hour, the cache's TTL ten minutes.
  const std::string valid = outcome(1800);
  const std::string expired = outcome(3700);
  std::cout << "{\"while_valid\": \"" << valid << "\", \"after_expiry\": \"" << expired << "\"}\n";
}
