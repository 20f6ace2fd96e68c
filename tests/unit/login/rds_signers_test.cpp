#include "login/rds_signers.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace rolegate::login {
namespace {

// The vector of botocore, as for RdsTokenSigner itself: sharing signers must not change what they sign.
TEST(RdsSigners, SignTheSameFromManyThreads) {
  auto credentials = std::make_shared<aws::Credentials>();
  credentials->access_key_id = "AKIDEXAMPLE";
  credentials->secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const RdsSigners signers{std::move(credentials)};
  const base::WallTime now{std::chrono::seconds(1'767'323'045)};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        const base::Secret token = signers.sign(
            {"db.cluster-xyz.us-east-1.rds.amazonaws.com", 5432, "us-east-1", "superset_iam_user"}, now);
        ASSERT_TRUE(token.reveal().ends_with(
            "X-Amz-Signature=ebdeff6bce66597be49802b3e3cd086909709426519c62fbd4b6095153cb35e9"));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace rolegate::login
