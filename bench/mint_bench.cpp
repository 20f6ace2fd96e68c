#include <algorithm>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "aws/rds_token.hpp"

namespace {

using namespace rolegate;

std::shared_ptr<const aws::Credentials> credentials_with_token(std::size_t token_size) {
  auto credentials = std::make_shared<aws::Credentials>();
  credentials->access_key_id = "ASIAIOSFODNN7EXAMPLE";
  credentials->secret_access_key = base::Secret(std::string_view("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
  // Base64, as session tokens are: some of it has to be percent-encoded.
  std::string token;
  constexpr std::string_view kAlphabet = "IQoJb3JpZ2luX2VjEBAaCWV1LXdlc3QtMSJHMEUCIQD+w/tW0vW8x0Q5s7";
  while (token.size() < token_size)
    token.append(kAlphabet.substr(0, std::min(kAlphabet.size(), token_size - token.size())));
  credentials->session_token = base::Secret(token);
  return credentials;
}

constexpr aws::RdsTokenRequest kRequest{.host = "orders.cluster-cabcdefghijk.eu-west-1.rds.amazonaws.com",
                                        .port = 5432,
                                        .region = "eu-west-1",
                                        .user = "app_rw"};
constexpr base::WallTime kTime{std::chrono::milliseconds(1'767'323'045'000)};

/// What a login costs when the role's credentials are cached: the same signer again and again, a second later
/// each time, so that nothing but what really lasts is reused.
void MintRdsToken(benchmark::State& state) {
  aws::RdsTokenSigner signer(credentials_with_token(static_cast<std::size_t>(state.range(0))));
  int second = 0;
  for (auto _ : state) {
    second = (second + 1) % 60'000;
    auto token = signer.sign(kRequest, kTime + std::chrono::seconds(second));
    benchmark::DoNotOptimize(token);
  }
}
BENCHMARK(MintRdsToken)->Arg(0)->Arg(1024)->Arg(4096);

/// The first token of new credentials: encoding the session token and deriving the key come on top.
void MintFirstRdsToken(benchmark::State& state) {
  const auto credentials = credentials_with_token(1024);
  for (auto _ : state) {
    auto token = aws::RdsTokenSigner(credentials).sign(kRequest, kTime);
    benchmark::DoNotOptimize(token);
  }
}
BENCHMARK(MintFirstRdsToken);

}  // namespace
