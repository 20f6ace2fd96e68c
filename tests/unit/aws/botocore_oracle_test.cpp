#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "aws/rds_token.hpp"
#include "aws/sigv4.hpp"
#include "base/iso8601.hpp"
#include "base/percent_encoding.hpp"
#include "base/sha256.hpp"
#include "unit/aws/child_process.hpp"

// Another implementation is asked about random requests: what both sign must mean the same. Parameters may
// come in another order, so tokens are compared decoded.

namespace rolegate::aws {
namespace {

constexpr int kCases = 1000;

/// Random, but for a given seed (ROLEGATE_TEST_SEED) the same again.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::size_t between(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(least, most)(engine_);
  }
  bool one_in(std::size_t n) { return between(1, n) == 1; }
  std::string of(std::string_view alphabet, std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text.push_back(alphabet[between(0, alphabet.size() - 1)]);
    return text;
  }
  std::string bytes(std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<char>(between(0, 255)));
    return text;
  }
  /// Any code points but U+0000 and surrogates, in UTF-8; each plane of interest is met often.
  std::string unicode(std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) append_utf8(text, code_point());
    return text;
  }

 private:
  char32_t code_point() {
    constexpr char32_t kMost[] = {0x7F, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    for (;;) {
      const auto point = static_cast<char32_t>(between(1, kMost[between(0, 4)]));
      if (point < 0xD800 || point > 0xDFFF) return point;
    }
  }
  static void append_utf8(std::string& out, char32_t c) {
    const auto put = [&](char32_t byte) {
      out.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
    };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | (c >> 6));
      put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      put(0xE0 | (c >> 12));
      put(0x80 | ((c >> 6) & 0x3F));
      put(0x80 | (c & 0x3F));
    } else {
      put(0xF0 | (c >> 18));
      put(0x80 | ((c >> 12) & 0x3F));
      put(0x80 | ((c >> 6) & 0x3F));
      put(0x80 | (c & 0x3F));
    }
  }

  std::mt19937_64 engine_;
};

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view kBase64 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=";

class BotocoreOracle : public ::testing::Test {
 protected:
  void SetUp() override {
    oracle_ = std::make_unique<testing::ChildProcess>(std::vector<std::string>{
        "/usr/bin/python3", ROLEGATE_SOURCE_DIR "/tests/unit/aws/botocore_oracle.py"});
    const std::string ready = oracle_->read_line();
    if (ready != "ready") GTEST_SKIP() << ready;
    const char* given = std::getenv("ROLEGATE_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::cout << "seed " << seed << " (again: ROLEGATE_TEST_SEED=" << seed << ")\n";
    dice_ = std::make_unique<Dice>(seed);
  }

  /// New credentials, region and time in `question`.
  CredentialsPtr draw_credentials(boost::json::object& question) {
    auto credentials = std::make_shared<Credentials>();
    credentials->access_key_id = dice_->of(kLetters, dice_->between(16, 32));
    credentials->secret_access_key = base::Secret(dice_->of(kBase64, 40));
    if (!dice_->one_in(4))
      credentials->session_token = base::Secret(dice_->of(kBase64, dice_->between(1, 4096)));
    question["access_key"] = credentials->access_key_id;
    question["secret"] = credentials->secret_access_key.reveal();
    question["token"] = credentials->session_token.reveal();
    return credentials;
  }
  std::string draw_region() {
    return dice_->one_in(2) ? "us-east-1" : dice_->of("abc", 2) + "-" + dice_->of("xyz-", 5) + "1";
  }
  base::WallTime draw_time() {
    // From 2000 to 2099, to the millisecond.
    return base::WallTime(std::chrono::milliseconds(
        946'684'800'000 + static_cast<long long>(dice_->between(0, 3'155'000'000'000))));
  }

  std::string ask(const boost::json::object& question) {
    oracle_->write(boost::json::serialize(question) + "\n");
    const std::string answer = oracle_->read_line();
    const auto value = answer.empty() ? boost::json::value() : boost::json::parse(answer);
    EXPECT_TRUE(value.is_string()) << "the oracle said " << answer << " to "
                                   << boost::json::serialize(question);
    return value.is_string() ? std::string(value.get_string()) : std::string();
  }

  std::unique_ptr<testing::ChildProcess> oracle_;
  std::unique_ptr<Dice> dice_;
};

/// A token's parameters, decoded; what comes before "/?" under the name "endpoint".
std::map<std::string, std::string> meaning(std::string_view token) {
  std::map<std::string, std::string> result;
  const auto mark = token.find("/?");
  if (mark == std::string_view::npos) return {{"not a token", std::string(token)}};
  result["endpoint"] = token.substr(0, mark);
  token.remove_prefix(mark + 2);
  while (!token.empty()) {
    const auto pair = token.substr(0, token.find('&'));
    token.remove_prefix(std::min(token.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    const auto value = base::percent_decode(pair.substr(equals + 1));
    const bool is_new = result.emplace(pair.substr(0, equals), value.value_or("not percent-encoded")).second;
    EXPECT_TRUE(is_new) << pair;
  }
  return result;
}

TEST_F(BotocoreOracle, AgreesOnRdsTokens) {
  std::unique_ptr<RdsTokenSigner> signer;
  boost::json::object question{{"kind", "rds"}};
  for (int i = 0; i < kCases; ++i) {
    // A signer lives for a few tokens, so that what it keeps from one to the next is checked too.
    if (!signer || dice_->one_in(3)) signer = std::make_unique<RdsTokenSigner>(draw_credentials(question));
    const std::string region = draw_region();
    const base::WallTime time = draw_time();
    const std::string host = dice_->of(kLetters, dice_->between(1, 63)) + "." +
                             dice_->of(kLetters, dice_->between(1, 63)) + ".rds.amazonaws.com";
    // RDS's own range of ports, and the one that is left out of a Host header.
    const auto port = static_cast<std::uint16_t>(dice_->one_in(10) ? 443 : dice_->between(1150, 65535));
    const std::string user = dice_->unicode(dice_->between(1, 64));
    question["signer"] = i;
    question["region"] = region;
    question["time"] = base::format_iso8601_basic(time);
    question["host"] = host;
    question["port"] = port;
    question["user"] = user;
    const auto token = signer->sign({.host = host, .port = port, .region = region, .user = user}, time);
    ASSERT_EQ(meaning(token.reveal()), meaning(ask(question)))
        << "case " << i << ": " << boost::json::serialize(question);
  }
}

TEST_F(BotocoreOracle, AgreesOnSignedRequests) {
  for (int i = 0; i < kCases; ++i) {
    boost::json::object question{{"kind", "headers"}};
    const auto credentials = draw_credentials(question);
    const std::string region = draw_region();
    const base::WallTime time = draw_time();
    HttpRequest request;
    request.method = dice_->one_in(5) ? "GET" : "POST";
    request.url = dice_->one_in(2) ? "https://" : "http://";
    request.url += dice_->of(kLetters, dice_->between(1, 20)) + ".amazonaws.com";
    if (dice_->one_in(3)) request.url += ":" + std::to_string(dice_->between(1, 65535));
    request.url += "/";
    for (std::size_t n = dice_->between(0, 3); n > 0; --n) {
      request.url += "p" + base::percent_encode(dice_->unicode(dice_->between(0, 8))) + (n > 1 ? "/" : "");
    }
    for (std::size_t n = 0, count = dice_->between(0, 4); n < count; ++n) {
      request.url += (n == 0 ? "?" : "&") + dice_->of("abAB", 1) + "=" +
                     base::percent_encode(dice_->unicode(dice_->between(0, 8)));
    }
    if (request.method == "POST") request.body = dice_->bytes(dice_->between(0, 500));
    boost::json::array headers;
    for (std::size_t n = 0, count = dice_->between(0, 5); n < count; ++n) {
      request.headers.emplace_back("X-" + dice_->of("abcABC-", 3) + std::to_string(n),
                                   dice_->of("ab  \t=,\"", dice_->between(0, 20)));
      headers.push_back({request.headers.back().first, request.headers.back().second});
    }
    question["headers"] = headers;
    question["method"] = request.method;
    question["url"] = request.url;
    question["body"] =
        base::hex({reinterpret_cast<const unsigned char*>(request.body.data()), request.body.size()});
    question["region"] = region;
    question["service"] = "sts";
    question["time"] = base::format_iso8601_basic(time);
    sign_headers(request, *credentials, region, "sts", time);
    ASSERT_EQ(request.headers.back().first, "Authorization");
    ASSERT_EQ(request.headers.back().second, ask(question))
        << "case " << i << ": " << boost::json::serialize(question);
  }
}

}  // namespace
}  // namespace rolegate::aws
