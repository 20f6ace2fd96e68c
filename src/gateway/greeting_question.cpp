#include "gateway/greeting_question.hpp"

#include <expected>
#include <utility>

#include "upstream/resolve.hpp"

namespace rolegate::gateway {
namespace {

wire::mysql::ClientLogin::Settings greeting_only() {
  wire::mysql::ClientLogin::Settings settings;
  settings.greeting_only = true;
  return settings;
}

}  // namespace

GreetingQuestion::GreetingQuestion(net::EventLoop& loop, base::CallPool& pool,
                                   const config::Database& database, Answer answer)
    : loop_(loop),
      deadline_(loop.now() + kPatience),
      answer_(std::move(answer)),
      mailbox_(loop),
      timer_(loop),
      handshake_(greeting_only()) {
  // The look-up keeps the deadline itself; the second on top is for one that cannot.
  timer_.at(deadline_ + std::chrono::seconds(1), [this] { finish(std::nullopt); });
  const config::HostPort to =
      database.uri.connect_to.value_or(config::HostPort{database.uri.host, database.uri.port_or_default()});
  pool.submit(database.name, base::CallPool::Urgency::renewal,
              [this, home = mailbox_.address(), to, deadline = base::Deadline(deadline_)] {
                auto addresses = upstream::resolve(to.host, to.port, deadline);
                home.send([this, port = to.port, addresses = std::move(addresses)]() mutable {
                  if (!addresses) return finish(std::nullopt);
                  dial(std::move(*addresses), port);
                });
              });
}

void GreetingQuestion::dial(std::vector<std::string> addresses, std::uint16_t port) {
  dialer_ = std::make_unique<net::Dialer>(
      loop_, std::move(addresses), port, deadline_,
      [this](std::expected<net::Dialer::Connected, net::Dialer::Unreachable> connection) {
        if (!connection) return finish(std::nullopt);
        driver_ = std::make_unique<upstream::HandshakeDriver>(
            loop_, net::Stream(std::move(connection->socket)), handshake_, upstream::TlsTarget{},
            [this](upstream::HandshakeDriver::Outcome outcome) {
              finish(outcome == upstream::HandshakeDriver::Outcome::ready ? handshake_.greeting()
                                                                          : std::nullopt);
            });
        driver_->start();
      });
}

void GreetingQuestion::finish(std::optional<wire::mysql::Greeting> greeting) {
  timer_.later([this, greeting = std::move(greeting)]() mutable {
    Answer answer = std::move(answer_);
    answer(std::move(greeting));
  });
}

}  // namespace rolegate::gateway
