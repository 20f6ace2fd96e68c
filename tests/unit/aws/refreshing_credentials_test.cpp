#include "aws/credential_providers/refreshing_credentials.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

struct Fixture : testing::ProviderFixture {
  RefreshingCredentials kept{clock, log, "the source"};
  std::atomic<int> fetches = 0;

  CredentialsPtr fresh(minutes lifetime) {
    auto made = std::make_shared<Credentials>();
    made->access_key_id = "KEY" + std::to_string(++fetches);
    made->expires_at = clock.now() + lifetime;
    return made;
  }
  RefreshingCredentials::Fetch giving(minutes lifetime) {
    return [this, lifetime](base::Deadline, std::string&) { return fresh(lifetime); };
  }
  RefreshingCredentials::Fetch endless(std::string key) {
    return [key = std::move(key)](base::Deadline, std::string&) -> base::Result<CredentialsPtr> {
      auto made = std::make_shared<Credentials>();
      made->access_key_id = key;
      return made;
    };
  }
  RefreshingCredentials::Fetch failing(bool retryable = true) {
    return [this, retryable](base::Deadline, std::string&) -> base::Result<CredentialsPtr> {
      ++fetches;
      return base::fail(CredentialsErrc::credentials_unavailable, "It is down.", {}, retryable);
    };
  }
  base::Result<CredentialsPtr> ask(const RefreshingCredentials::Fetch& fetch, std::string_view key = "k") {
    return kept.get(key, deadline, why_not, fetch);
  }
  std::string key_of(const base::Result<CredentialsPtr>& got) {
    return got && *got ? (*got)->access_key_id : "";
  }
};

TEST(RefreshDue, IsFiveMinutesBeforeTheEnd) {
  Credentials credentials;
  const base::WallTime now{seconds(1'000'000)};
  const auto due = [&] { return refresh_due(credentials, now, now); };
  credentials.expires_at = now + minutes(5) + seconds(1);
  EXPECT_FALSE(due());
  credentials.expires_at = now + minutes(5);
  EXPECT_TRUE(due());
  credentials.expires_at = now - seconds(1);
  EXPECT_TRUE(due());
}

TEST(RefreshDue, IsAQuarterOfAnHourAfterTheFetchWithoutAnEnd) {
  const Credentials endless;
  const base::WallTime then{seconds(1'000'000)};
  EXPECT_FALSE(refresh_due(endless, then, then));
  EXPECT_FALSE(refresh_due(endless, then, then + minutes(15) - seconds(1)));
  EXPECT_TRUE(refresh_due(endless, then, then + minutes(15)));
  EXPECT_TRUE(refresh_due(endless, then, then - seconds(1))) << "the clock was set back";
}

TEST(RefreshingCredentials, FetchesOnceAndAgainBeforeTheEnd) {
  Fixture f;
  EXPECT_EQ(f.key_of(f.ask(f.giving(minutes(60)))), "KEY1");
  f.clock.advance(minutes(54));
  EXPECT_EQ(f.key_of(f.ask(f.giving(minutes(60)))), "KEY1");
  f.clock.advance(minutes(1));
  EXPECT_EQ(f.key_of(f.ask(f.giving(minutes(60)))), "KEY2");
}

TEST(RefreshingCredentials, GoesOnWithValidOnesWhenARenewalFails) {
  Fixture f;
  ASSERT_TRUE(f.ask(f.giving(minutes(60))));
  f.clock.advance(minutes(57));
  EXPECT_EQ(f.key_of(f.ask(f.failing())), "KEY1");
  EXPECT_THAT(f.log.text(), HasSubstr("the source: renewal failed"));
  EXPECT_EQ(f.key_of(f.ask(f.failing())), "KEY1");
  EXPECT_EQ(f.fetches, 2) << "not asked again at once";
  f.clock.advance(kEarlyRefreshPause);
  EXPECT_EQ(f.key_of(f.ask(f.failing())), "KEY1");
  EXPECT_EQ(f.fetches, 3);
  f.clock.advance(minutes(3));
  const auto got = f.ask(f.failing());
  ASSERT_FALSE(got) << "expired ones are never given";
  EXPECT_EQ(got.error().code, "credentials_unavailable");
}

TEST(RefreshingCredentials, WarnsOfFailedRenewalsEverMoreRarely) {
  Fixture f;
  ASSERT_TRUE(f.ask(f.endless("KEY")));
  f.clock.advance(kKeptWithoutEnd);
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(f.key_of(f.ask(f.failing())), "KEY");
    f.clock.advance(kEarlyRefreshPause);
  }
  EXPECT_EQ(f.fetches, 10);
  const std::string text = f.log.text();
  EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
  EXPECT_THAT(text, HasSubstr("renewal failed (8 in a row), going on with those there are"));
}

TEST(RefreshingCredentials, AsksAnewOnceWhenTheirsWereRefused) {
  Fixture f;
  ASSERT_EQ(f.key_of(f.ask(f.endless("OLD"))), "OLD");
  f.clock.advance(kEarlyRefreshPause);
  f.kept.distrust(Distrust::refused);
  EXPECT_EQ(f.key_of(f.ask(f.endless("NEW"))), "NEW");
  EXPECT_EQ(f.key_of(f.ask(f.endless("NEWER"))), "NEW") << "once";
}

TEST(RefreshingCredentials, IsAskedAnewEvery30SecondsHoweverManyRefusalsThereAre) {
  Fixture f;
  ASSERT_TRUE(f.ask(f.giving(minutes(60))));
  for (int second = 0; second < 60; ++second) {
    f.kept.distrust(Distrust::refused);
    ASSERT_TRUE(f.ask(f.giving(minutes(60))));
    f.clock.advance(seconds(1));
  }
  EXPECT_EQ(f.fetches, 2);
}

TEST(RefreshingCredentials, TakesItsTimeForRefusedOnes) {
  Fixture f;
  ASSERT_TRUE(f.ask(f.giving(minutes(60))));
  f.clock.advance(kEarlyRefreshPause);
  f.kept.distrust(Distrust::refused);
  (void)f.ask([&](base::Deadline limit, std::string&) -> base::Result<CredentialsPtr> {
    EXPECT_GT(limit.left(), kEarlyRefreshLimit);
    return f.fresh(minutes(60));
  });
  EXPECT_EQ(f.fetches, 2);
}

TEST(RefreshingCredentials, GoesOnWithRefusedOnesWhenThereAreNoOthers) {
  Fixture f;
  const auto first = f.ask(f.endless("SAME"));
  f.clock.advance(kEarlyRefreshPause);
  f.kept.distrust(Distrust::refused);
  EXPECT_EQ(f.key_of(f.ask(f.failing())), "SAME");
  f.clock.advance(kEarlyRefreshPause);
  EXPECT_EQ(*f.ask(f.endless("SAME")), *first) << "the same keys are the same object";
}

TEST(RefreshingCredentials, ForgetsEverythingAtAReload) {
  Fixture f;
  ASSERT_TRUE(f.ask(f.endless("OLD")));
  f.kept.distrust(Distrust::reloaded);
  EXPECT_EQ(f.key_of(f.ask(f.endless("NEW"))), "NEW") << "at once";
  f.kept.distrust(Distrust::reloaded);
  EXPECT_FALSE(f.ask(f.failing())) << "not even when there are no others";
  f.kept.distrust(Distrust::reloaded);
  EXPECT_EQ(f.key_of(f.ask(f.endless("NEWER"))), "NEWER") << "nor is the failure kept";
}

TEST(RefreshingCredentials, DoesNotKeepWhatWasAskedForBeforeAReload) {
  Fixture f;
  const auto reloading = [&](base::Deadline, std::string&) -> base::Result<CredentialsPtr> {
    f.kept.distrust(Distrust::reloaded);
    return f.fresh(minutes(60));
  };
  EXPECT_EQ(f.key_of(f.ask(reloading)), "KEY1") << "who waited for it has it";
  EXPECT_EQ(f.key_of(f.ask(f.giving(minutes(60)))), "KEY2");
}

TEST(RefreshingCredentials, AnswersAFailureOnceASecond) {
  Fixture f;
  ASSERT_FALSE(f.ask(f.failing()));
  ASSERT_FALSE(f.ask(f.giving(minutes(60))));
  EXPECT_EQ(f.fetches, 1);
  f.clock.advance(kFailurePause);
  EXPECT_TRUE(f.ask(f.giving(minutes(60))));
}

TEST(RefreshingCredentials, RemembersWhyThereIsNothing) {
  Fixture f;
  const auto absent = [](base::Deadline, std::string& why) -> base::Result<CredentialsPtr> {
    why = "not here";
    return nullptr;
  };
  for (int i = 0; i < 2; ++i) {
    f.why_not.clear();
    const auto got = f.ask(absent);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, nullptr);
    EXPECT_EQ(f.why_not, "not here");
  }
}

TEST(RefreshingCredentials, DoesNotLetACallerWithoutTimeSpeakForOthers) {
  Fixture f;
  const base::Deadline past(std::chrono::steady_clock::now() - seconds(1));
  ASSERT_FALSE(f.kept.get("k", past, f.why_not, f.failing()));
  EXPECT_TRUE(f.ask(f.giving(minutes(60))));
}

TEST(RefreshingCredentials, RefusesWhatIsExpiredAlready) {
  Fixture f;
  const auto got = f.ask(f.giving(minutes(-1)));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "credentials_expired");
}

TEST(RefreshingCredentials, ForgetsWhatWasKeptForAnotherConfiguration) {
  Fixture f;
  EXPECT_EQ(f.key_of(f.ask(f.giving(minutes(60)), "a")), "KEY1");
  EXPECT_EQ(f.key_of(f.ask(f.giving(minutes(60)), "b")), "KEY2");
  ASSERT_FALSE(f.ask(f.failing(), "c")) << "b's are not c's";
}

TEST(RefreshingCredentials, OneThreadFetchesForAll) {
  Fixture f;
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  const auto slow = [&](base::Deadline, std::string&) {
    gate.wait();
    return base::Result<CredentialsPtr>(f.fresh(minutes(60)));
  };
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      std::string unused;
      return f.key_of(f.kept.get("k", f.deadline, unused, slow));
    }));
  }
  go.set_value();
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "KEY1");
  EXPECT_EQ(f.fetches, 1);
}

TEST(RefreshingCredentials, NobodyWithValidOnesWaitsForARenewal) {
  Fixture f;
  ASSERT_TRUE(f.ask(f.giving(minutes(60))));
  f.clock.advance(minutes(56));
  std::promise<void> started;
  std::promise<void> go;
  auto renewing = std::async(std::launch::async, [&] {
    std::string unused;
    return f.key_of(f.kept.get("k", f.deadline, unused, [&](base::Deadline limit, std::string&) {
      EXPECT_LE(limit.left(), kEarlyRefreshLimit);
      started.set_value();
      go.get_future().wait();
      return base::Result<CredentialsPtr>(f.fresh(minutes(60)));
    }));
  });
  started.get_future().wait();
  const auto meanwhile = f.kept.get("k", base::Deadline::in(seconds(10)), f.why_not, f.failing());
  EXPECT_EQ(f.key_of(meanwhile), "KEY1") << "answered while the other thread is still fetching";
  go.set_value();
  EXPECT_EQ(renewing.get(), "KEY2");
  EXPECT_EQ(f.key_of(f.ask(f.failing())), "KEY2");
}

TEST(RefreshingCredentials, WaitsNoLongerThanTheDeadline) {
  Fixture f;
  std::promise<void> started;
  std::promise<void> go;
  auto fetching = std::async(std::launch::async, [&] {
    std::string unused;
    return f.kept.get("k", f.deadline, unused, [&](base::Deadline, std::string&) {
      started.set_value();
      go.get_future().wait();
      return base::Result<CredentialsPtr>(f.fresh(minutes(60)));
    });
  });
  started.get_future().wait();
  const auto got = f.kept.get("k", base::Deadline::in(std::chrono::milliseconds(1)), f.why_not, f.failing());
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().retryable);
  go.set_value();
  EXPECT_TRUE(fetching.get());
}

TEST(RefreshingCredentials, SurvivesAFetchThatThrows) {
  Fixture f;
  const auto throwing = [](base::Deadline, std::string&) -> base::Result<CredentialsPtr> {
    throw std::runtime_error("no memory");
  };
  EXPECT_THROW((void)f.ask(throwing), std::runtime_error);
  EXPECT_TRUE(f.ask(f.giving(minutes(60))));
}

}  // namespace
}  // namespace rolegate::aws
