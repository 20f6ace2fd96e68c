// Asks for logins from many threads at once on a cold cache. Usage: many_threads CONFIG DATABASE[,DATABASE]
// THREADS
#include <atomic>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <rolegate/rolegate.hpp>

int main(int, char** argv) {
  rolegate::Options options;
  options.config_file = argv[1];
  rolegate::Client client(std::move(options));
  std::vector<std::string> databases;
  std::istringstream list(argv[2]);
  for (std::string name; std::getline(list, name, ',');) databases.push_back(name);
  const int count = std::stoi(argv[3]);

  std::mutex mutex;
  std::condition_variable all_here;
  int waiting = 0;
  std::atomic<int> failures{0};
  std::set<std::string> principals;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      {
        std::unique_lock<std::mutex> lock(mutex);
        ++waiting;
        all_here.notify_all();
        all_here.wait(lock, [&] { return waiting == count; });
      }
      try {
        const rolegate::Login login = client.login(databases[static_cast<std::size_t>(i) % databases.size()]);
        const std::lock_guard<std::mutex> lock(mutex);
        principals.insert(login.role_arn);
      } catch (const rolegate::Error& error) {
        ++failures;
        const std::lock_guard<std::mutex> lock(mutex);
        std::cerr << error.what() << "\n";
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::cout << "{\"logins\": " << count << ", \"failures\": " << failures
            << ", \"distinct_principals\": " << principals.size() << "}\n";
}
