#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/snapshot.hpp"
#include "login/call_pool.hpp"
#include "net/event_loop.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::gateway {

/// What MySQL databases say first. In MySQL's protocol the server speaks before the client has said anything,
/// so the gateway must know a database's version and capabilities before it is asked for it: it learns them
/// from every login, and before the first one by connecting once, reading the greeting, and closing.
/// Thread-safe.
class MysqlGreetings {
 public:
  /// `home`: the loop on which databases are asked; `pool`: where names are resolved. Both outlive this, and
  /// the loop must have stopped before this goes away.
  MysqlGreetings(net::EventLoop& home, login::CallPool& pool);
  ~MysqlGreetings();
  MysqlGreetings(const MysqlGreetings&) = delete;
  MysqlGreetings& operator=(const MysqlGreetings&) = delete;

  void learned(const std::string& database, wire::mysql::Greeting greeting);

  /// What to greet a client with that may ask for any of these: the first known version, and the capabilities
  /// that all the known ones have in common. Nothing when none is known.
  [[nodiscard]] std::optional<wire::mysql::Greeting> common(const std::vector<std::string>& databases) const;

  /// Asks those that are not known, at most every few seconds each.
  void ask(const config::Snapshot& snapshot, const std::vector<std::string>& databases);
  /// Has `task` done on `loop` when one of them has become known, or none of them is being asked any more.
  void when_settled(const std::vector<std::string>& databases, net::EventLoop& loop,
                    net::EventLoop::Task task);

  /// For a database that nothing is known of, so that its client hears at least why.
  [[nodiscard]] static wire::mysql::Greeting of_unknown();

 private:
  class Question;
  struct Entry {
    std::optional<wire::mysql::Greeting> greeting;
    bool asking = false;
    base::SteadyTime asked_at{};
  };
  struct Waiting {
    std::vector<std::string> databases;
    net::EventLoop* loop;
    net::EventLoop::Task task;
  };

  void begin(const config::DatabasePtr& database);
  void answered(const std::string& database, std::optional<wire::mysql::Greeting> greeting);
  [[nodiscard]] bool settled(const std::vector<std::string>& databases) const;

  net::EventLoop& home_;
  login::CallPool& pool_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::vector<Waiting> waiting_;
  std::map<std::string, std::unique_ptr<Question>> questions_;  ///< on home_'s thread only
};

}  // namespace rolegate::gateway
