#include "admin/http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::admin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Handler says(std::string text) {
  return [text = std::move(text)](const RoutedRequest&) { return HttpAnswer{200, "text/plain", text}; };
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router.add("/", "GET", says("root"));
    router.add("/database/", "GET", says("list"));
    router.add("/database/", "POST", says("create"));
    router.add("/database/{id}", "GET", says("one"));
    router.add("/database/{id}", "PUT", says("change"));
    router.add("/database/{id}", "DELETE", says("remove"));
    router.add("/database/{id}/connection", "GET", says("form"));
    router.add("/database/available", "GET", says("kinds"));
    router.add("/{folder}/{file}", "GET", says("file"));
  }
  /// What the handler for it says; "(none)" when there is none.
  [[nodiscard]] std::string at(std::string_view method, std::string_view path) const {
    const auto found = router.find(path);
    const Handler* handler = found ? found->handler(method) : nullptr;
    return handler == nullptr ? "(none)" : std::get<HttpAnswer>((*handler)({})).body;
  }
  Router router;
};

TEST_F(RouterTest, FindsTheHandlerByMethodAndPath) {
  EXPECT_EQ(at("GET", "/"), "root");
  EXPECT_EQ(at("GET", "/database/"), "list");
  EXPECT_EQ(at("POST", "/database/"), "create");
  EXPECT_EQ(at("PUT", "/database/7"), "change");
  EXPECT_EQ(at("GET", "/database/7/connection"), "form");
  EXPECT_EQ(at("HEAD", "/database/7"), "one") << "GET's, without the body";
  EXPECT_EQ(at("PATCH", "/database/7"), "(none)");
  EXPECT_EQ(at("put", "/database/7"), "(none)") << "methods are case-sensitive";
}

TEST_F(RouterTest, TakesSegmentsWholeAndAsTheyAre) {
  for (const char* path :
       {"/database", "/Database/", "//", "/database//", "/database//connection", "/database/7/",
        "/database/7/connection/", "/database/7/connections", "/database/7/8"}) {
    EXPECT_FALSE(router.find(path)) << path;
  }
  EXPECT_THAT(router.find("/database/%37+")->parameters, ElementsAre(Pair("id", "%37+")));
}

TEST_F(RouterTest, GivesWhatStandsForTheParameters) {
  EXPECT_THAT(router.find("/database/7/connection")->parameters, ElementsAre(Pair("id", "7")));
  EXPECT_THAT(router.find("/css/page.css")->parameters,
              ElementsAre(Pair("file", "page.css"), Pair("folder", "css")));
  EXPECT_THAT(router.find("/database/")->parameters, IsEmpty());
}

TEST_F(RouterTest, PrefersThePatternWithTheFewestParameters) {
  EXPECT_EQ(at("GET", "/database/available"), "kinds");
  EXPECT_EQ(at("PUT", "/database/available"), "(none)") << "it is a page of its own";
  EXPECT_EQ(at("GET", "/database/availability"), "one");
  EXPECT_EQ(at("GET", "/css/page.css"), "file");
}

TEST_F(RouterTest, KnowsTheMethodsOfAPath) {
  EXPECT_EQ(router.find("/database/7")->methods(), "DELETE, GET, HEAD, PUT");
  EXPECT_EQ(router.find("/database/")->methods(), "GET, HEAD, POST");
  router.add("/login", "POST", says("welcome"));
  EXPECT_EQ(router.find("/login")->methods(), "POST");
  EXPECT_EQ(at("HEAD", "/login"), "(none)");
}

TEST(Router, ListsItsPatternsForPeople) {
  Router router;
  EXPECT_EQ(router.list(), "");
  router.add("/b", "GET", says("b"));
  EXPECT_EQ(router.list(), "/b");
  router.add("/a", "GET", says("a"));
  router.add("/b", "PUT", says("b"));
  EXPECT_EQ(router.list(), "/b and /a");
  router.add("/{c}", "GET", says("c"));
  EXPECT_EQ(router.list(), "/b, /a and /{c}");
}

TEST(Router, FindsNothingWhenItIsEmpty) { EXPECT_FALSE(Router().find("/")); }

}  // namespace
}  // namespace rolegate::admin
