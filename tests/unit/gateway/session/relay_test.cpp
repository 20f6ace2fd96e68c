#include "gateway/session/relay.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include "support/fake_clock.hpp"
#include "support/tls_pair.hpp"

/// Of the sanitizers' allocators; null in a program built without.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wreserved-identifier"
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();
#pragma clang diagnostic pop

namespace rolegate::gateway {
namespace {

/// Follows nothing.
struct AnyConversation : Conversation {
  Passed from_client(std::string_view bytes) override { return {bytes, {}, bytes.size()}; }
  void from_database(std::string_view) override {}
  [[nodiscard]] bool at_rest() const override { return false; }
  [[nodiscard]] bool said_goodbye() const override { return false; }
};

/// A relay between two socket pairs, on the test's own loop; the far ends are the test's.
class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    ::signal(SIGPIPE, SIG_IGN);  // as the program does: OpenSSL writes without MSG_NOSIGNAL
    client_ = make_pair(client_end_);
    database_ = make_pair(database_end_);
  }

  void start(std::string_view to_client = {}, std::string_view from_client = {}) {
    relay_ = std::make_unique<Relay>(loop_, std::move(client_), std::move(database_), *conversation_, stats_,
                                     [this](Relay::End end) {
                                       ++told_;
                                       end_ = end;
                                       if (destroys_) relay_.reset();
                                     });
    relay_->start(to_client, from_client);
  }
  /// All that can be done without time going by.
  void run() {
    for (int rounds = 0; loop_.run_once(); ++rounds) ASSERT_LT(rounds, 100000) << "the loop never rests";
  }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    run();
  }

  static void say(const base::Descriptor& end, std::string_view text) {
    ASSERT_EQ(::send(end.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Until neither the relay nor the sockets take more; gives how much they took.
  std::size_t say_all_that_is_taken(const base::Descriptor& end) {
    const std::string much(1 << 16, 'x');
    std::size_t said = 0;
    for (ssize_t sent = 0; (sent = ::send(end.get(), much.data(), much.size(), MSG_NOSIGNAL)) > 0; run()) {
      said += static_cast<std::size_t>(sent);
      if (said > kFar) break;
    }
    return said;
  }
  /// Everything that comes while nothing more is said.
  std::string hear(const base::Descriptor& end) {
    std::string all;
    char room[1 << 16];
    for (;;) {
      run();
      const ssize_t got = ::recv(end.get(), room, sizeof room, 0);
      if (got <= 0) return all;
      all.append(room, static_cast<std::size_t>(got));
    }
  }
  static bool has_ended(const base::Descriptor& end) {
    char next = 0;
    return ::recv(end.get(), &next, 1, MSG_PEEK) == 0;
  }
  /// What the loop's buffer takes at once.
  [[nodiscard]] std::size_t one_read() { return loop_.buffer().size(); }

  static constexpr std::size_t kFar = std::size_t{4} << 20;  ///< more than two sockets and a read hold

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  base::Descriptor client_end_;
  base::Descriptor database_end_;
  // What start() has the relay carry between.
  net::Stream client_;
  net::Stream database_;
  std::unique_ptr<Conversation> conversation_ = std::make_unique<AnyConversation>();
  DatabaseStats stats_{"orders", config::Engine::postgresql};
  std::unique_ptr<Relay> relay_;
  std::optional<Relay::End> end_;
  int told_ = 0;
  bool destroys_ = false;

 private:
  static net::Stream make_pair(base::Descriptor& far) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    far = base::Descriptor(ends[0]);
    return net::Stream(base::Descriptor(ends[1]));
  }
};

TEST_F(RelayTest, CarriesBytesBothWays) {
  start("hello ", "first ");
  say(client_end_, "question");
  EXPECT_EQ(hear(database_end_), "first question");
  say(database_end_, "answer");
  EXPECT_EQ(hear(client_end_), "hello answer");
  EXPECT_EQ(stats_.bytes_to_client.load(), 12U);
  EXPECT_EQ(stats_.bytes_to_database.load(), 14U);
  EXPECT_EQ(relay_->bytes_to_client(), 12U);
  EXPECT_EQ(relay_->bytes_to_database(), 14U);
}

TEST_F(RelayTest, ReadsNoMoreThanTheOtherSideTakes) {
  start();
  for (const auto& [from, to] : {std::pair(&database_end_, &client_end_), {&client_end_, &database_end_}}) {
    const std::size_t said = say_all_that_is_taken(*from);
    EXPECT_LT(said, kFar);
    EXPECT_EQ(hear(*to).size(), said);
  }
  EXPECT_TRUE(relay_->all_delivered());
}

TEST_F(RelayTest, GivesTheMemoryBackThatASlowReaderTook) {
  if (__sanitizer_get_current_allocated_bytes == nullptr) GTEST_SKIP() << "allocations are not counted";
  start();
  run();
  const std::size_t before = __sanitizer_get_current_allocated_bytes();
  const std::size_t said = say_all_that_is_taken(database_end_);
  EXPECT_FALSE(relay_->all_delivered());
  EXPECT_EQ(hear(client_end_).size(), said);
  EXPECT_LT(__sanitizer_get_current_allocated_bytes(), before + 16384);
}

TEST_F(RelayTest, PassesTheEndOfTheClientOnAndHearsTheDatabaseOut) {
  start();
  say(client_end_, "goodbye");
  ASSERT_EQ(::shutdown(client_end_.get(), SHUT_WR), 0);
  EXPECT_EQ(hear(database_end_), "goodbye");
  EXPECT_TRUE(has_ended(database_end_));
  say(database_end_, "the rest");
  EXPECT_EQ(hear(client_end_), "the rest");
  database_end_.close();
  run();
  EXPECT_EQ(end_, Relay::End::client_closed);
}

TEST_F(RelayTest, WaitsForADatabaseWhoseClientHasGoneOnlySoLong) {
  start();
  client_end_.close();
  run();
  pass(Relay::kLinger - std::chrono::milliseconds(1));
  EXPECT_EQ(end_, std::nullopt);
  pass(std::chrono::milliseconds(1));
  EXPECT_EQ(end_, Relay::End::client_closed);
}

TEST_F(RelayTest, EndsWithTheDatabaseAfterItsLastBytes) {
  start();
  say(database_end_, "FATAL");
  database_end_.close();
  EXPECT_EQ(hear(client_end_), "FATAL");
  EXPECT_EQ(end_, Relay::End::database_closed);
}

TEST_F(RelayTest, DeliversWhatADatabaseSaidBeforeItCouldNotBeWrittenTo) {
  start();
  run();  // it waits for both
  // The client's words are the first that it will find; writing them is how it learns that the database went.
  say(client_end_, "a question that nobody hears");
  say(database_end_, "57P01");
  database_end_.close();
  EXPECT_EQ(hear(client_end_), "57P01");
  EXPECT_EQ(end_, Relay::End::database_lost);
}

TEST_F(RelayTest, TellsHowADatabaseEndedThatCouldNotBeWrittenTo) {
  start();
  run();  // it waits for both
  say(client_end_, "a question that nobody hears");
  database_end_.close();
  run();
  EXPECT_EQ(end_, Relay::End::database_closed);
}

TEST_F(RelayTest, NoticesAClientThatCannotBeWrittenTo) {
  start();
  client_end_.close();
  run();
  say(database_end_, "answer");
  run();
  EXPECT_EQ(end_, Relay::End::client_lost);
}

/// Who closes its side with something unread in it resets the connection.
TEST_F(RelayTest, TellsWhoseConnectionBroke) {
  start("unread");
  client_end_.close();
  run();
  EXPECT_EQ(end_, Relay::End::client_lost);
}

TEST_F(RelayTest, TellsThatTheDatabasesConnectionBroke) {
  start({}, "unread");
  database_end_.close();
  run();
  EXPECT_EQ(end_, Relay::End::database_lost);
}

TEST_F(RelayTest, TellsItsEndOnceByTheLoopAndMayBeGoneThen) {
  destroys_ = true;
  client_end_.close();
  start("nobody hears it");
  EXPECT_EQ(told_, 0);
  database_end_.close();
  run();
  EXPECT_EQ(end_, Relay::End::client_lost);
  EXPECT_EQ(relay_, nullptr);
  pass(2 * Relay::kLinger);
  EXPECT_EQ(told_, 1);
}

TEST_F(RelayTest, IsActiveWhenEitherSideSaysSomething) {
  start();
  const base::SteadyTime began = loop_.now();
  EXPECT_EQ(relay_->last_activity(), began);
  for (const base::Descriptor* end : {&client_end_, &database_end_}) {
    pass(std::chrono::seconds(10));
    say(*end, "x");
    run();
    EXPECT_EQ(relay_->last_activity(), loop_.now());
  }
  pass(std::chrono::seconds(10));
  EXPECT_EQ(hear(client_end_), "x");
  EXPECT_EQ(relay_->last_activity(), began + std::chrono::seconds(20));
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
  EXPECT_EQ(hear(database_end_), "a<exclamation>bc<exclamation>d");
}

TEST_F(RelayTest, HoldsWhatTheConversationDoesNotTakeYet) {
  conversation_ = std::make_unique<OddConversation>();
  start({}, "a?b?");
  EXPECT_EQ(hear(database_end_), "a?");
  say(client_end_, "c");
  EXPECT_EQ(hear(database_end_), "");
  say(database_end_, "1");
  EXPECT_EQ(hear(database_end_), "b?");
  say(database_end_, "2");
  EXPECT_EQ(hear(database_end_), "c");
}

TEST_F(RelayTest, NoticesThatAClientGoesWhoseWordsAreHeld) {
  conversation_ = std::make_unique<OddConversation>();
  start({}, "a?b");
  client_end_.close();
  run();
  pass(Relay::kLinger - std::chrono::milliseconds(1));
  EXPECT_EQ(end_, std::nullopt);
  pass(std::chrono::milliseconds(1));
  EXPECT_EQ(end_, Relay::End::client_closed);
}

TEST_F(RelayTest, LetsTheHeldWordsOfAClientThatHasEndedItsSideHaveTheirTurn) {
  conversation_ = std::make_unique<OddConversation>();
  start({}, "a?b");
  ASSERT_EQ(::shutdown(client_end_.get(), SHUT_WR), 0);
  run();
  say(database_end_, "1");
  EXPECT_EQ(hear(database_end_), "a?b");
  EXPECT_EQ(hear(client_end_), "1");
  EXPECT_EQ(end_, std::nullopt);
}

TEST_F(RelayTest, DoesNotReadFromAClientThatDoesNotRead) {
  start();
  say_all_that_is_taken(database_end_);
  say(client_end_, "another");
  run();
  EXPECT_EQ(relay_->bytes_to_database(), 0U);
  hear(client_end_);
  EXPECT_EQ(hear(database_end_), "another");
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
  EXPECT_EQ(hear(database_end_), "abc");
  EXPECT_EQ(end_, Relay::End::not_followed);
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
  constexpr std::size_t kSaid = std::size_t{8} << 10;
  say(client_end_, std::string(kSaid, '?'));
  run();
  EXPECT_LT(relay_->bytes_to_database(), 1U << 20);
  EXPECT_EQ(hear(database_end_).size(), kSaid * 1000);
}

TEST_F(RelayTest, GivesOthersATurnWhileTheConversationChangesMuch) {
  conversation_ = std::make_unique<LongConversation>();
  start({}, std::string(Relay::kChangesAtOnce + 1, '?'));
  EXPECT_EQ(relay_->bytes_to_database(), std::size_t{Relay::kChangesAtOnce} * 1000);
  EXPECT_EQ(hear(database_end_).size(), (Relay::kChangesAtOnce + 1) * 1000UL);
}

TEST_F(RelayTest, ReadsOnceOfEachSideInARound) {
  start();
  run();                                    // it waits for both
  const std::size_t much = one_read() + 1;  // a socket takes more, on either side
  say(client_end_, std::string(much, 'x'));
  say(database_end_, std::string(much, 'y'));
  loop_.run_once();
  EXPECT_EQ(relay_->bytes_to_database(), one_read());
  EXPECT_EQ(relay_->bytes_to_client(), one_read());
  EXPECT_EQ(hear(database_end_).size(), much);
  EXPECT_EQ(hear(client_end_).size(), much);
}

TEST_F(RelayTest, BeginsWithWhatTlsHoldsOfTheDatabase) {
  test::TlsPair pair = half_read();
  database_ = std::move(pair.client);
  start();
  EXPECT_EQ(hear(client_end_), "session");
}

TEST_F(RelayTest, BeginsWithWhatTlsHoldsOfTheClient) {
  test::TlsPair pair = half_read();
  client_ = std::move(pair.client);
  start();
  EXPECT_EQ(hear(database_end_), "session");
}

TEST_F(RelayTest, ReadsOnWhatTlsHoldsThoughNoWaitTellsOfIt) {
  test::TlsPair pair(net::make_client_context());
  database_ = std::move(pair.client);
  start();
  std::string all;
  for (int i = 0; i < 200; ++i) {  // more than it takes at once
    const std::string record(10, static_cast<char>('a' + i % 26));
    ASSERT_EQ(pair.server.write(record).io, net::Stream::Io::done);
    all += record;
  }
  EXPECT_TRUE(hear(client_end_) == all);
}

TEST_F(RelayTest, EndsItsSideOfADatabaseInsideTlsAsAClientThatDiedWould) {
  test::TlsPair pair(net::make_client_context());
  database_ = std::move(pair.client);
  start();
  ASSERT_EQ(::shutdown(client_end_.get(), SHUT_WR), 0);
  run();
  char byte = 0;
  EXPECT_EQ(::recv(pair.server.descriptor(), &byte, 1, 0), 0) << "bytes before the end";
}

TEST_F(RelayTest, GivesTheClientBack) {
  start();
  run();
  net::Stream client = relay_->take_client();
  EXPECT_TRUE(has_ended(database_end_));
  say(client_end_, "nobody carries it");
  run();
  EXPECT_EQ(relay_->bytes_to_database(), 0U);
  EXPECT_EQ(client.write("last words").io, net::Stream::Io::done);
  EXPECT_EQ(hear(client_end_), "last words");
  EXPECT_EQ(told_, 0);
}

}  // namespace
}  // namespace rolegate::gateway
