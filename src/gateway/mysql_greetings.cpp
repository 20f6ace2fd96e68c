#include "gateway/mysql_greetings.hpp"

#include <algorithm>
#include <utility>

#include "net/dialer.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/mysql_handshake.hpp"
#include "upstream/resolve.hpp"
#include "wire/mysql/capabilities.hpp"

namespace rolegate::gateway {
namespace {

/// A greeting comes at once or not at all; a client that waits for it has ten seconds.
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::seconds kAskAgain{5};

wire::mysql::ClientLogin::Settings greeting_only() {
  wire::mysql::ClientLogin::Settings settings;
  settings.greeting_only = true;
  return settings;
}

}  // namespace

/// One database being asked. Lives on home_'s thread, but for the look-up of its name.
class MysqlGreetings::Question {
 public:
  using Answer = std::move_only_function<void(std::optional<wire::mysql::Greeting>)>;

  Question(net::EventLoop& loop, login::CallPool& pool, const config::Database& database, Answer answer)
      : loop_(loop),
        deadline_(loop.now() + kPatience),
        answer_(std::move(answer)),
        self_(std::make_shared<Question*>(this)),
        handshake_(greeting_only()) {
    const config::HostPort to =
        database.uri.connect_to.value_or(config::HostPort{database.uri.host, database.uri.port_or_default()});
    timer_ = loop_.at(deadline_ + std::chrono::seconds(1), [this] { finish(std::nullopt); });
    pool.submit(database.name, login::CallPool::Urgency::renewal,
                [self = self_, &home = loop_, to, deadline = base::Deadline(deadline_)] {
                  auto addresses = upstream::resolve(to.host, to.port, deadline);
                  home.post([self, port = to.port, addresses = std::move(addresses)]() mutable {
                    if (*self == nullptr) return;
                    if (!addresses) return (*self)->finish(std::nullopt);
                    (*self)->dial(std::move(*addresses), port);
                  });
                });
  }
  ~Question() {
    *self_ = nullptr;
    loop_.cancel(timer_);
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

 private:
  void dial(std::vector<std::string> addresses, std::uint16_t port) {
    dialer_ = std::make_unique<net::Dialer>(
        loop_, std::move(addresses), port, deadline_,
        [this](std::expected<net::Dialer::Connected, net::Dialer::Unreachable> connection) {
          if (!connection) return finish(std::nullopt);
          driver_ = std::make_unique<upstream::HandshakeDriver>(
              loop_, net::Stream(std::move(connection->socket)), handshake_, upstream::TlsTarget{},
              [this](upstream::HandshakeDriver::Outcome outcome) {
                finish(outcome == upstream::HandshakeDriver::Outcome::ready ? handshake_.greeting()
                                                                            : std::nullopt);
              });
          driver_->start();
        });
  }

  /// Not at once: driver and dialer may be on the stack, and the answer ends this object.
  void finish(std::optional<wire::mysql::Greeting> greeting) {
    loop_.cancel(timer_);
    timer_ = loop_.in(std::chrono::milliseconds(0), [this, greeting = std::move(greeting)]() mutable {
      Answer answer = std::move(answer_);
      answer(std::move(greeting));
    });
  }

  net::EventLoop& loop_;
  const base::SteadyTime deadline_;
  Answer answer_;
  std::shared_ptr<Question*> self_;
  net::EventLoop::TimerId timer_{};
  upstream::MysqlHandshake handshake_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<upstream::HandshakeDriver> driver_;
};

MysqlGreetings::MysqlGreetings(net::EventLoop& home, login::CallPool& pool) : home_(home), pool_(pool) {}
MysqlGreetings::~MysqlGreetings() = default;

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

void MysqlGreetings::learned(const std::string& database, wire::mysql::Greeting greeting) {
  const std::lock_guard lock(mutex_);
  entries_[database].greeting = std::move(greeting);
}

std::optional<wire::mysql::Greeting> MysqlGreetings::common(const std::vector<std::string>& databases) const {
  std::optional<wire::mysql::Greeting> common;
  const std::lock_guard lock(mutex_);
  for (const std::string& database : databases) {
    const auto found = entries_.find(database);
    if (found == entries_.end() || !found->second.greeting) continue;
    if (!common) {
      common = found->second.greeting;
    } else {
      common->capabilities &= found->second.greeting->capabilities;
    }
  }
  return common;
}

void MysqlGreetings::ask(const config::Snapshot& snapshot, const std::vector<std::string>& databases) {
  const auto now = std::chrono::steady_clock::now();
  for (const std::string& name : databases) {
    const config::DirectoryEntry* const found = snapshot.databases.find(name);
    if (found == nullptr) continue;
    {
      const std::lock_guard lock(mutex_);
      Entry& entry = entries_[name];
      if (entry.greeting || entry.asking || now < entry.asked_at + kAskAgain) continue;
      entry.asking = true;
      entry.asked_at = now;
    }
    home_.post([this, database = found->database] { begin(database); });
  }
}

void MysqlGreetings::begin(const config::DatabasePtr& database) {
  questions_[database->name] = std::make_unique<Question>(
      home_, pool_, *database, [this, name = database->name](std::optional<wire::mysql::Greeting> greeting) {
        answered(name, std::move(greeting));
      });
}

void MysqlGreetings::answered(const std::string& database, std::optional<wire::mysql::Greeting> greeting) {
  questions_.erase(database);
  std::vector<Waiting> ready;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[database];
    entry.asking = false;
    if (greeting) entry.greeting = std::move(greeting);
    std::vector<Waiting> still;
    for (Waiting& one : waiting_) (settled(one.databases) ? ready : still).push_back(std::move(one));
    waiting_ = std::move(still);
  }
  for (Waiting& one : ready) one.loop->post(std::move(one.task));
}

bool MysqlGreetings::settled(const std::vector<std::string>& databases) const {
  bool asking = false;
  for (const std::string& database : databases) {
    const auto found = entries_.find(database);
    if (found == entries_.end()) continue;
    if (found->second.greeting) return true;
    asking = asking || found->second.asking;
  }
  return !asking;
}

void MysqlGreetings::when_settled(const std::vector<std::string>& databases, net::EventLoop& loop,
                                  net::EventLoop::Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (!settled(databases)) {
      waiting_.push_back({databases, &loop, std::move(task)});
      return;
    }
  }
  loop.post(std::move(task));
}

}  // namespace rolegate::gateway
