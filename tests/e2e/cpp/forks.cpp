// Logs in on both sides of fork(). Usage: forks CONFIG DATABASE after|idle|during|often
#include <atomic>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <rolegate/rolegate.hpp>
#include <sys/wait.h>
#include <unistd.h>

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

/// Another thread is waiting for AWS at the moment of the fork.
std::string during(ClientPtr& client, const std::string& database, const std::function<void()>& under_way) {
  std::thread other([&] { (void)client->login(database); });
  under_way();
  std::string child = in_a_child([&] { use_and_close(client, database); });
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
  std::mutex mutex;
  std::condition_variable asked;
  bool credentials_given = false;
  rolegate::Options options;
  options.config_file = argv[1];
  options.credential_provider = [&] {
    rolegate::AwsCredentials credentials;
    credentials.access_key_id = "AKIALABSUPERSET00001";
    credentials.secret_access_key = rolegate::Secret("labSupersetSecret/+000000000000000000001");
    const std::lock_guard<std::mutex> lock(mutex);
    credentials_given = true;
    asked.notify_all();
    return credentials;
  };
  auto client = std::make_unique<rolegate::Client>(std::move(options));
  std::string child;
  if (mode == "after") child = after(client, database);
  if (mode == "idle") child = idle(client, database);
  if (mode == "often") child = often(client, database);
  if (mode == "during") {
    child = during(client, database, [&] {
      std::unique_lock<std::mutex> lock(mutex);
      asked.wait(lock, [&] { return credentials_given; });
      lock.unlock();
      // From here on the call to AWS is made, by a thread of the library that the child will not have.
      ::usleep(200'000);
    });
  }
  std::cout << "{\"child\": \"" << child << "\", \"parent\": \"0\"}\n";
}
