#include "cli/gateway_walk.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/call_pool.hpp"
#include "base/printable.hpp"
#include "base/random.hpp"
#include "cli/make_login.hpp"
#include "cli/query/statement.hpp"
#include "connect/connect.hpp"
#include "net/event_loop.hpp"
#include "net/timer.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/opening.hpp"
#include "upstream/upstream_tls.hpp"
#include "wire/mysql/payload.hpp"
#include "wire/mysql/question.hpp"
#include "wire/pg/question.hpp"

namespace rolegate::cli {
namespace {

constexpr const char* kName = "rolegate";  ///< what the session is called

/// `database` outlives it.
upstream::Wish wish_for(const config::Database& database) {
  config::DatabasePtr shared(std::shared_ptr<void>(), &database);
  if (database.uri.engine == config::Engine::mysql) {
    upstream::MysqlWish wish;
    wire::mysql::append_length_encoded(wish.attributes, "program_name");
    wire::mysql::append_length_encoded(wish.attributes, kName);
    return {std::move(shared), std::move(wish)};
  }
  // RDS Proxy and Redshift take few start-up parameters; these, both do.
  return {std::move(shared),
          upstream::PgWish{{}, {{"application_name", kName}, {"client_encoding", "UTF8"}}}};
}

/// A question to a session that is there already, TLS included, as a driver sees it.
class SessionQuestion final : public upstream::Handshake {
 public:
  SessionQuestion(const upstream::SessionStart& start, std::string_view sql)
      : machine_(std::in_place_type<wire::pg::Question>, sql) {
    std::string said_already;
    if (const auto* const mysql = std::get_if<upstream::MysqlStart>(&start)) {
      machine_.emplace<wire::mysql::Question>(sql);
      said_already = mysql->rest;
    } else {
      said_already = std::get<wire::pg::SessionStart>(start).rest;
    }
    receive(said_already);
  }

  Event receive(std::string_view bytes) override {
    return std::visit([&](auto& machine) { return event(machine.receive(bytes)); }, machine_);
  }
  Event tls_started(const net::Stream&) override { return receive({}); }
  [[nodiscard]] std::string take_output() override {
    return std::visit([](auto& machine) { return machine.take_output(); }, machine_);
  }

  [[nodiscard]] const std::vector<std::string>& row() const {
    return std::visit([](const auto& machine) -> const auto& { return machine.row(); }, machine_);
  }
  [[nodiscard]] const std::string& failure() const {
    return std::visit([](const auto& machine) -> const auto& { return machine.failure(); }, machine_);
  }

 private:
  template <typename MachineEvent>
  [[nodiscard]] static Event event(MachineEvent event) {
    if (event == MachineEvent::more) return Event::more;
    return event == MachineEvent::answered ? Event::ready : Event::failed;
  }

  std::variant<wire::pg::Question, wire::mysql::Question> machine_;
};

/// A loop with one session on it.
class Walk {
 public:
  Walk(Context& context, const FoundDatabase& found, std::string_view sql, InterruptWatch& interrupts,
       login::Steps& steps)
      : context_(context),
        sql_(sql),
        interrupts_(interrupts),
        steps_(steps),
        loop_(context.clock),
        limit_(loop_),
        time_(context.options.timeout.value_or(
            found.database->uri.connect_timeout.value_or(login::kDefaultTimeout))),
        tls_(context.environment, context.clock),
        services_{upstream::prepare_with(context.login_service(), tls_), pool_, random_} {
    const auto no_limit = std::make_shared<upstream::LoginRate>(0);
    opening_.emplace(
        loop_, services_, wish_for(*found.database),
        upstream::SessionProvider::Terms{found.config.iam_flag(), no_limit, {}, context.options.timeout},
        [this](upstream::SessionProvider::Result result) { opened(std::move(result)); });
  }

  ~Walk() { pool_.stop(); }  // a call that is under way uses the rest
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  base::Result<std::vector<std::string>> run() {
    loop_.run();
    return std::move(outcome_);
  }

 private:
  using Outcome = upstream::HandshakeDriver::Outcome;

  void opened(upstream::SessionProvider::Result result) {
    const login::Steps& walked = result ? result->steps : result.error().steps;
    for (const login::Step& step : walked.all()) {
      steps_.add(step.name, step.duration, step.detail, step.error);
    }
    log_steps(context_.log, steps_);
    if (!result) return end(std::unexpected(result.error().failure.whole_error()));
    question_.emplace(result->start, sql_);
    asked_at_ = std::chrono::steady_clock::now();
    driver_.emplace(loop_, std::move(result->stream), *question_, std::move(result->tls),
                    [this](Outcome outcome) { answered(outcome); });
    watch_.reset(new InterruptWatch::Scope(interrupts_.watch([this] {
      loop_.post([this] {
        fail_question(base::make_error(StatementErrc::query_cancelled, "The query was cancelled."));
      });
    })));
    limit_.in(time_, [this] {
      fail_question(base::make_error(connect::Errc::query_failed,
                                     "The database let the login in, but did not answer in time.",
                                     "It may be overloaded; --timeout gives it longer.", true));
    });
    driver_->start();
  }

  void answered(Outcome outcome) {
    if (outcome == Outcome::failed) {
      return fail_question(
          base::make_error(connect::Errc::query_failed, base::server_text(question_->failure())));
    }
    if (outcome != Outcome::ready) {
      const std::string& why = driver_->stream().why();
      return fail_question(base::make_error(
          connect::Errc::query_failed,
          fmt::format("The database ended the connection{}{}.", why.empty() ? "" : ": ", why)));
    }
    if (question_->row().empty()) {
      return fail_question(base::make_error(connect::Errc::query_failed,
                                            "The database answered without a row.",
                                            "Something other than the database may be listening there."));
    }
    steps_.add(login::StepName::query, std::chrono::steady_clock::now() - asked_at_);
    end(question_->row());
  }

  /// The first end counts: an answer, Ctrl-C and the end of the time may come at once.
  void fail_question(base::Error error) {
    if (!driver_) return;
    steps_.add(login::StepName::query, std::chrono::steady_clock::now() - asked_at_, {}, error);
    end(std::unexpected(std::move(error)));
  }

  void end(base::Result<std::vector<std::string>> outcome) {
    outcome_ = std::move(outcome);
    limit_.cancel();
    driver_.reset();
    loop_.stop();
  }

  Context& context_;
  const std::string sql_;
  InterruptWatch& interrupts_;
  login::Steps& steps_;
  net::EventLoop loop_;
  net::Timer limit_;
  const std::chrono::milliseconds time_;  ///< for the question, as for the login before
  base::CallPool pool_{{.threads = 1, .per_lane = 1}};
  base::SystemRandom random_;
  upstream::UpstreamTls tls_;
  const upstream::UpstreamServices services_;
  std::optional<upstream::Opening> opening_;
  std::optional<SessionQuestion> question_;
  std::optional<upstream::HandshakeDriver> driver_;
  std::chrono::steady_clock::time_point asked_at_;
  std::unique_ptr<InterruptWatch::Scope> watch_;
  base::Result<std::vector<std::string>> outcome_;
};

}  // namespace

base::Result<std::vector<std::string>> walk_as_gateway(Context& context, const FoundDatabase& found,
                                                       std::string_view sql, InterruptWatch& interrupts,
                                                       login::Steps& steps) {
  return Walk(context, found, sql, interrupts, steps).run();
}

}  // namespace rolegate::cli
