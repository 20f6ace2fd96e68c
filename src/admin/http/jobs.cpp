#include "admin/http/jobs.hpp"

#include <memory>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rolegate::admin {
namespace {

namespace asio = boost::asio;

HttpAnswer unavailable() {
  HttpAnswer answer = refusal(503, "Too many requests are being worked on; try again in a moment.");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

/// A coroutine that waits for an answer. It gets the one that is there when nobody works on it any more: a
/// job that is never done, because the system gives no thread, is destroyed.
template <typename Resume>
class Waiter {
 public:
  Waiter(asio::any_io_executor executor, Resume resume)
      : executor_(std::move(executor)), resume_(std::move(resume)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  // NOLINTNEXTLINE(bugprone-exception-escape): without the memory for this, nobody can be answered any more
  ~Waiter() {
    asio::post(executor_, [resume = std::move(resume_), answer = std::move(answer_)]() mutable {
      std::move(resume)(std::move(answer));
    });
  }
  void take(HttpAnswer answer) { answer_ = std::move(answer); }

 private:
  asio::any_io_executor executor_;
  Resume resume_;
  HttpAnswer answer_ = unavailable();
};

}  // namespace

asio::awaitable<HttpAnswer> Jobs::answer_of(Job job) {
  if (under_way_ == most_) co_return unavailable();
  ++under_way_;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  HttpAnswer answer = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(HttpAnswer)>(
      [this, &executor, &job](auto resume) {
        auto waiter = std::make_unique<Waiter<decltype(resume)>>(executor, std::move(resume));
        threads_.submit(
            {}, base::CallPool::Urgency::login,
            [job = std::move(job), waiter = std::move(waiter)]() mutable { waiter->take(job()); });
      },
      asio::use_awaitable);
  --under_way_;
  co_return answer;
}

}  // namespace rolegate::admin
