#include "gateway/mysql_greetings.hpp"

#include <tuple>
#include <utility>

#include "wire/mysql/capabilities.hpp"

namespace rolegate::gateway {
namespace {

bool same(const wire::mysql::Greeting& one, const wire::mysql::Greeting& other) {
  const auto lasting = [](const wire::mysql::Greeting& greeting) {
    return std::tie(greeting.server_version, greeting.capabilities, greeting.character_set, greeting.status,
                    greeting.auth_plugin);
  };
  return lasting(one) == lasting(other);
}

bool leads_to_the_same(const config::Database& one, const config::Database& other) {
  const auto server = [](const config::Uri& uri) {
    return uri.connect_to.value_or(config::HostPort{uri.host, uri.port_or_default()});
  };
  return server(one.uri) == server(other.uri);
}

}  // namespace

MysqlGreetings::MysqlGreetings(net::EventLoop& home, base::CallPool& pool)
    : MysqlGreetings(home, [&home, &pool](const config::Database& database, Answer answer) -> Question {
        return std::make_shared<GreetingQuestion>(home, pool, database, std::move(answer));
      }) {}

MysqlGreetings::MysqlGreetings(net::EventLoop& home, Ask ask) : home_(home), ask_(std::move(ask)) {}

wire::mysql::Greeting MysqlGreetings::of_unknown() {
  wire::mysql::Greeting greeting;
  greeting.server_version = "8.0.0-rolegate";
  // What every server of the last decades has.
  using namespace wire::mysql;
  greeting.capabilities = kLongPassword | kFoundRows | kLongFlag | kConnectWithDb | kLocalFiles |
                          kIgnoreSpace | kProtocol41 | kInteractive | kTransactions | kSecureConnection |
                          kMultiStatements | kMultiResults | kPsMultiResults | kPluginAuth;
  return greeting;
}

// What is known.

void MysqlGreetings::put(const config::DirectoryEntry& served) {
  const std::string& name = served.database->name;
  if (served.database->uri.engine != config::Engine::mysql) return erase(name);
  {
    const std::lock_guard lock(mutex_);
    const CommonGreeting::Rank rank(served);
    const auto [place, added] = entries_.try_emplace(name, Entry{served.database, rank, {}, false, {}});
    Entry& entry = place->second;
    if (entry.greeting) common_.erase(entry.rank);
    if (!leads_to_the_same(*entry.database, *served.database)) entry.greeting.reset();
    entry.database = served.database;
    entry.rank = rank;
    if (entry.greeting) common_.put(rank, *entry.greeting);
    if (needed_ && !entry.greeting) line_up(name, entry);
  }
  home_.post([this, name] { drop_question(name); });
}

void MysqlGreetings::erase(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    if (found->second.greeting) common_.erase(found->second.rank);
    entries_.erase(found);
  }
  home_.post([this, name] { drop_question(name); });
}

void MysqlGreetings::learned(const config::DatabasePtr& database, wire::mysql::Greeting greeting) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(database->name);
  if (found == entries_.end() || found->second.database != database) return;
  Entry& entry = found->second;
  if (entry.greeting && same(*entry.greeting, greeting)) return;
  common_.put(entry.rank, greeting);
  entry.greeting = std::move(greeting);
}

std::optional<wire::mysql::Greeting> MysqlGreetings::at_listener(const std::string& database) const {
  const std::lock_guard lock(mutex_);
  if (database.empty()) return common_.value();
  const auto found = entries_.find(database);
  return found == entries_.end() ? std::nullopt : found->second.greeting;
}

bool MysqlGreetings::is_known(const std::string& database) const {
  if (database.empty()) return common_.value().has_value();
  const auto found = entries_.find(database);
  return found != entries_.end() && found->second.greeting;
}

std::string MysqlGreetings::only_database() const {
  const std::lock_guard lock(mutex_);
  return entries_.size() == 1 ? entries_.begin()->first : std::string();
}

std::size_t MysqlGreetings::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size() + line_.size();
}

// Asking.

void MysqlGreetings::set_needed(bool needed) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(needed_, needed) == needed || !needed) return;
    for (auto& [name, entry] : entries_) {
      if (!entry.greeting) line_up(name, entry);
    }
  }
  home_.post([this] { ask_next(); });
}

void MysqlGreetings::line_up(const std::string& name, Entry& entry) {
  if (std::exchange(entry.asking, true)) return;
  line_.push_back(name);
}

void MysqlGreetings::ask_next() {
  while (asked_.size() < kAskedAtOnce) {
    const config::DatabasePtr next = take_next();
    if (!next) break;
    ask(next);
  }
}

void MysqlGreetings::ask(const config::DatabasePtr& database) {
  Question question = ask_(*database, [this, database](std::optional<wire::mysql::Greeting> greeting) {
    answered(database, std::move(greeting));
  });
  asked_[database->name] = {database, std::move(question)};
}

/// Null: there is none.
config::DatabasePtr MysqlGreetings::take_next() {
  const std::lock_guard lock(mutex_);
  while (!line_.empty()) {
    const std::string name = std::move(line_.front());
    line_.pop_front();
    const auto found = entries_.find(name);
    if (found == entries_.end() || asked_.contains(name)) continue;
    Entry& entry = found->second;
    entry.asking = entry.asking && !entry.greeting;  // a login may have been first
    if (!entry.asking) continue;
    entry.ask_again = home_.now() + kAskAgain;
    return entry.database;
  }
  return nullptr;
}

/// When the database that is being asked is there no more, or is another one now.
void MysqlGreetings::drop_question(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    const auto asked = asked_.find(name);
    const bool gone = found == entries_.end();
    if (asked != asked_.end() && (gone || found->second.database != asked->second.database)) {
      asked_.erase(asked);
      if (!gone && found->second.asking) line_.push_back(name);
    }
  }
  ask_next();
  release_waiting();
}

void MysqlGreetings::answered(const config::DatabasePtr& database,
                              std::optional<wire::mysql::Greeting> greeting) {
  asked_.erase(database->name);
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(database->name);
    // Another one may be served by that name since.
    if (found != entries_.end() && found->second.database == database) found->second.asking = false;
  }
  if (greeting) learned(database, std::move(*greeting));
  ask_next();
  release_waiting();
}

// Clients that wait.

void MysqlGreetings::when_settled(const std::string& database, net::Mailbox::Address address,
                                  net::EventLoop::Task task) {
  home_.post([this, database, address = std::move(address), task = std::move(task)]() mutable {
    await(database, address, std::move(task));
  });
}

void MysqlGreetings::await(const std::string& database, const net::Mailbox::Address& address,
                           net::EventLoop::Task task) {
  if (database.empty()) {
    line_up_all();
    ask_next();
  } else if (const config::DatabasePtr own = take(database)) {
    ask(own);
  }
  if (is_settled(database)) return address.send(std::move(task));
  const auto place = waiting_.emplace(waiting_.end(), home_, database, address, std::move(task));
  place->limit.in(kClientWaits, [this, place] {
    place->address.send(std::move(place->task));
    waiting_.erase(place);
  });
}

/// However many clients come, the databases are walked through once in a while only.
void MysqlGreetings::line_up_all() {
  const std::lock_guard lock(mutex_);
  const auto now = home_.now();
  if (common_.value() || now < ask_all_again_) return;
  ask_all_again_ = now + kAskAgain;
  for (auto& [name, entry] : entries_) {
    if (now >= entry.ask_again) line_up(name, entry);
  }
}

/// The database that a client waits for is asked out of turn. Null: there is nothing to ask it, or not now.
config::DatabasePtr MysqlGreetings::take(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || asked_.contains(name)) return nullptr;
  Entry& entry = found->second;
  const auto now = home_.now();
  if (entry.greeting || now < entry.ask_again) return nullptr;
  entry.asking = true;
  entry.ask_again = now + kAskAgain;
  return entry.database;
}

bool MysqlGreetings::is_settled(const std::string& database) const {
  const std::lock_guard lock(mutex_);
  if (is_known(database)) return true;
  if (database.empty()) return asked_.empty() && line_.empty();
  const auto found = entries_.find(database);
  return found == entries_.end() || !found->second.asking;
}

void MysqlGreetings::release_waiting() {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const auto place = next++;
    if (!is_settled(place->database)) continue;
    place->address.send(std::move(place->task));
    waiting_.erase(place);
  }
}

}  // namespace rolegate::gateway
