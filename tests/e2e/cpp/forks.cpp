// Logs in on both sides of fork(). Usage: forks CONFIG DATABASE after|idle|during|often LAB_ENDPOINT
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <rolegate/rolegate.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "lab_admin.hpp"

namespace {

using ClientPtr = std::unique_ptr<rolegate::Client>;

/// How `work` ended in a child: "0", another exit status, or "signal N" (14: it took too long).
std::string in_a_child(const std::function<void()>& work) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    try {
      work();
      ::_exit(0);
    } catch (const std::exception& error) {
      std::cerr << error.what() << std::endl;
      ::_exit(3);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return std::to_string(WEXITSTATUS(status));
}

/// A login, a session, and the end of the client.
void use_and_close(ClientPtr& client, const std::string& database) {
  (void)client->login(database);
  (void)client->connect_postgresql(database);
  client.reset();
}

std::string after(ClientPtr& client, const std::string& database) {
  (void)client->login(database);
  std::string child = in_a_child([&] {
    // A grandchild, too, before and after its parent has closed.
    if (in_a_child([&] { use_and_close(client, database); }) != "0") throw std::runtime_error("a grandchild");
    use_and_close(client, database);
    if (in_a_child([] {}) != "0") throw std::runtime_error("a grandchild without a client");
  });
  use_and_close(client, database);
  return child;
}

/// The child only lets go.
std::string idle(ClientPtr& client, const std::string& database) {
  (void)client->login(database);
  std::string child = in_a_child([&] { client.reset(); });
  use_and_close(client, database);
  return child;
}

/// Another thread is waiting for AWS at the moment of the fork: what asks for it is a thread of the library
/// that the child will not have.
std::string during(ClientPtr& client, const std::string& database, LabAdmin& lab) {
  std::atomic<bool> answered{false};
  std::thread other([&] {
    (void)client->login(database);
    answered = true;
  });
  const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (lab.calls("sts:AssumeRole") == 0 && std::chrono::steady_clock::now() < bound)
    std::this_thread::yield();
  const bool asked = lab.calls("sts:AssumeRole") == 1;
  std::string child = in_a_child([&] {
    if (!asked || answered) throw std::runtime_error("forked at another moment");
    use_and_close(client, database);
  });
  other.join();
  use_and_close(client, database);
  return child;
}

/// Forks while threads log in without a pause, the very first time included.
std::string often(ClientPtr& client, const std::string& database) {
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!over) (void)client->connect_postgresql(database);
    });
  }
  std::string child = "0";
  for (int i = 0; i < 40 && child == "0"; ++i) {
    child = in_a_child([&] {
      (void)client->login(database);
      client.reset();
    });
  }
  over = true;
  for (auto& thread : threads) thread.join();
  use_and_close(client, database);
  return child;
}

}  // namespace

int main(int, char** argv) {
  const std::string database = argv[2];
  const std::string mode = argv[3];
  LabAdmin lab(argv[4]);
  rolegate::Options options;
  options.config_file = argv[1];
  auto client = std::make_unique<rolegate::Client>(std::move(options));
  std::string child;
  if (mode == "after") child = after(client, database);
  if (mode == "idle") child = idle(client, database);
  if (mode == "often") child = often(client, database);
  if (mode == "during") child = during(client, database, lab);
  std::cout << "{\"child\": \"" << child << "\", \"parent\": \"0\"}\n";
}
