#include "gateway/audit/audit_log.hpp"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/quiet_thread.hpp"
#include "gateway/audit/audit_folding.hpp"
#include "gateway/audit/audit_losses.hpp"
#include "gateway/audit/audit_output.hpp"
#include "net/listening.hpp"

namespace rolegate::gateway {
namespace {

constexpr std::size_t kMostLines = 16384;
constexpr std::size_t kMostBytes = 32U << 20;
/// How long the destructor waits for the lines, and then for a write that is under way.
constexpr std::chrono::milliseconds kLastLines(500);
constexpr std::chrono::milliseconds kLastWrite(100);

/// What the log and its thread share. It is the thread's as well: a write to a stalled disk cannot be called
/// back, and whoever ends the log does not wait for it.
class Queue {
 public:
  Queue(AuditOutput output, base::Descriptor interrupt, Stats& stats, base::Log& log)
      : output_(std::move(output)), interrupt_(std::move(interrupt)), losses_(stats, log) {}

  void write(const AuditRecord& record) {
    {
      const std::lock_guard lock(mutex_);
      if (folding_.fold(record, std::chrono::steady_clock::now())) return;
    }
    put(audit_line(record) + "\n");
  }

  /// What failures amount to so far, whether or not their interval has ended.
  void write_sums() {
    std::vector<AuditRecord> sums;
    {
      const std::lock_guard lock(mutex_);
      sums = folding_.all();
    }
    put(sums);
  }

  void put(std::string line) {
    std::unique_lock lock(mutex_);
    if (lines_.size() >= kMostLines || bytes_ + line.size() > kMostBytes) {
      const auto waiting = lines_.size();
      lock.unlock();
      losses_.lost(1, fmt::format("{} wait to be written already", waiting),
                   std::chrono::steady_clock::now());
      return;
    }
    bytes_ += line.size();
    lines_.push_back(std::move(line));
    ++accepted_;
    lock.unlock();
    work_.notify_one();
  }

  void use(AuditOutput next) {
    {
      const std::lock_guard lock(mutex_);
      next_ = std::move(next);
      interrupt();
    }
    work_.notify_one();
  }

  bool wait_until_out(std::chrono::milliseconds bound) {
    std::unique_lock lock(mutex_);
    return out_changed_.wait_for(lock, bound, [this, upto = accepted_] { return out_ >= upto; });
  }

  /// Ends the thread. False: it is stuck in a write, and will end after that.
  bool end() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    work_.notify_one();
    if (!out_changed_.wait_for(lock, kLastLines, [this] { return ended_; })) {
      abandoned_ = true;
      interrupt();
      out_changed_.wait_for(lock, kLastWrite, [this] { return ended_; });
    }
    const bool ended = ended_;
    const auto left = accepted_ - out_;
    lock.unlock();
    losses_.lost(left, "the gateway ends, and they could not be written in time",
                 std::chrono::steady_clock::now());
    losses_.close();
    return ended;
  }

  [[nodiscard]] bool is_losing() const { return losses_.are_happening(); }

  /// The thread.
  void write_lines() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wait_for_work(lock);
      take_next();
      if (abandoned_ || (lines_.empty() && ending_)) break;
      if (lines_.empty()) continue;
      const std::string line = std::move(lines_.front());
      lines_.pop_front();
      lock.unlock();
      const bool done = write(line);
      lock.lock();
      bytes_ -= line.size();
      if (done) ++out_;
      out_changed_.notify_all();
    }
    ended_ = true;
    out_changed_.notify_all();
  }

 private:
  void put(const std::vector<AuditRecord>& sums) {
    for (const AuditRecord& sum : sums) put(audit_line(sum) + "\n");
  }
  /// Until there is something to write; what becomes due meanwhile is.
  void wait_for_work(std::unique_lock<std::mutex>& lock) {
    while (lines_.empty() && !next_ && !ending_) {
      const auto next_sum = folding_.next();
      if (!next_sum) {
        work_.wait(lock);
      } else if (work_.wait_until(lock, *next_sum) == std::cv_status::timeout) {
        const auto sums = folding_.due(std::chrono::steady_clock::now());
        lock.unlock();
        put(sums);
        lock.lock();
      }
    }
  }
  bool is_empty() {
    const std::lock_guard lock(mutex_);
    return lines_.empty();
  }
  /// To be called with the lock.
  void interrupt() { ::eventfd_write(interrupt_.get(), 1); }
  /// To be called with the lock.
  void take_next() {
    if (!next_) return;
    eventfd_t ignored;
    ::eventfd_read(interrupt_.get(), &ignored);
    output_ = std::move(*std::exchange(next_, std::nullopt));
    losses_.elsewhere();
  }

  /// False: abandoned.
  bool write(const std::string& line) {
    for (;;) {
      int error = 0;
      switch (output_.write_line(line, interrupt_.get(), error)) {
        case AuditOutput::Written::yes:
          if (is_empty()) losses_.over();
          return true;
        case AuditOutput::Written::failed:
          losses_.lost(
              1,
              fmt::format("{} cannot be written: {}", output_.name(), std::generic_category().message(error)),
              std::chrono::steady_clock::now());
          return true;
        case AuditOutput::Written::interrupted: {
          const std::lock_guard lock(mutex_);
          if (abandoned_) return false;
          take_next();
        }
      }
    }
  }

  AuditOutput output_;  ///< the thread's
  const base::Descriptor interrupt_;
  AuditLosses losses_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable out_changed_;
  AuditFolding folding_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;  ///< of lines_ and of the one that is being written
  std::uint64_t accepted_ = 0;
  std::uint64_t out_ = 0;  ///< of these, written or counted as lost
  std::optional<AuditOutput> next_;
  bool ending_ = false;
  bool abandoned_ = false;
  bool ended_ = false;
};

class QueuedAuditLog final : public AuditLog {
 public:
  QueuedAuditLog(std::shared_ptr<Queue> queue, std::thread writer)
      : queue_(std::move(queue)), writer_(std::move(writer)) {}
  QueuedAuditLog(const QueuedAuditLog&) = delete;
  QueuedAuditLog& operator=(const QueuedAuditLog&) = delete;
  ~QueuedAuditLog() override {
    queue_->write_sums();
    if (queue_->end()) {
      writer_.join();
    } else {
      writer_.detach();
    }
  }

  void write(const AuditRecord& record) override { queue_->write(record); }

  base::Result<void> reopen(const std::string& path) override {
    auto output = AuditOutput::open(path);
    if (!output) return std::unexpected(output.error());
    queue_->write_sums();
    queue_->use(std::move(*output));
    return {};
  }

  bool flush(std::chrono::milliseconds bound) override {
    queue_->write_sums();
    return queue_->wait_until_out(bound);
  }

  bool works() const override { return !queue_->is_losing(); }

 private:
  const std::shared_ptr<Queue> queue_;
  std::thread writer_;
};

}  // namespace

std::string_view code_name(AuditErrc code) {
  switch (code) {
    case AuditErrc::audit_log_unusable:
      return "audit_log_unusable";
  }
  return {};
}

base::Result<std::unique_ptr<AuditLog>> open_audit_log(const std::string& path, Stats& stats,
                                                       base::Log& log) {
  auto output = AuditOutput::open(path);
  if (!output) return std::unexpected(output.error());
  base::Descriptor interrupt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const int error = errno;
  std::optional<std::thread> writer;
  std::shared_ptr<Queue> queue;
  if (interrupt) {
    queue = std::make_shared<Queue>(std::move(*output), std::move(interrupt), stats, log);
    // Without signals: a reader that went away, or a file at its limit, must be an error, not the end.
    writer = base::start_quiet_thread([queue] { queue->write_lines(); });
  }
  if (!writer) {
    return base::fail(AuditErrc::audit_log_unusable,
                      fmt::format("The audit log cannot be written: the system gives no {}.",
                                  queue ? "thread" : std::generic_category().message(error)),
                      {}, true);
  }
  return std::make_unique<QueuedAuditLog>(std::move(queue), std::move(*writer));
}

}  // namespace rolegate::gateway
