#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/call_pool.hpp"
#include "base/clock.hpp"
#include "config/database_map.hpp"
#include "gateway/common_greeting.hpp"
#include "gateway/greeting_question.hpp"
#include "net/event_loop.hpp"
#include "net/mailbox.hpp"
#include "net/timer.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::gateway {

/// What the MySQL databases that are served say first. In MySQL's protocol the server speaks before the
/// client has said anything, so the gateway must know a database's version and capabilities before it is
/// asked for it: it learns them from every login, and before the first one by asking for them. Thread-safe.
class MysqlGreetings {
 public:
  /// How many databases are asked at once, when many have to be; the others wait for their turn.
  static constexpr std::size_t kAskedAtOnce = 32;
  /// One that has not answered is asked again after that time at the earliest.
  static constexpr std::chrono::seconds kAskAgain{5};
  /// What a client waits at most for a greeting to become known.
  static constexpr std::chrono::seconds kClientWaits{GreetingQuestion::kPatience + std::chrono::seconds(1)};

  using Answer = GreetingQuestion::Answer;
  /// Asks that database until it is destroyed: see GreetingQuestion.
  using Question = std::shared_ptr<void>;
  using Ask = std::function<Question(const config::Database& database, Answer answer)>;

  /// `home`: the loop on which databases are asked. It outlives this, and must have stopped before this goes
  /// away; so does `pool`, where names are resolved.
  MysqlGreetings(net::EventLoop& home, base::CallPool& pool);
  MysqlGreetings(net::EventLoop& home, Ask ask);
  MysqlGreetings(const MysqlGreetings&) = delete;
  MysqlGreetings& operator=(const MysqlGreetings&) = delete;

  /// It is served from now on, or has changed. Of other engines' databases there is nothing to know.
  void put(const config::DirectoryEntry& entry);
  void erase(const std::string& name);
  /// Whether there is anybody to be greeted. Databases are asked when that begins, and those that come later
  /// when they come.
  void set_needed(bool needed);

  /// What a database says that is not served any more, or is another one by now, does not matter.
  void learned(const config::DatabasePtr& database, wire::mysql::Greeting greeting);

  /// What to greet a client with at the listener of that database, or (empty) at one where clients choose.
  /// Nothing: nothing is known.
  [[nodiscard]] std::optional<wire::mysql::Greeting> at_listener(const std::string& database) const;
  /// Has `task` sent when something is known, or nothing will be: nobody is being asked any more, or that
  /// takes too long. Asks, if nobody has been asked lately.
  void when_settled(const std::string& database, net::Mailbox::Address address, net::EventLoop::Task task);

  /// The MySQL database that is served, if it is the only one; else empty.
  [[nodiscard]] std::string only_database() const;

  /// For a database that nothing is known of, so that its client hears at least why.
  [[nodiscard]] static wire::mysql::Greeting of_unknown();

  /// Of what is kept of databases.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    config::DatabasePtr database;
    CommonGreeting::Rank rank;
    std::optional<wire::mysql::Greeting> greeting;
    bool asking = false;  ///< or waits for its turn to be asked
    base::SteadyTime ask_again{};
  };
  struct Waiting {
    Waiting(net::EventLoop& loop, std::string listener_database, net::Mailbox::Address to,
            net::EventLoop::Task then)
        : database(std::move(listener_database)),
          address(std::move(to)),
          task(std::move(then)),
          limit(loop) {}
    std::string database;
    net::Mailbox::Address address;
    net::EventLoop::Task task;
    net::Timer limit;
  };

  struct Asked {
    config::DatabasePtr database;
    Question question;
  };

  // With the lock held.
  [[nodiscard]] bool is_known(const std::string& database) const;
  void line_up(const std::string& name, Entry& entry);

  // On home_'s thread.
  void await(const std::string& database, const net::Mailbox::Address& address, net::EventLoop::Task task);
  void line_up_all();
  void ask_next();
  void ask(const config::DatabasePtr& database);
  [[nodiscard]] config::DatabasePtr take(const std::string& name);
  [[nodiscard]] config::DatabasePtr take_next();
  void drop_question(const std::string& name);
  void answered(const config::DatabasePtr& database, std::optional<wire::mysql::Greeting> greeting);
  [[nodiscard]] bool is_settled(const std::string& database) const;
  void release_waiting();

  net::EventLoop& home_;
  const Ask ask_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  CommonGreeting common_;
  bool needed_ = false;
  std::deque<std::string> line_;  ///< who is to be asked; may hold names of databases that have gone
  // On home_'s thread only.
  base::SteadyTime ask_all_again_{};  ///< when a client comes who may ask for any of them
  std::map<std::string, Asked> asked_;
  std::list<Waiting> waiting_;
};

}  // namespace rolegate::gateway
