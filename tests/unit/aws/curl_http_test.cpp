#include "aws/curl_http.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/api.hpp"
#include "aws/curl_library.hpp"
#include "unit/aws/http_imposter.hpp"
#include "unit/aws/tls_server.hpp"

namespace rolegate::aws {
namespace {

using base::FixedEnvironment;
using ::testing::HasSubstr;
using testing::HttpImposter;
using ::testing::Not;
using testing::TlsServer;

base::Deadline soon() { return base::Deadline::in(std::chrono::seconds(30)); }

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.method = "GET";
  request.url = url;
  return request;
}

HttpRequest post(const std::string& url, std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.body = std::move(body);
  return request;
}

/// The body of the answer, or the error's code: for tests that expect a body.
std::string body_of(const base::Result<HttpResponse>& response) {
  return response ? response->body : "error: " + std::string(response.error().code);
}

class CurlHttp : public ::testing::Test {
 protected:
  HttpImposter imposter_;
  std::unique_ptr<HttpClient> http_ = make_curl_http(FixedEnvironment());
};

TEST_F(CurlHttp, SendsMethodPathHeadersAndBodyAsGiven) {
  imposter_.when("POST /a%20b").reply(201, "made", {{"X-Amzn-RequestId", "r-1"}});
  auto request = post(imposter_.url() + "/a%20b?x=%2F", std::string("Action=X&\0y", 11));
  request.headers.emplace_back("X-One", "1");
  request.headers.emplace_back("X-Empty", "");
  request.headers.emplace_back("Content-Type", "text/plain");
  const auto response = http_->send(request, soon());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->header("x-amzn-requestid"), "r-1");
  const auto call = imposter_.calls().at(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.target, "/a%20b?x=%2F");
  EXPECT_EQ(call.body, std::string("Action=X&\0y", 11));
  EXPECT_EQ(call.header("X-One"), "1");
  EXPECT_EQ(call.header("Content-Type"), "text/plain");
  EXPECT_EQ(call.header("User-Agent"), "rolegate/0.1.0");
  EXPECT_EQ(call.header("Expect"), "");
}

TEST_F(CurlHttp, SendsGetAndAnEmptyPut) {
  imposter_.when("GET /role").reply(200, "role");
  imposter_.when("PUT /token").reply(200, "token");
  EXPECT_EQ(body_of(http_->send(get(imposter_.url() + "/role"), soon())), "role");
  HttpRequest put = post(imposter_.url() + "/token", "");
  put.method = "PUT";
  EXPECT_EQ(body_of(http_->send(put, soon())), "token");
  EXPECT_EQ(imposter_.calls().at(1).header("Content-Length"), "0");
}

TEST_F(CurlHttp, TakesAnyStatusAsAnAnswerAndFollowsNoRedirect) {
  imposter_.when("/moved").reply(302, "", {{"Location", imposter_.url() + "/there"}});
  imposter_.when("/broken").reply(503, "busy");
  EXPECT_EQ(http_->send(get(imposter_.url() + "/moved"), soon())->status, 302);
  EXPECT_EQ(http_->send(get(imposter_.url() + "/broken"), soon())->status, 503);
  EXPECT_EQ(imposter_.calls().size(), 2u);
}

TEST_F(CurlHttp, KeepsConnectionsAlive) {
  imposter_.when("/").reply(200, "x");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(http_->send(get(imposter_.url() + "/"), soon()));
  EXPECT_EQ(imposter_.calls().at(2).connection, 1);
}

/// Descriptors that an exec would pass on.
std::set<std::string> inheritable() {
  std::set<std::string> descriptors;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string name = entry.path().filename();
    const int flags = ::fcntl(std::stoi(name), F_GETFD);
    if (flags != -1 && (flags & FD_CLOEXEC) == 0) descriptors.insert(name);
  }
  return descriptors;
}

TEST_F(CurlHttp, KeepsNothingOpenThatAnExecWouldPassOn) {
  imposter_.when("/").reply(200, "x");
  const auto before = inheritable();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(http_->send(get(imposter_.url() + "/"), soon()));
  ASSERT_EQ(imposter_.calls().at(1).connection, 1) << "the connection is to be there still";
  EXPECT_EQ(inheritable(), before);
}

TEST_F(CurlHttp, RefusesAnAnswerThatIsTooLong) {
  imposter_.when("/max").reply(200, std::string(kMaxBody, 'x'));
  imposter_.when("/more").reply(200, std::string(kMaxBody + 1, 'x'));
  EXPECT_EQ(http_->send(get(imposter_.url() + "/max"), soon())->body.size(), kMaxBody);
  const auto more = http_->send(get(imposter_.url() + "/more"), soon());
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, "http_failed");
  EXPECT_THAT(more.error().message, HasSubstr("longer than 1048576 bytes"));
  EXPECT_FALSE(more.error().retryable);
}

TEST_F(CurlHttp, RefusesHeadersThatAreTooLong) {
  std::string raw = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 40; ++i) raw += "X-Long: " + std::string(2000, 'h') + "\r\n";
  imposter_.when("/").reply_raw(raw + "\r\n");
  EXPECT_EQ(http_->send(get(imposter_.url() + "/"), soon()).error().code, "http_failed");
}

TEST_F(CurlHttp, ForgetsTheHeadersOfAnInterimAnswer) {
  imposter_.when("/").reply_raw(
      "HTTP/1.1 103 Hints\r\nX-Which: interim\r\n\r\nHTTP/1.1 200 OK\r\nX-Which: final\r\n\r\nbody");
  const auto response = http_->send(get(imposter_.url() + "/"), soon());
  ASSERT_TRUE(response);
  EXPECT_EQ(response->header("X-Which"), "final");
  EXPECT_EQ(response->body, "body");
}

TEST_F(CurlHttp, TimesOutRetryably) {
  imposter_.when("/").hang();
  const auto response =
      http_->send(get(imposter_.url() + "/"), base::Deadline::in(std::chrono::milliseconds(50)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "http_timeout");
  EXPECT_TRUE(response.error().retryable);
}

TEST_F(CurlHttp, AsksNothingAfterTheDeadline) {
  const auto response =
      http_->send(get(imposter_.url() + "/"), base::Deadline::in(std::chrono::milliseconds(0)));
  EXPECT_EQ(response.error().code, "http_timeout");
  EXPECT_TRUE(imposter_.calls().empty());
}

TEST_F(CurlHttp, CallsBrokenConnectionsRetryable) {
  imposter_.when("/dropped").drop();
  imposter_.when("/truncated").reply_raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  imposter_.when("/garbage").reply_raw("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  for (const char* path : {"/dropped", "/truncated"}) {
    const auto response = http_->send(get(imposter_.url() + path), soon());
    ASSERT_FALSE(response) << path;
    EXPECT_EQ(response.error().code, "http_connect") << path;
    EXPECT_TRUE(response.error().retryable) << path;
  }
  EXPECT_EQ(http_->send(get(imposter_.url() + "/garbage"), soon()).error().code, "http_failed");
}

TEST_F(CurlHttp, CallsARefusedConnectionRetryable) {
  std::string closed;
  {
    const HttpImposter gone;
    closed = gone.url();
  }
  const auto response = http_->send(get(closed + "/"), soon());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "http_connect");
  EXPECT_TRUE(response.error().retryable);
}

TEST_F(CurlHttp, RefusesOtherSchemesAndLineBreaksInHeaders) {
  EXPECT_EQ(http_->send(get("file:///etc/passwd"), soon()).error().code, "http_failed");
  EXPECT_EQ(http_->send(get("gopher://127.0.0.1/"), soon()).error().code, "http_failed");
  auto request = get(imposter_.url() + "/");
  request.headers.emplace_back("Authorization", "secret\r\nX-Evil: 1");
  const auto response = http_->send(request, soon());
  EXPECT_THAT(response.error().message, HasSubstr("The header Authorization"));
  EXPECT_THAT(response.error().text(), Not(HasSubstr("secret")));
  EXPECT_TRUE(imposter_.calls().empty());
}

TEST_F(CurlHttp, ServesManyThreadsAtOnce) {
  imposter_.when("/").reply(200, "x");
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto response = http_->send(get(imposter_.url() + "/"), soon());
        if (response && response->body == "x") ++answered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, 16 * 20);
}

TEST_F(CurlHttp, GivesUpWhatIsUnderWayWhenStopped) {
  imposter_.when("/").hang();
  std::string code;
  std::thread caller([&] { code = body_of(http_->send(get(imposter_.url() + "/"), soon())); });
  while (imposter_.calls().empty()) std::this_thread::yield();
  http_->stop();
  caller.join();
  // Without stop() this would be http_timeout, half a minute later.
  EXPECT_EQ(code, "error: http_failed");
  EXPECT_EQ(body_of(http_->send(get(imposter_.url() + "/"), soon())), "error: http_failed");
}

TEST(CurlHttpProxy, IsTakenFromTheGivenEnvironmentOnly) {
  HttpImposter proxy;
  proxy.when("http://sts.example/").reply(200, "through the proxy");
  HttpImposter direct;
  direct.when("/").reply(200, "direct");
  // What libcurl would read by itself must not count.
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto http = make_curl_http(FixedEnvironment({{"HTTP_PROXY", proxy.url()}}));
  EXPECT_EQ(body_of(http->send(get("http://sts.example/"), soon())), "through the proxy");
  auto request = get(direct.url() + "/");
  EXPECT_EQ(body_of(http->send(request, soon())), "direct") << "loopback is never proxied";
  ::unsetenv("http_proxy");
  EXPECT_EQ(proxy.calls().size(), 1u);
}

TEST(CurlHttpProxy, PasswordIsNotInErrors) {
  const auto http =
      make_curl_http(FixedEnvironment({{"http_proxy", "http://user:hunter2@127.0.0.1:notaport"}}));
  const auto response = http->send(get("http://sts.example/"), soon());
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().text(), Not(HasSubstr("hunter2")));
}

TEST(CurlHttpTls, RefusesAnUnknownAuthorityAndNamesAwsCaBundle) {
  const TlsServer server("IP:127.0.0.1");
  const auto response = make_curl_http(FixedEnvironment())->send(get(server.url()), soon());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "http_tls");
  EXPECT_FALSE(response.error().retryable);
  EXPECT_THAT(response.error().message, HasSubstr("cannot be verified"));
  EXPECT_THAT(response.error().hint, HasSubstr("AWS_CA_BUNDLE"));
}

TEST(CurlHttpTls, TrustsAwsCaBundle) {
  const TlsServer server("IP:127.0.0.1");
  const auto http = make_curl_http(FixedEnvironment({{"AWS_CA_BUNDLE", server.certificate()}}));
  const auto response = http->send(get(server.url()), soon());
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 200);
}

TEST(CurlHttpTls, RefusesAnotherNamesCertificate) {
  const TlsServer server("DNS:other.example");
  const auto http = make_curl_http(FixedEnvironment({{"AWS_CA_BUNDLE", server.certificate()}}));
  const auto response = http->send(get(server.url()), soon());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "http_tls");
  EXPECT_FALSE(response.error().retryable);
}

TEST(CurlHttpTls, SaysThatAwsCaBundleCannotBeRead) {
  const auto http = make_curl_http(FixedEnvironment({{"AWS_CA_BUNDLE", "/nowhere/ca.pem"}}));
  const TlsServer server("IP:127.0.0.1");
  const auto response = http->send(get(server.url()), soon());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "http_tls");
  EXPECT_THAT(response.error().message,
              HasSubstr("AWS_CA_BUNDLE (or ca_bundle of the profile) names /nowhere/ca.pem"));
}

TEST(CurlHttpTls, OfABundleThatCannotBeReadDoesNotStopPlainHttp) {
  HttpImposter server;
  server.when("/").reply(200, "i-1");
  const auto http = make_curl_http(FixedEnvironment({{"AWS_CA_BUNDLE", "/nowhere/ca.pem"}}));
  EXPECT_EQ(body_of(http->send(get(server.url() + "/"), soon())), "i-1");
}

TEST(CurlLibrary, SaysWhatToInstallWhenItIsMissing) {
  const auto library = open_curl_library("libcurl-that-is-not-there.so.4");
  ASSERT_FALSE(library);
  EXPECT_THAT(library.error().message, HasSubstr("AWS cannot be asked without libcurl"));
  EXPECT_THAT(library.error().hint, HasSubstr("libcurl4"));
}

TEST(CurlLibrary, RefusesALibraryThatIsNotIt) {
  EXPECT_THAT(open_curl_library("libc.so.6").error().message, HasSubstr("is not a libcurl"));
}

}  // namespace
}  // namespace rolegate::aws
