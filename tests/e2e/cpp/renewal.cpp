// Role credentials in use are renewed before their 10 minutes are over, in the background, and no login
// waits. Usage: renewal CONFIG DATABASE LAB_ENDPOINT
#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

#include <rolegate/rolegate.hpp>

#include "lab_admin.hpp"

using std::chrono::seconds;
using std::chrono::steady_clock;

int main(int, char** argv) {
  LabAdmin lab(argv[3]);
  std::atomic<long> offset{0};
  rolegate::Options options;
  options.config_file = argv[1];
  options.clock = [&] { return std::chrono::system_clock::now() + seconds(offset.load()); };
  rolegate::Client client(std::move(options));

  (void)client.login(argv[2]);
  // Close to the end of the TTL, and STS takes five seconds to answer: a login that waited for it would show.
  lab.faults(R"([{"operation": "sts:AssumeRole", "times": null, "fault": {"delay": 5}}])");
  offset = 590;
  lab.shift_clock(590);

  long logins = 0;
  long waited = 0;
  const auto bound = steady_clock::now() + seconds(60);
  while (lab.calls("sts:AssumeRole") < 2 && steady_clock::now() < bound) {
    const auto start = steady_clock::now();
    (void)client.login(argv[2]);
    if (steady_clock::now() - start > seconds(2)) ++waited;
    ++logins;
    std::this_thread::yield();
  }
  std::cout << "{\"assume_role_calls_after_renewal\": " << lab.calls("sts:AssumeRole")
            << ", \"logins_while_sts_is_slow\": " << logins << ", \"logins_that_waited\": " << waited
            << "}\n";
}
