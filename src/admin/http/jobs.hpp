#pragma once

#include <cstddef>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "admin/http/router.hpp"
#include "base/call_pool.hpp"

namespace rolegate::admin {

/// The threads on which jobs are done, made when they are first needed. No job waits for another: one that
/// would have to is refused. For the server's thread alone.
class Jobs {
 public:
  /// `most`: jobs at once.
  explicit Jobs(std::size_t most) : most_(most), threads_({.threads = most, .per_lane = most}) {}

  /// The job's answer; 503 when there are too many jobs. Whoever waits is resumed on its own executor.
  [[nodiscard]] boost::asio::awaitable<HttpAnswer> answer_of(Job job);
  /// Waits for those that have begun, and hands out nothing more: the executors are still there.
  void stop() { threads_.stop(); }

 private:
  const std::size_t most_;
  std::size_t under_way_ = 0;
  base::CallPool threads_;
};

}  // namespace rolegate::admin
