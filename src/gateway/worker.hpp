#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/doors.hpp"
#include "gateway/session/session.hpp"
#include "gateway/waiting_room.hpp"
#include "net/event_loop.hpp"
#include "upstream/session_provider.hpp"

namespace rolegate::gateway {

/// An event loop with its thread and its sessions. Public functions are thread-safe.
class Worker final : private SessionKeeper {
 public:
  /// Where a connection that was accepted goes: to the worker that has the fewest.
  using Place = std::function<Worker&()>;

  /// `most_waiting`: connections that have no session; where there are so many, or descriptors run
  /// low, one of them makes room for the next (see WaitingRoom).
  Worker(const base::Clock& clock, std::size_t most_waiting);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `services` outlives this; `databases` is for this worker's loop.
  void start(SessionServices& services, std::unique_ptr<upstream::SessionProvider> databases);
  /// Ends all sessions at once and the thread.
  void stop();

  /// Accepts connections at `opened`, and at `closed` no more; a socket that nobody uses is closed. Ready
  /// when that is so.
  std::future<void> change_doors(std::vector<Door> closed, std::vector<Door> opened);
  void take(Arrival arrival);
  /// Ends every session with a message.
  void shut_down_sessions();
  /// After a change: of who may come in, or of these databases.
  /// Ready when each knows it.
  std::future<void> reconsider_sessions();
  std::future<void> reconsider_sessions_with(std::shared_ptr<const std::set<std::string>> databases);

  [[nodiscard]] std::size_t sessions() const { return sessions_now_.load(std::memory_order_relaxed); }
  /// Those that a drain waits for: they had authenticated before it.
  [[nodiscard]] std::size_t awaited() const { return awaited_now_.load(); }
  [[nodiscard]] net::EventLoop& loop() { return loop_; }
  Place place;
  /// Told on the worker's thread whenever no session is awaited, or none is there, any more.
  std::function<void()> on_empty = [] {};
  /// Those of the moment. Asked when a session begins, and not when its connection was accepted: so it has
  /// the latest, or is there to be reconsidered.
  std::function<std::shared_ptr<const Settings>()> settings;

 private:
  class Acceptor;
  void authenticated(Session& session) override;
  void logs_in_again(Session& session, const std::string& address_group) override;
  void told_to_go(Session& session, const std::string& address_group) override;
  void ended(Session& session) override;
  [[nodiscard]] std::shared_ptr<const Settings> latest_settings() const override { return settings(); }
  void begin(Arrival arrival);
  /// Drops one that has no session, if there is one.
  bool evict_one();
  bool make_room_for_descriptor();
  void one_awaited_less();

  SessionServices* services_ = nullptr;
  const std::size_t most_waiting_;
  net::EventLoop loop_;
  std::unique_ptr<upstream::SessionProvider> databases_;
  std::list<std::unique_ptr<Session>> sessions_;
  WaitingRoom waiting_;
  std::map<std::shared_ptr<const Listener>, std::unique_ptr<Acceptor>> acceptors_;
  std::atomic<std::size_t> sessions_now_{0};
  std::atomic<std::size_t> awaited_now_{0};
  std::thread thread_;
};

}  // namespace rolegate::gateway
