#include "admin/http/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/admin/http/fake_pages.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::admin {
namespace {

using testing::HasSubstr;

class Answer : public testing::Test {
 protected:
  HttpAnswer to(const HttpRequest& request) { return answer(request, pages, log); }
  HttpAnswer to(std::string_view method, std::string_view target) {
    return to({.method = method, .target = target, .host = "127.0.0.1", .hosts = 1});
  }
  FakePages pages;
  login::RecordingLog log;
};

TEST_F(Answer, IsThePage) {
  const HttpAnswer made = to("GET", "/hello");
  EXPECT_EQ(made.page.status, 200U);
  EXPECT_EQ(made.page.content_type, "text/plain");
  EXPECT_EQ(made.page.body, "hello");
  EXPECT_EQ(made.allow, "");
  EXPECT_FALSE(made.close);
}

TEST_F(Answer, IsTheSameForHeadAndWhateverTheQuery) {
  EXPECT_EQ(to("HEAD", "/hello").page.body, "hello");
  EXPECT_EQ(to("GET", "/hello?").page.body, "hello");
  EXPECT_EQ(to("GET", "/hello?a=/b?c").page.body, "hello");
}

TEST_F(Answer, Is404ForAnyOtherPathAndNamesThoseThereAre) {
  for (const char* target : {"/", "/Hello", "/hello/", "//hello", "/hell", "/%68ello", "/hello%3f"}) {
    const HttpAnswer made = to("GET", target);
    EXPECT_EQ(made.page.status, 404U) << target;
    EXPECT_THAT(made.page.body, HasSubstr("/hello, /large and /broken"));
    EXPECT_FALSE(made.close);
  }
  EXPECT_EQ(to("POST", "/nothing").page.status, 404U);
  EXPECT_EQ(pages.made, 0);
}

TEST_F(Answer, Is405ForAnyOtherMethod) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "FOO"}) {
    const HttpAnswer made = to(method, "/hello");
    EXPECT_EQ(made.page.status, 405U) << method;
    EXPECT_EQ(made.allow, "GET, HEAD");
  }
  EXPECT_EQ(pages.made, 0);
}

TEST_F(Answer, RefusesABodyAndEndsTheConnection) {
  const HttpRequest get{
      .method = "GET", .target = "/hello", .host = "127.0.0.1", .hosts = 1, .has_body = true};
  EXPECT_EQ(to(get).page.status, 413U);
  EXPECT_TRUE(to(get).close);
  HttpRequest other = get;
  other.method = "POST";
  EXPECT_EQ(to(other).page.status, 405U);
  EXPECT_TRUE(to(other).close);
  other.target = "/nothing";
  EXPECT_EQ(to(other).page.status, 404U);
  EXPECT_TRUE(to(other).close);
  EXPECT_EQ(pages.made, 0);
}

TEST_F(Answer, Is400ForATargetThatIsNoPath) {
  for (const char* target : {"http://127.0.0.1/hello", "*", "", "hello"}) {
    EXPECT_EQ(to("GET", target).page.status, 400U) << target;
  }
}

TEST_F(Answer, Is500ForAPageThatCannotBeMadeAndTheLogSaysWhy) {
  const HttpAnswer made = to("GET", "/broken");
  EXPECT_EQ(made.page.status, 500U);
  EXPECT_THAT(made.page.body, testing::Not(HasSubstr("it broke")));
  EXPECT_THAT(log.all(), HasSubstr("/broken could not be made: it broke"));
}

TEST_F(Answer, NeedsAHostThatNobodyElseCanOwn) {
  const auto status = [&](std::optional<std::string_view> host, unsigned hosts) {
    return to({.method = "GET", .target = "/hello", .host = host, .hosts = hosts}).page.status;
  };
  EXPECT_EQ(status(std::nullopt, 0), 200U);
  EXPECT_EQ(status("", 1), 200U);
  EXPECT_EQ(status("localhost:9432", 1), 200U);
  EXPECT_EQ(status("attacker.example", 1), 421U);
  EXPECT_EQ(status("127.0.0.1", 2), 400U);
  const HttpRequest rebound{.method = "GET", .target = "/nothing", .host = "attacker.example", .hosts = 1};
  EXPECT_EQ(to(rebound).page.status, 421U) << "not even which pages there are";
}

TEST(HostAllowed, TakesAddressesAndLocalhost) {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:9432", "10.1.2.3:80", "[::1]", "[::1]:9432", "[2001:db8::7]:1",
        "[::ffff:127.0.0.1]", "localhost", "LocalHost:65535", "localhost:"}) {
    EXPECT_TRUE(host_allowed(host)) << host;
  }
}

TEST(HostAllowed, TakesNothingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view host : {"attacker.example"sv,
                                      "attacker.example:9432"sv,
                                      "localhost.attacker.example"sv,
                                      "127.0.0.1.example"sv,
                                      "127.0.0.1:80:80"sv,
                                      "127.0.0.1:x"sv,
                                      "127.0.0.1:123456"sv,
                                      "127.1"sv,
                                      "2130706433"sv,
                                      "0x7f.0.0.1"sv,
                                      "::1"sv,
                                      "[::1"sv,
                                      "[::1]9432"sv,
                                      "[127.0.0.1]"sv,
                                      "[localhost]"sv,
                                      "[]"sv,
                                      "["sv,
                                      ":9432"sv,
                                      "user@127.0.0.1"sv,
                                      "127.0.0.1 "sv,
                                      "127.0.0.1\0.example"sv,
                                      "localhos"sv,
                                      "localhostt"sv}) {
    EXPECT_FALSE(host_allowed(host)) << host;
  }
}

}  // namespace
}  // namespace rolegate::admin
