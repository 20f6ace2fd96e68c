#include "gateway/decoys.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

config::GatewayUser user(unsigned char secret, int iterations = 4096, std::size_t salt_size = 16) {
  config::GatewayUser user;
  user.scram.emplace();
  user.scram->iterations = iterations;
  user.scram->salt = std::string(salt_size, 's');
  user.scram->stored_key.fill(secret);
  user.scram->server_key.fill(secret);
  return user;
}

/// What a client sees of it.
std::string shown(const base::ScramVerifier& verifier) {
  return std::to_string(verifier.iterations) + ":" + verifier.salt;
}

std::vector<std::string> names(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back("nobody" + std::to_string(i));
  return all;
}

TEST(Decoys, AreTheSameAgainWithTheSameUsersInWhateverOrder) {
  const std::vector one{user(1), user(2, 8192)};
  const std::vector other{user(2, 8192), user(1)};
  for (const std::string& name : names(20)) {
    EXPECT_EQ(shown(Decoys(one).of(name)), shown(Decoys(one).of(name))) << name;
    EXPECT_EQ(shown(Decoys(one).of(name)), shown(Decoys(other).of(name))) << name;
  }
}

TEST(Decoys, DifferFromNameToName) {
  const Decoys decoys(std::vector{user(1)});
  std::set<std::string> seen;
  for (const std::string& name : names(20)) seen.insert(shown(decoys.of(name)));
  EXPECT_EQ(seen.size(), 20u);
}

TEST(Decoys, CannotBeForetoldWithoutEveryUsersVerifier) {
  const Decoys decoys(std::vector{user(1), user(2)});
  const Decoys known_to_the_first(std::vector{user(1)});
  EXPECT_NE(shown(decoys.of("eve")), shown(known_to_the_first.of("eve")));
}

TEST(Decoys, LookLikeTheVerifiersThatThereAre) {
  const Decoys alike(std::vector{user(1, 10000, 24), user(2, 10000, 24)});
  for (const std::string& name : names(20)) {
    EXPECT_EQ(alike.of(name).iterations, 10000);
    EXPECT_EQ(alike.of(name).salt.size(), 24u);
  }
  // Where they differ, so do the decoys: neither form gives a real user away.
  const Decoys mixed(std::vector{user(1, 4096), user(2, 10000, 64)});
  std::set<std::pair<int, std::size_t>> forms;
  for (const std::string& name : names(50)) {
    const base::ScramVerifier decoy = mixed.of(name);
    forms.emplace(decoy.iterations, decoy.salt.size());
  }
  EXPECT_EQ(forms, (std::set<std::pair<int, std::size_t>>{{4096, 16}, {10000, 64}}));
}

TEST(Decoys, WithoutAnyPasswordLookLikePostgresqls) {
  const base::ScramVerifier decoy = Decoys({}).of("eve");
  EXPECT_EQ(decoy.iterations, 4096);
  EXPECT_EQ(decoy.salt.size(), 16u);
}

TEST(Decoys, FitNoPassword) {
  EXPECT_FALSE(Decoys({}).of("eve").matches(""));
  EXPECT_FALSE(Decoys({}).of("eve").matches("eve"));
}

TEST(NeverRight, KeepsWhatIsShownAndFitsNoPassword) {
  const auto real = *base::ScramVerifier::parse(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  ASSERT_TRUE(real.matches("pencil"));
  EXPECT_EQ(shown(never_right(real)), shown(real));
  EXPECT_FALSE(never_right(real).matches("pencil"));
}

}  // namespace
}  // namespace rolegate::gateway
