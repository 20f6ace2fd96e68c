#include "gateway/mysql_greetings.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "unit/config/make_database.hpp"

namespace rolegate::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

wire::mysql::Greeting greeting(std::string version, wire::mysql::Capabilities capabilities = 0b11) {
  wire::mysql::Greeting made;
  made.server_version = std::move(version);
  made.capabilities = capabilities;
  return made;
}

std::string numbered(int number) { return "shop-" + std::to_string(number); }

/// On the test's own loop; the databases answer when the test says so.
class MysqlGreetingsTest : public testing::Test {
 protected:
  struct Asked {
    std::string host;
    MysqlGreetings::Answer answer;
  };

  void put(std::string name, std::string host = "first.example.com",
           config::Engine engine = config::Engine::mysql, std::uint64_t since = 1) {
    config::Database made = config::make_database(std::move(name));
    made.uri.engine = engine;
    made.uri.host = std::move(host);
    const auto served = std::make_shared<const config::Database>(std::move(made));
    served_[served->name] = served;
    greetings_.put({served, since});
    settle();
  }
  /// From a login to the database that was served last by that name.
  void learn(const std::string& name, wire::mysql::Greeting said) {
    const auto& served = served_[name];
    greetings_.learned(
        served ? served : std::make_shared<const config::Database>(config::make_database(name)),
        std::move(said));
  }
  void settle() {
    while (loop_.run_once()) {
    }
  }
  void answer(const std::string& name, std::optional<wire::mysql::Greeting> said) {
    auto answer = std::move(asked_.at(name)->answer);
    answer(std::move(said));
    settle();
  }
  [[nodiscard]] std::vector<std::string> asked() const {
    std::vector<std::string> names;
    for (const auto& [name, question] : asked_) names.push_back(name);
    return names;
  }
  /// A client that waits; its number is in released_ when it may be greeted.
  void wait(const std::string& listener_database, int client) {
    greetings_.when_settled(listener_database, mailbox_.address(),
                            [this, client] { released_.push_back(client); });
    settle();
  }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    settle();
  }

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  std::map<std::string, config::DatabasePtr> served_;
  std::map<std::string, Asked*> asked_;  ///< right now
  std::vector<std::string> history_;     ///< whoever was asked ever
  MysqlGreetings greetings_{loop_, [this](const config::Database& database, MysqlGreetings::Answer answer) {
                              history_.push_back(database.name);
                              auto* const asked = new Asked{database.uri.host, std::move(answer)};
                              asked_[database.name] = asked;
                              return std::shared_ptr<void>(asked, [this, name = database.name](void* gone) {
                                if (asked_.at(name) == gone) asked_.erase(name);
                                delete static_cast<Asked*>(gone);
                              });
                            }};
  std::vector<int> released_;
  net::Mailbox mailbox_{loop_};
};

TEST_F(MysqlGreetingsTest, AskNobodyBeforeSomebodyIsToBeGreeted) {
  put("shop");
  put("orders", "first.example.com", config::Engine::postgresql);
  EXPECT_THAT(asked(), IsEmpty());
  greetings_.set_needed(true);
  settle();
  EXPECT_THAT(asked(), ElementsAre("shop"));
  put("stock");
  EXPECT_THAT(asked(), ElementsAre("shop", "stock"));
  greetings_.set_needed(false);
  put("staff");
  EXPECT_THAT(asked(), ElementsAre("shop", "stock"));
}

TEST_F(MysqlGreetingsTest, AreEachDatabasesOwnAtItsListenerAndCommonAtAShared) {
  greetings_.set_needed(true);
  put("shop");
  put("stock", "first.example.com", config::Engine::mysql, 2);
  EXPECT_FALSE(greetings_.at_listener(""));
  answer("stock", greeting("8.4.0", 0b110));
  EXPECT_EQ(greetings_.at_listener("")->server_version, "8.4.0");
  answer("shop", greeting("8.0.36", 0b011));
  EXPECT_EQ(greetings_.at_listener("shop")->capabilities, 0b011U);
  EXPECT_EQ(greetings_.at_listener("stock")->capabilities, 0b110U);
  EXPECT_EQ(greetings_.at_listener("")->capabilities, 0b010U);
  EXPECT_EQ(greetings_.at_listener("")->server_version, "8.0.36");
  EXPECT_FALSE(greetings_.at_listener("nothing"));
  greetings_.erase("shop");
  EXPECT_EQ(greetings_.at_listener("")->capabilities, 0b110U);
  EXPECT_FALSE(greetings_.at_listener("shop"));
}

TEST_F(MysqlGreetingsTest, AreLearnedFromLoginsToWhatIsServed) {
  put("shop");
  learn("shop", greeting("8.0.36"));
  learn("gone", greeting("5.5.5", 0));
  EXPECT_EQ(greetings_.at_listener("")->capabilities, 0b11U);
  learn("shop", greeting("8.4.0", 0b01));
  EXPECT_EQ(greetings_.at_listener("shop")->server_version, "8.4.0");
  EXPECT_EQ(greetings_.at_listener("")->capabilities, 0b01U);
  greetings_.set_needed(true);
  settle();
  EXPECT_THAT(asked(), IsEmpty()) << "it is known already";
}

TEST_F(MysqlGreetingsTest, StayAsLongAsTheirDatabaseLeadsToTheSameServer) {
  put("shop");
  learn("shop", greeting("8.0.36"));
  put("shop");
  EXPECT_EQ(greetings_.at_listener("shop")->server_version, "8.0.36");
  EXPECT_TRUE(greetings_.at_listener(""));
  greetings_.set_needed(true);
  put("shop", "second.example.com");
  EXPECT_FALSE(greetings_.at_listener("shop"));
  EXPECT_FALSE(greetings_.at_listener(""));
  EXPECT_THAT(asked(), ElementsAre("shop"));
  answer("shop", greeting("8.4.0"));
  EXPECT_EQ(greetings_.at_listener("")->server_version, "8.4.0");
  put("shop", "second.example.com", config::Engine::postgresql);
  EXPECT_FALSE(greetings_.at_listener(""));
}

TEST_F(MysqlGreetingsTest, AreNotTakenFromADatabaseThatIsAnotherOneByNow) {
  put("shop");
  const config::DatabasePtr before = served_["shop"];
  put("shop", "second.example.com");
  greetings_.learned(before, greeting("5.5.5"));  // a login that began before
  EXPECT_FALSE(greetings_.at_listener("shop"));
}

TEST_F(MysqlGreetingsTest, AskAChangedDatabaseAndNotTheOneThatItWas) {
  greetings_.set_needed(true);
  put("shop", "first.example.com");
  put("shop", "second.example.com");
  EXPECT_THAT(history_, ElementsAre("shop", "shop"));
  EXPECT_EQ(asked_.at("shop")->host, "second.example.com");
  greetings_.erase("shop");
  settle();
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(MysqlGreetingsTest, AskSoManyAtOnceAndNoMore) {
  for (int i = 0; i < 100; ++i) put(numbered(i));
  greetings_.set_needed(true);
  settle();
  EXPECT_EQ(asked_.size(), MysqlGreetings::kAskedAtOnce);
  while (!asked_.empty()) {
    EXPECT_LE(asked_.size(), MysqlGreetings::kAskedAtOnce);
    answer(asked_.begin()->first, std::nullopt);
  }
  EXPECT_EQ(history_.size(), 100U);
}

TEST_F(MysqlGreetingsTest, DoNotAskInVainWhatALoginHasTold) {
  for (int i = 0; i < 100; ++i) put(numbered(i));
  greetings_.set_needed(true);
  for (int i = 0; i < 100; ++i) learn(numbered(i), greeting("8.0.36"));
  settle();
  EXPECT_THAT(history_, IsEmpty());
}

TEST_F(MysqlGreetingsTest, LetAClientGoOnWhenOneIsKnown) {
  put("shop");
  put("stock");
  greetings_.set_needed(true);
  wait("", 1);
  wait("stock", 2);
  EXPECT_THAT(released_, IsEmpty());
  answer("shop", greeting("8.0.36"));
  EXPECT_THAT(released_, ElementsAre(1));
  answer("stock", std::nullopt);
  EXPECT_THAT(released_, ElementsAre(1, 2)) << "nothing will be known of it";
  wait("shop", 3);
  wait("gone", 4);
  EXPECT_THAT(released_, ElementsAre(1, 2, 3, 4));
}

TEST_F(MysqlGreetingsTest, LetAClientGoOnWhenNothingWillBeKnown) {
  put("shop");
  put("stock");
  greetings_.set_needed(true);
  wait("", 1);
  answer("shop", std::nullopt);
  EXPECT_THAT(released_, IsEmpty());
  greetings_.erase("stock");
  settle();
  EXPECT_THAT(released_, ElementsAre(1));
}

TEST_F(MysqlGreetingsTest, LetAClientWaitSoLongHoweverManyThereAreToAsk) {
  for (int i = 0; i < 1000; ++i) put(numbered(i));
  greetings_.set_needed(true);
  wait("", 1);
  pass(MysqlGreetings::kClientWaits - std::chrono::milliseconds(1));
  EXPECT_THAT(released_, IsEmpty());
  pass(std::chrono::milliseconds(1));
  EXPECT_THAT(released_, ElementsAre(1));
}

TEST_F(MysqlGreetingsTest, AskAgainWhenAClientComesButNotTooOften) {
  put("shop");
  put("stock");
  greetings_.set_needed(true);
  settle();
  for (const char* name : {"shop", "stock"}) answer(name, std::nullopt);
  wait("", 1);
  wait("shop", 2);
  EXPECT_THAT(released_, ElementsAre(1, 2));
  EXPECT_EQ(history_.size(), 2U);
  pass(MysqlGreetings::kAskAgain);
  wait("shop", 3);
  EXPECT_THAT(asked(), ElementsAre("shop"));
  answer("shop", std::nullopt);
  wait("", 4);
  EXPECT_THAT(asked(), ElementsAre("stock"));
}

TEST_F(MysqlGreetingsTest, AskADatabaseOutOfTurnWhoseClientWaits) {
  for (int i = 0; i < 100; ++i) put(numbered(i));
  greetings_.set_needed(true);
  settle();
  ASSERT_FALSE(asked_.contains(numbered(99)));
  wait(numbered(99), 1);
  EXPECT_TRUE(asked_.contains(numbered(99)));
  answer(numbered(99), greeting("8.0.36"));
  EXPECT_THAT(released_, ElementsAre(1));
}

TEST_F(MysqlGreetingsTest, KnowWhetherThereIsJustOneDatabase) {
  EXPECT_EQ(greetings_.only_database(), "");
  put("shop");
  put("orders", "first.example.com", config::Engine::redshift);
  EXPECT_EQ(greetings_.only_database(), "shop");
  put("stock");
  EXPECT_EQ(greetings_.only_database(), "");
}

TEST_F(MysqlGreetingsTest, DoNotBecomeMoreWhenDatabasesComeAndGo) {
  greetings_.set_needed(true);
  for (int i = 0; i < 10'000; ++i) {
    put(numbered(i));
    if (i % 3 == 0) answer(numbered(i), std::nullopt);
    if (i % 3 == 1) learn(numbered(i), greeting("8.0.36"));
    greetings_.erase(numbered(i));
    settle();
  }
  EXPECT_EQ(greetings_.size(), 0U);
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_FALSE(greetings_.at_listener(""));
}

}  // namespace
}  // namespace rolegate::gateway
