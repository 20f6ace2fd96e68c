#include "aws/proxy.hpp"

#include <gtest/gtest.h>

namespace rolegate::aws {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

std::string proxy(const Variables& variables, std::string_view url) {
  return ProxyVariables(base::FixedEnvironment(variables)).proxy_for(*parse_url(url));
}

TEST(Proxy, FollowsTheSchemeAndPrefersLowerCase) {
  EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://p:1"}}, "https://sts.example"), "http://p:1");
  EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://p:1"}, {"https_proxy", "http://q:1"}}, "https://sts.example"),
            "http://q:1");
  EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://p:1"}}, "http://sts.example"), "");
  EXPECT_EQ(proxy({{"HTTP_PROXY", "http://p:1"}}, "http://sts.example"), "http://p:1");
  EXPECT_EQ(proxy({}, "https://sts.example"), "");
}

TEST(Proxy, IgnoresHttpProxyInACgiProgram) {
  EXPECT_EQ(proxy({{"HTTP_PROXY", "http://p:1"}, {"REQUEST_METHOD", "GET"}}, "http://sts.example"), "");
  EXPECT_EQ(proxy({{"http_proxy", "http://p:1"}, {"REQUEST_METHOD", "GET"}}, "http://sts.example"),
            "http://p:1");
}

TEST(Proxy, IsPassedByForNoProxy) {
  const auto with = [](std::string no_proxy) {
    return proxy({{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", std::move(no_proxy)}},
                 "https://STS.eu-west-1.amazonaws.com:444");
  };
  for (const char* fits : {"*", "amazonaws.com", ".amazonaws.com", "other, AMAZONAWS.com",
                           "sts.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com:444"}) {
    EXPECT_EQ(with(fits), "") << fits;
  }
  for (const char* not_this : {"", ",", "amazonaws", "azonaws.com", "sts.eu-west-1.amazonaws.com:443",
                               "x.sts.eu-west-1.amazonaws.com"}) {
    EXPECT_EQ(with(not_this), "http://p:1") << not_this;
  }
}

TEST(Proxy, IsNeverUsedForLoopback) {
  EXPECT_EQ(proxy({{"http_proxy", "http://p:1"}}, "http://127.0.0.1:4566"), "");
  EXPECT_EQ(proxy({{"http_proxy", "http://p:1"}}, "http://[::1]:4566"), "");
}

}  // namespace
}  // namespace rolegate::aws
