#include "admin/http/server.hpp"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/gate.hpp"
#include "unit/admin/http/fake_pages.hpp"
#include "unit/admin/http/http_client.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Far beyond the end of any test: where nothing may depend on time.
constexpr auto kNever = 1h;

base::ListenAddress any_port(std::string host = "127.0.0.1") {
  base::ListenAddress listen;
  listen.text = host.find(':') == std::string::npos ? host + ":0" : "[" + host + "]:0";
  listen.host = std::move(host);
  return listen;
}

class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpLimits limits = {.request = kNever}, std::string large = {}) {
    pages = std::make_unique<FakePages>(std::move(large));
    auto started = start_http_server(any_port(), pages->router(), clock, log, limits);
    ASSERT_TRUE(started) << started.error().text();
    server = std::move(*started);
  }
  [[nodiscard]] HttpClient client() const { return HttpClient(server->address()); }

  test::FakeClock clock;
  login::RecordingLog log;
  std::unique_ptr<FakePages> pages;
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, AnswersWithThePageAndItsHeaders) {
  serve();
  const HttpResponse response = client().get("/hello", "Host: localhost\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.header("content-type"), "text/plain");
  EXPECT_EQ(response.header("content-length"), "5");
  EXPECT_EQ(response.header("cache-control"), "no-store");
  EXPECT_EQ(response.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(response.header("date"), "Fri, 02 Jan 2026 03:04:05 GMT");
}

TEST_F(HttpServerTest, LeavesTheBodyOutForHead) {
  serve();
  HttpClient head = client();
  const HttpResponse response = head.request("HEAD", "/hello");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-length"), "5");
  EXPECT_EQ(head.get("/hello").body, "hello") << "and what follows is the next answer";
}

TEST_F(HttpServerTest, KeepsAConnectionOpenAsTheClientLikes) {
  serve();
  HttpClient keeping = client();
  for (int n = 0; n < 5; ++n) EXPECT_EQ(keeping.get("/hello").status, 200);
  EXPECT_EQ(keeping.get("/nothing").status, 404);
  const HttpResponse last = keeping.get("/hello", "Connection: close\r\n");
  EXPECT_EQ(last.body, "hello");
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(keeping.ended());

  HttpClient old = client();
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read().body, "hello");
  EXPECT_TRUE(old.ended());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  HttpClient pipelining = client();
  pipelining.send("GET /hello HTTP/1.1\r\n\r\nHEAD /hello HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n");
  EXPECT_EQ(pipelining.read().body, "hello");
  EXPECT_EQ(pipelining.read(true).status, 200);
  EXPECT_EQ(pipelining.read().status, 404);
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  serve();
  HttpClient slow = client();
  for (const char byte : std::string_view("GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")) {
    ASSERT_TRUE(slow.send({&byte, 1}));
  }
  EXPECT_EQ(slow.read().body, "hello");
}

TEST_F(HttpServerTest, SaysWhichMethodsThereAre) {
  serve();
  const HttpResponse response = client().request("DELETE", "/hello");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.header("allow"), "GET, HEAD");
}

TEST_F(HttpServerTest, RefusesAForeignHost) {
  serve();
  EXPECT_EQ(client().get("/hello", "Host: attacker.example\r\n").status, 421);
  EXPECT_EQ(client().get("/hello", "Host: 127.0.0.1\r\nHost: attacker.example\r\n").status, 400);
  EXPECT_EQ(pages->made, 0);
}

TEST_F(HttpServerTest, RefusesABodyWithoutReadingIt) {
  serve();
  for (const char* framing : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
                              "Content-Length: 18446744073709551615\r\n"}) {
    HttpClient sending = client();
    const HttpResponse response = sending.get("/hello", framing);
    EXPECT_EQ(response.status, 413) << framing;
    EXPECT_EQ(response.header("connection"), "close");
    sending.finish_sending();
    EXPECT_TRUE(sending.ended());
  }
  HttpClient smuggling = client();
  smuggling.send("POST /hello HTTP/1.1\r\nContent-Length: 27\r\n\r\nGET /hello HTTP/1.1\r\n\r\n");
  EXPECT_EQ(smuggling.read().status, 405);
  smuggling.finish_sending();
  EXPECT_TRUE(smuggling.ended());
  EXPECT_EQ(pages->made, 0);
}

TEST_F(HttpServerTest, Answers400ToWhatIsNoRequest) {
  serve();
  for (const char* text :
       {"\r\n\r\nhello\r\n\r\n", "GET\r\n\r\n", "GET /hello\r\n\r\n", "GET /hello HTTP/2.0\r\n\r\n",
        "GET /hello HTTP/1.1\r\nno colon\r\n\r\n", "GET /hello HTTP/1.1\r\n: none\r\n\r\n",
        "GET /he llo HTTP/1.1\r\n\r\n", "GET /hello HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET /hello HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"}) {
    HttpClient babbling = client();
    babbling.send(text);
    EXPECT_EQ(babbling.read().status, 400) << text;
    babbling.finish_sending();
    EXPECT_TRUE(babbling.ended()) << text;
  }
  EXPECT_EQ(pages->made, 0);
}

TEST_F(HttpServerTest, BoundsTheHead) {
  serve();
  const std::string fits = "X: " + std::string(8000, 'x') + "\r\n";
  EXPECT_EQ(client().get("/hello", fits).status, 200);
  HttpClient large = client();
  EXPECT_EQ(large.get("/hello", "X: " + std::string(8190, 'x') + "\r\n").status, 431);
  // One that goes on and on is not listened to for ever.
  HttpClient endless = client();
  endless.send("GET /hello HTTP/1.1\r\nX: ");
  const std::string more(4096, 'x');
  int sent = 0;
  while (sent < 100'000 && endless.send(more)) ++sent;
  EXPECT_LT(sent, 100'000);
}

TEST_F(HttpServerTest, SendsAnAnswerThatFillsEveryBuffer) {
  const std::string large(32 << 20, 'x');
  serve({.request = kNever}, large);
  HttpClient reading = client();
  const HttpResponse response = reading.get("/large");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.size(), large.size());
  EXPECT_EQ(reading.get("/hello").body, "hello");
}

TEST_F(HttpServerTest, EndsAConnectionThatSaysNothingOrNotAll) {
  serve({.request = 20ms});
  EXPECT_TRUE(client().ended());
  HttpClient half = client();
  half.send("GET /hello HT");
  EXPECT_TRUE(half.ended());
}

TEST_F(HttpServerTest, EndsAConnectionThatDripsHoweverRegularly) {
  serve({.header = 1 << 30, .request = 50ms});
  HttpClient dripping = client();
  dripping.send("GET /hello HTTP/1.1\r\nX: ");
  // Each byte comes well within the limit; all of them together do not.
  const auto until = std::chrono::steady_clock::now() + test::kPatience;
  bool ended = false;
  while (!ended && std::chrono::steady_clock::now() < until) ended = !dripping.send("x");
  EXPECT_TRUE(ended);
}

TEST_F(HttpServerTest, EndsAConnectionThatDoesNotReadItsAnswer) {
  serve({.request = 1s}, std::string(64 << 20, 'x'));  // time enough to ask for it
  HttpClient lazy = client();
  lazy.send("GET /large HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] { return pages->made == 1; }));
  // It may read again when it is too late: the answer is not whole.
  const auto until = std::chrono::steady_clock::now() + test::kPatience;
  while (lazy.send("x") && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(lazy.read().status, 0);
}

TEST_F(HttpServerTest, LetsNoSilentConnectionsKeepOthersOut) {
  serve({.connections = 8, .request = kNever});
  std::vector<HttpClient> silent;
  for (int n = 0; n < 40; ++n) {
    silent.push_back(client());
    ASSERT_TRUE(silent.back().connected());
    silent.back().send("GET /hel");
    if (n % 4 == 3) EXPECT_EQ(client().get("/hello").body, "hello") << n;
  }
  EXPECT_TRUE(silent.front().ended()) << "who has waited longest makes room";
  silent.back().send("lo HTTP/1.1\r\n\r\n");
  EXPECT_EQ(silent.back().read().body, "hello") << "who came last is still there";
}

TEST_F(HttpServerTest, LetsNoRefusedConnectionsThatStayKeepOthersOut) {
  serve({.connections = 2, .request = kNever});
  HttpClient first = client();
  HttpClient second = client();
  EXPECT_EQ(first.request("GET", "/hello", "Content-Length: 5\r\n").status, 413);
  EXPECT_EQ(second.request("GET", "/hello", "Content-Length: 5\r\n").status, 413);
  EXPECT_EQ(client().get("/hello").body, "hello");
}

TEST_F(HttpServerTest, DropsNobodyWhoseAnswerIsUnderWay) {
  const std::string large(32 << 20, 'x');
  serve({.connections = 2, .request = kNever}, large);
  HttpClient first = client();
  HttpClient second = client();
  first.send("GET /large HTTP/1.1\r\n\r\n");
  second.send("GET /large HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] { return pages->made == 2; }));
  EXPECT_TRUE(client().ended()) << "there is no room at all";
  EXPECT_EQ(first.read().body.size(), large.size());
  EXPECT_EQ(second.read().body.size(), large.size());
  EXPECT_EQ(client().get("/hello").body, "hello");
}

TEST_F(HttpServerTest, ServesManyClientsAtOnce) {
  serve();
  constexpr int kClients = 32;
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < kClients; ++n) {
    threads.emplace_back([&] {
      HttpClient own = client();
      for (int times = 0; times < 20; ++times) served += own.get("/hello").body == "hello" ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, kClients * 20);
}

TEST_F(HttpServerTest, ForgetsConnectionsThatEnd) {
  serve({.connections = 2, .request = kNever});
  HttpClient staying = client();
  EXPECT_EQ(staying.get("/hello").status, 200);
  for (int n = 0; n < 20; ++n) {
    HttpClient going = client();
    EXPECT_EQ(going.get("/hello", "Connection: close\r\n").status, 200);
    EXPECT_TRUE(going.ended());
  }
  EXPECT_EQ(staying.get("/hello").status, 200);
}

TEST_F(HttpServerTest, AnswersMeanwhileOthersWaitForAJob) {
  serve();
  pages->gate.close();
  HttpClient waiting = client();
  waiting.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(pages->gate.wait_for_arrivals(1));
  EXPECT_EQ(client().get("/hello").body, "hello");
  EXPECT_EQ(pages->made, 1) << "the job is not done yet";
  HttpClient also_waiting = client();
  also_waiting.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(pages->gate.wait_for_arrivals(2)) << "no job waits for another";
  pages->gate.open();
  EXPECT_EQ(waiting.read().body, "hello");
  EXPECT_EQ(waiting.get("/hello").body, "hello") << "and the connection goes on";
  EXPECT_EQ(also_waiting.read().body, "hello");
}

TEST_F(HttpServerTest, RefusesAJobTooManyAndAnswersOtherRequests) {
  serve({.connections = 8, .jobs = 3, .request = kNever});
  pages->gate.close();
  std::vector<HttpClient> waiting;
  for (int n = 0; n < 3; ++n) {
    waiting.push_back(client());
    waiting.back().send("GET /slow HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(pages->gate.wait_for_arrivals(n + 1));
  }
  HttpClient refused = client();
  const HttpResponse busy = refused.get("/slow");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("retry-after"), "1");
  EXPECT_EQ(refused.get("/hello").body, "hello") << "the connection stays";
  pages->gate.open();
  for (HttpClient& each : waiting) EXPECT_EQ(each.read().body, "hello");
  EXPECT_EQ(refused.get("/slow").body, "hello");
}

TEST_F(HttpServerTest, DoesTheJobOfAClientThatHasGone) {
  serve({.connections = 8, .jobs = 1, .request = kNever});
  pages->gate.close();
  {
    HttpClient going = client();
    going.send("GET /slow HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(pages->gate.wait_for_arrivals(1));
  }
  pages->gate.open();
  ASSERT_TRUE(test::eventually([&] { return pages->made == 1; }));
  ASSERT_TRUE(test::eventually([&] { return client().get("/slow").status == 200; }))
      << "its place is free again";
}

TEST_F(HttpServerTest, Answers500ForAJobThatFails) {
  serve();
  HttpClient asking = client();
  EXPECT_EQ(asking.get("/slow/broken").status, 500);
  EXPECT_EQ(asking.get("/hello").body, "hello");
}

TEST_F(HttpServerTest, WaitsForItsJobsWhenItStops) {
  serve();
  pages->gate.close();
  HttpClient waiting = client();
  waiting.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(pages->gate.wait_for_arrivals(1));
  std::thread stopping([&] { server.reset(); });
  pages->gate.open();
  stopping.join();
  EXPECT_EQ(pages->made, 1);
}

TEST_F(HttpServerTest, StopsAtOnceWithConnectionsInEveryState) {
  serve({.request = kNever}, std::string(32 << 20, 'x'));
  HttpClient silent = client();
  HttpClient half = client();
  HttpClient idle = client();
  HttpClient reading = client();
  HttpClient refused = client();
  half.send("GET /hel");
  EXPECT_EQ(idle.get("/hello").status, 200);
  reading.send("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_EQ(refused.get("/hello", "Content-Length: 5\r\n").status, 413);
  ASSERT_TRUE(test::eventually([&] { return pages->made == 2; }));
  const std::string address = server->address();
  server.reset();
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(half.ended());
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(reading.read().status, 0);
  EXPECT_FALSE(HttpClient(address).connected());
}

TEST(HttpServerListening, SaysWhereItReallyListens) {
  FakePages pages;
  test::FakeClock clock;
  login::RecordingLog log;
  const auto v4 = start_http_server(any_port(), pages.router(), clock, log);
  ASSERT_TRUE(v4);
  EXPECT_TRUE((*v4)->address().starts_with("127.0.0.1:"));
  EXPECT_FALSE((*v4)->address().ends_with(":0"));
  const auto v6 = start_http_server(any_port("::1"), pages.router(), clock, log);
  if (!v6) GTEST_SKIP() << "this machine has no IPv6: " << v6.error().text();
  EXPECT_TRUE((*v6)->address().starts_with("[::1]:"));
  EXPECT_EQ(HttpClient((*v6)->address()).get("/hello", "Host: [::1]\r\n").body, "hello");
}

TEST(HttpServerListening, SaysWhatIsWrongWithTheAddress) {
  FakePages pages;
  test::FakeClock clock;
  login::RecordingLog log;
  const auto error_at = [&](base::ListenAddress listen) {
    const auto made = start_http_server(listen, pages.router(), clock, log);
    EXPECT_FALSE(made);
    return made ? base::Error{} : made.error();
  };
  const auto first = start_http_server(any_port(), pages.router(), clock, log);
  ASSERT_TRUE(first);
  base::ListenAddress taken = any_port();
  taken.text = (*first)->address();
  taken.port = static_cast<std::uint16_t>(std::stoi(taken.text.substr(taken.text.rfind(':') + 1)));
  const base::Error in_use = error_at(taken);
  EXPECT_EQ(in_use.code, "admin_listen_failed");
  EXPECT_THAT(in_use.message, HasSubstr(taken.text));
  EXPECT_THAT(in_use.message, HasSubstr("in use"));
  EXPECT_THAT(in_use.hint, HasSubstr("Another process"));

  const base::Error foreign = error_at(any_port("192.0.2.1"));
  EXPECT_EQ(foreign.code, "admin_listen_failed");
  EXPECT_THAT(foreign.hint, HasSubstr("not one of this machine"));

  base::ListenAddress unix_socket = any_port();
  unix_socket.is_unix = true;
  EXPECT_THAT(error_at(unix_socket).message, HasSubstr("unix socket"));
  EXPECT_THAT(error_at(any_port("localhost")).message, HasSubstr("no IP address"));
}

TEST(HttpServerListening, FreesTheAddressForTheNext) {
  FakePages pages;
  test::FakeClock clock;
  login::RecordingLog log;
  auto first = start_http_server(any_port(), pages.router(), clock, log);
  ASSERT_TRUE(first);
  base::ListenAddress same = any_port();
  same.text = (*first)->address();
  same.port = static_cast<std::uint16_t>(std::stoi(same.text.substr(same.text.rfind(':') + 1)));
  HttpClient left_over(same.text);
  EXPECT_EQ(left_over.get("/hello").status, 200);
  first->reset();
  const auto second = start_http_server(same, pages.router(), clock, log);
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(HttpClient(same.text).get("/hello").status, 200);
}

}  // namespace
}  // namespace rolegate::admin
