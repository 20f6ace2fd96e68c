#include "admin/http/dispatch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/admin/http/fake_pages.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class Dispatch : public testing::Test {
 protected:
  HttpAnswer to(const HttpRequest& request) { return std::get<HttpAnswer>(dispatch(request, router, log)); }
  HttpAnswer to(std::string_view method, std::string_view target) {
    return to({.method = method, .target = target, .host = "127.0.0.1", .hosts = 1});
  }
  static HttpRequest get(std::string_view target) {
    return {.method = "GET", .target = target, .host = "127.0.0.1", .hosts = 1};
  }
  FakePages pages;
  Router router = pages.router();
  login::RecordingLog log;
};

TEST_F(Dispatch, GivesThePage) {
  const HttpAnswer made = to("GET", "/hello");
  EXPECT_EQ(made.status, 200U);
  EXPECT_EQ(made.content_type, "text/plain");
  EXPECT_EQ(made.body, "hello");
  EXPECT_THAT(made.headers, IsEmpty());
  EXPECT_FALSE(made.close);
}

TEST_F(Dispatch, GivesTheSameForHeadAndWhateverTheQuery) {
  EXPECT_EQ(to("HEAD", "/hello").body, "hello");
  EXPECT_EQ(to("GET", "/hello?").body, "hello");
  EXPECT_EQ(to("GET", "/hello?a=/b?c").body, "hello");
}

TEST_F(Dispatch, Gives404ForAnyOtherPathAndNamesThoseThereAre) {
  for (const char* target : {"/", "/Hello", "/hello/", "//hello", "/hell", "/%68ello", "/hello%3f"}) {
    const HttpAnswer made = to("GET", target);
    EXPECT_EQ(made.status, 404U) << target;
    EXPECT_THAT(made.body, HasSubstr("/hello, /large, /broken, /slow and /slow/broken"));
    EXPECT_FALSE(made.close);
  }
  EXPECT_EQ(to("POST", "/nothing").status, 404U);
  EXPECT_EQ(pages.made, 0);
}

TEST_F(Dispatch, Gives405ForAnyOtherMethod) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "FOO"}) {
    const HttpAnswer made = to(method, "/hello");
    EXPECT_EQ(made.status, 405U) << method;
    EXPECT_THAT(made.headers, ElementsAre(Pair("Allow", "GET, HEAD")));
  }
  EXPECT_EQ(pages.made, 0);
}

TEST_F(Dispatch, RefusesABodyAndEndsTheConnection) {
  const HttpRequest get{
      .method = "GET", .target = "/hello", .host = "127.0.0.1", .hosts = 1, .has_body = true};
  EXPECT_EQ(to(get).status, 413U);
  EXPECT_TRUE(to(get).close);
  HttpRequest other = get;
  other.method = "POST";
  EXPECT_EQ(to(other).status, 405U);
  EXPECT_TRUE(to(other).close);
  other.target = "/nothing";
  EXPECT_EQ(to(other).status, 404U);
  EXPECT_TRUE(to(other).close);
  EXPECT_EQ(pages.made, 0);
}

TEST_F(Dispatch, Gives400ForATargetThatIsNoPath) {
  for (const char* target : {"http://127.0.0.1/hello", "*", "", "hello"}) {
    EXPECT_EQ(to("GET", target).status, 400U) << target;
  }
}

TEST_F(Dispatch, Gives500ForAPageThatCannotBeMadeAndTheLogSaysWhy) {
  const HttpAnswer made = to("GET", "/broken");
  EXPECT_EQ(made.status, 500U);
  EXPECT_THAT(made.body, testing::Not(HasSubstr("it broke")));
  EXPECT_THAT(log.all(), HasSubstr("/broken could not be made: it broke"));
}

TEST_F(Dispatch, HandsTheRequestToItsHandler) {
  RoutedRequest seen;
  std::string query;
  router.add("/database/{id}", "DELETE", [&](const RoutedRequest& request) {
    seen.parameters = request.parameters;
    query = request.query;
    return HttpAnswer{204, {}, {}};
  });
  HttpRequest request = get("/database/7?force=a?b");
  request.method = "DELETE";
  EXPECT_EQ(to(request).status, 204U);
  EXPECT_THAT(seen.parameters, ElementsAre(Pair("id", "7")));
  EXPECT_EQ(query, "force=a?b");
}

TEST_F(Dispatch, LeavesAJobToWhoeverAsked) {
  Reply reply = dispatch(get("/slow"), router, log);
  EXPECT_EQ(pages.made, 0) << "not on the server's thread";
  EXPECT_EQ(std::get<Job>(reply)().body, "hello");
}

TEST_F(Dispatch, Gives500ForAJobThatFailsAndTheLogSaysWhy) {
  Reply reply = dispatch(get("/slow/broken"), router, log);
  EXPECT_EQ(std::get<Job>(reply)().status, 500U);
  EXPECT_THAT(log.all(), HasSubstr("/slow/broken could not be made: it broke slowly"));
}

TEST_F(Dispatch, NeedsAHostThatNobodyElseCanOwn) {
  const auto status = [&](std::optional<std::string_view> host, unsigned hosts) {
    return to({.method = "GET", .target = "/hello", .host = host, .hosts = hosts}).status;
  };
  EXPECT_EQ(status(std::nullopt, 0), 200U);
  EXPECT_EQ(status("", 1), 200U);
  EXPECT_EQ(status("localhost:9432", 1), 200U);
  EXPECT_EQ(status("attacker.example", 1), 421U);
  EXPECT_EQ(status("127.0.0.1", 2), 400U);
  const HttpRequest rebound{.method = "GET", .target = "/nothing", .host = "attacker.example", .hosts = 1};
  EXPECT_EQ(to(rebound).status, 421U) << "not even which pages there are";
}

}  // namespace
}  // namespace rolegate::admin
