#include "gateway/session/relay.hpp"

#include <array>
#include <future>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/tls_pair.hpp"

/// Of the sanitizers' allocators; null in a program built without.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

namespace rolegate::gateway {
namespace {

constexpr timeval kBound{20, 0};

/// Follows nothing.
struct AnyConversation : Conversation {
  Passed from_client(std::string_view bytes) override { return {bytes, {}, bytes.size()}; }
  void from_database(std::string_view) override {}
  [[nodiscard]] bool at_rest() const override { return false; }
  [[nodiscard]] bool said_goodbye() const override { return false; }
};

/// A relay between two socket pairs, on a loop with a thread of its own; the far ends are the test's.
class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    client_ = make_pair(client_end_);
    database_ = make_pair(database_end_);
  }
  ~RelayTest() override {
    loop_.post([this] {
      relay_.reset();
      loop_.stop();
    });
    if (thread_.joinable()) thread_.join();  // not by a test that was skipped
  }

  void start(std::string to_client = {}, std::string from_client = {}) {
    relay_ = std::make_unique<Relay>(loop_, std::move(client_), std::move(database_), *conversation_, stats_,
                                     [this](Relay::End end) { ended_.set_value(end); });
    loop_.post([this, to_client = std::move(to_client), from_client = std::move(from_client)] {
      relay_->start(to_client, from_client);
    });
    thread_ = std::thread([this] { loop_.run(); });
  }

  template <typename Question>
  auto ask(Question question) {
    std::promise<decltype(question())> answer;
    loop_.post([&] { answer.set_value(question()); });
    return answer.get_future().get();
  }

  Relay::End end() {
    auto future = ended_.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    return future.get();
  }

  static void say(const base::Descriptor& end, std::string_view text) {
    ASSERT_EQ(::send(end.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  static std::string hear(const base::Descriptor& end, std::size_t size) {
    std::string text(size, '\0');
    const ssize_t got = ::recv(end.get(), text.data(), size, MSG_WAITALL);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

  /// From now on the loop does nothing until the promise is kept.
  std::promise<void> hold() {
    std::promise<void> release;
    std::promise<void> held;
    loop_.post([&held, released = release.get_future().share()] {
      held.set_value();
      released.wait();
    });
    held.get_future().wait();
    return release;
  }

  /// After what is ready by then.
  template <typename Question>
  auto in_the_next_round(Question question) {
    std::packaged_task<decltype(question())()> answer(std::move(question));
    auto future = answer.get_future();
    loop_.post([this, answer = std::move(answer)]() mutable {
      loop_.in(std::chrono::milliseconds(0), std::move(answer));
    });
    return future;
  }

  /// What the loop's buffer takes at once.
  [[nodiscard]] std::size_t one_read() { return loop_.buffer().size(); }

  base::Descriptor client_end_;
  base::Descriptor database_end_;
  // What start() has the relay carry between.
  net::Stream client_;
  net::Stream database_;
  std::unique_ptr<Conversation> conversation_ = std::make_unique<AnyConversation>();
  DatabaseStats stats_{"orders", config::Engine::postgresql};
  std::unique_ptr<Relay> relay_;

 private:
  static net::Stream make_pair(base::Descriptor& far) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    far = base::Descriptor(ends[0]);
    EXPECT_EQ(::setsockopt(far.get(), SOL_SOCKET, SO_RCVTIMEO, &kBound, sizeof kBound), 0);
    const int near = ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    EXPECT_EQ(near, 0);
    return net::Stream(base::Descriptor(ends[1]));
  }

  const base::SystemClock clock_;
  net::EventLoop loop_{clock_};
  std::promise<Relay::End> ended_;
  std::thread thread_;
};

TEST_F(RelayTest, CarriesBytesBothWays) {
  start("hello ", "first ");
  say(client_end_, "question");
  EXPECT_EQ(hear(database_end_, 14), "first question");
  say(database_end_, "answer");
  EXPECT_EQ(hear(client_end_, 12), "hello answer");
  EXPECT_EQ(stats_.bytes_to_client.load(), 12U);
  EXPECT_EQ(stats_.bytes_to_database.load(), 14U);
}

TEST_F(RelayTest, ReadsNoMoreThanTheOtherSideTakes) {
  start();
  constexpr std::size_t kMuch = std::size_t{64} << 20;
  std::thread writer([this] {
    const std::string chunk(1 << 20, 'x');
    for (std::size_t sent = 0; sent < kMuch;) {
      const ssize_t put = ::send(database_end_.get(), chunk.data(), chunk.size(), MSG_NOSIGNAL);
      if (put <= 0) return;
      sent += static_cast<std::size_t>(put);
    }
  });
  // Until the client's side is full and something had to be kept.
  while (ask([this] { return relay_->all_delivered(); })) std::this_thread::yield();
  EXPECT_LT(ask([this] { return relay_->bytes_to_client(); }), 4U << 20);
  std::size_t heard = 0;
  while (heard < kMuch) {
    const std::size_t got = hear(client_end_, 1 << 20).size();
    if (got == 0) break;
    heard += got;
  }
  writer.join();
  EXPECT_EQ(heard, kMuch);
}

TEST_F(RelayTest, GivesTheMemoryBackThatASlowReaderTook) {
  start();
  if (__sanitizer_get_current_allocated_bytes == nullptr) GTEST_SKIP() << "allocations are not counted";
  static_cast<void>(ask([this] { return relay_->all_delivered(); }));  // it has started
  const std::size_t before = __sanitizer_get_current_allocated_bytes();
  constexpr std::size_t kMuch = std::size_t{1} << 20;
  std::thread writer([this] { say(database_end_, std::string(kMuch, 'x')); });
  while (ask([this] { return relay_->all_delivered(); })) std::this_thread::yield();
  EXPECT_EQ(hear(client_end_, kMuch).size(), kMuch);
  writer.join();
  EXPECT_TRUE(ask([this] { return relay_->all_delivered(); }));
  EXPECT_LT(__sanitizer_get_current_allocated_bytes(), before + 16384);
}

TEST_F(RelayTest, PassesTheEndOfTheClientOnAndHearsTheDatabaseOut) {
  start();
  say(client_end_, "goodbye");
  ASSERT_EQ(::shutdown(client_end_.get(), SHUT_WR), 0);
  EXPECT_EQ(hear(database_end_, 8), "goodbye");  // and the end, before the eighth byte
  say(database_end_, "the rest");
  EXPECT_EQ(hear(client_end_, 8), "the rest");
  database_end_.close();
  EXPECT_EQ(end(), Relay::End::client_closed);
}

TEST_F(RelayTest, EndsWithTheDatabaseAfterItsLastBytes) {
  start();
  say(database_end_, "FATAL");
  database_end_.close();
  EXPECT_EQ(end(), Relay::End::database_closed);
  EXPECT_EQ(hear(client_end_, 5), "FATAL");
}

TEST_F(RelayTest, DeliversWhatADatabaseSaidBeforeItCouldNotBeWrittenTo) {
  start();
  EXPECT_TRUE(ask([this] { return relay_->all_delivered(); }));  // it waits for both
  std::promise<void> release = hold();
  // The client's words are the first that it will find; writing them is how it learns that the database went.
  say(client_end_, "a question that nobody hears");
  say(database_end_, "57P01");
  database_end_.close();
  release.set_value();
  EXPECT_EQ(end(), Relay::End::database_lost);
  EXPECT_EQ(hear(client_end_, 5), "57P01");
}

TEST_F(RelayTest, NoticesAClientThatIsLost) {
  start();
  client_end_.close();
  const auto said = hear(database_end_, 1);
  EXPECT_EQ(said, "");
  database_end_.close();
  EXPECT_EQ(end(), Relay::End::client_closed);
}

/// Turns '!' into "<exclamation>"; takes nothing behind a '?' until the database has said something.
struct OddConversation final : AnyConversation {
  Passed from_client(std::string_view bytes) override {
    if (waiting) return {};
    const auto odd = bytes.find_first_of("!?");
    if (odd == std::string_view::npos) return {bytes, {}, bytes.size()};
    waiting = bytes[odd] == '?';
    return {bytes.substr(0, odd), waiting ? "?" : "<exclamation>", odd + 1};
  }
  void from_database(std::string_view) override { waiting = false; }
  bool waiting = false;
};

TEST_F(RelayTest, LetsTheConversationDecideWhatTheDatabaseGets) {
  conversation_ = std::make_unique<OddConversation>();
  start({}, "a!");
  say(client_end_, "bc!d");
  EXPECT_EQ(hear(database_end_, 30), "a<exclamation>bc<exclamation>d");
}

TEST_F(RelayTest, HoldsWhatTheConversationDoesNotTakeYet) {
  conversation_ = std::make_unique<OddConversation>();
  start({}, "a?b?");
  say(client_end_, "c");
  EXPECT_EQ(hear(database_end_, 2), "a?");
  say(database_end_, "1");
  EXPECT_EQ(hear(database_end_, 2), "b?");
  say(database_end_, "2");
  EXPECT_EQ(hear(database_end_, 1), "c");
}

TEST_F(RelayTest, DoesNotReadFromAClientThatDoesNotRead) {
  start();
  std::thread answers([this] { say(database_end_, std::string(1 << 20, 'x')); });
  while (ask([this] { return relay_->all_delivered(); })) std::this_thread::yield();
  say(client_end_, "another");
  EXPECT_EQ(ask([this] { return relay_->bytes_to_database(); }), 0U);
  EXPECT_EQ(hear(client_end_, 1 << 20).size(), std::size_t{1} << 20);
  answers.join();
  EXPECT_EQ(hear(database_end_, 7), "another");
}

/// May pass nothing of a '!', and will never know more.
struct StuckConversation final : AnyConversation {
  Passed from_client(std::string_view bytes) override {
    stuck = bytes.starts_with('!');
    return {bytes.substr(0, bytes.find('!')), {}, std::min(bytes.find('!'), bytes.size())};
  }
  [[nodiscard]] bool is_stuck() const override { return stuck; }
  bool stuck = false;
};

TEST_F(RelayTest, EndsWhereTheConversationIsStuck) {
  conversation_ = std::make_unique<StuckConversation>();
  start();
  say(client_end_, "abc!d");
  EXPECT_EQ(end(), Relay::End::not_followed);
  EXPECT_EQ(hear(database_end_, 3), "abc");
}

/// Two records that came together, of which the login has read one.
test::TlsPair half_read() {
  test::TlsPair pair(net::make_client_context());
  EXPECT_EQ(pair.server.write("login").io, net::Stream::Io::done);
  EXPECT_EQ(pair.server.write("session").io, net::Stream::Io::done);
  std::array<char, 5> room{};
  EXPECT_EQ(pair.client.read(room).bytes, room.size());
  return pair;
}

/// Makes a thousand bytes of each.
struct LongConversation final : AnyConversation {
  Passed from_client(std::string_view) override { return {{}, std::string(1000, '#'), 1}; }
};

TEST_F(RelayTest, KeepsLittleOfWhatTheDatabaseDoesNotTake) {
  conversation_ = std::make_unique<LongConversation>();
  start();
  constexpr std::size_t kSaid = std::size_t{64} << 10;
  say(client_end_, std::string(kSaid, '?'));
  const auto passed_on = [this] { return relay_->bytes_to_database(); };
  std::size_t before = 0;
  while (before == 0) before = ask(passed_on);
  for (std::size_t now = ask(passed_on); now != before; now = ask(passed_on)) before = now;
  EXPECT_LT(before, 1U << 20);
  for (std::size_t heard = 0; heard < kSaid * 1000; heard += 1000) {
    ASSERT_EQ(hear(database_end_, 1000).size(), 1000U);
  }
}

TEST_F(RelayTest, GivesOthersATurnWhileTheConversationChangesMuch) {
  conversation_ = std::make_unique<LongConversation>();
  start({}, std::string(Relay::kChangesAtOnce + 1, '?'));
  EXPECT_EQ(ask([this] { return relay_->bytes_to_database(); }), std::size_t{Relay::kChangesAtOnce} * 1000);
  EXPECT_EQ(hear(database_end_, (Relay::kChangesAtOnce + 1) * 1000UL).size(),
            (Relay::kChangesAtOnce + 1) * 1000UL);
}

TEST_F(RelayTest, ReadsOnceOfEachSideInARound) {
  start();
  EXPECT_TRUE(ask([this] { return relay_->all_delivered(); }));  // it waits for both
  const std::size_t much = one_read() + 1;                       // a socket takes more, on either side
  std::promise<void> release = hold();
  say(client_end_, std::string(much, 'x'));
  say(database_end_, std::string(much, 'y'));
  auto carried =
      in_the_next_round([this] { return std::pair(relay_->bytes_to_database(), relay_->bytes_to_client()); });
  release.set_value();
  EXPECT_EQ(carried.get(), std::pair(one_read(), one_read()));
  EXPECT_EQ(hear(database_end_, much).size(), much);
  EXPECT_EQ(hear(client_end_, much).size(), much);
}

TEST_F(RelayTest, BeginsWithWhatTlsHoldsOfTheDatabase) {
  test::TlsPair pair = half_read();
  database_ = std::move(pair.client);
  start();
  EXPECT_EQ(hear(client_end_, 7), "session");
}

TEST_F(RelayTest, BeginsWithWhatTlsHoldsOfTheClient) {
  test::TlsPair pair = half_read();
  client_ = std::move(pair.client);
  start();
  EXPECT_EQ(hear(database_end_, 7), "session");
}

TEST_F(RelayTest, EndsItsSideOfADatabaseInsideTlsAsAClientThatDiedWould) {
  test::TlsPair pair(net::make_client_context());
  database_ = std::move(pair.client);
  start();
  ASSERT_EQ(::shutdown(client_end_.get(), SHUT_WR), 0);
  pollfd readable{pair.server.descriptor(), POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, 20'000), 1);
  char byte = 0;
  EXPECT_EQ(::recv(pair.server.descriptor(), &byte, 1, 0), 0) << "bytes before the end";
}

TEST_F(RelayTest, GivesTheClientBack) {
  start();
  net::Stream client = ask([this] { return relay_->take_client(); });
  EXPECT_EQ(hear(database_end_, 1), "");  // the database's side is closed
  EXPECT_EQ(client.write("last words").io, net::Stream::Io::done);
  EXPECT_EQ(hear(client_end_, 10), "last words");
}

}  // namespace
}  // namespace rolegate::gateway
