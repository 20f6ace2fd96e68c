#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/session/conversation.hpp"
#include "gateway/stats.hpp"
#include "net/event_loop.hpp"
#include "net/stream.hpp"
#include "net/timer.hpp"
#include "net/watch.hpp"

namespace rolegate::gateway {

/// Carries bytes between a client and its database, both ways, as they come: read as much as there is, write
/// it with one call, wait again. What the other side does not take at once is kept, and nothing more is read
/// until it is gone, so a slow reader slows the writer and not the memory. What passes, and when, the
/// conversation says.
///
/// The end of the client's side is passed on, so that the database ends what it does for it as it would for a
/// client of its own, and what it still has to say is waited for (kLinger);
/// the end of the database's side ends the session. The loop calls back once; the callback may destroy this.
class Relay {
 public:
  enum class End {
    client_closed,    ///< it said goodbye, or ended its side
    client_lost,      ///< its connection broke
    database_closed,  ///< ended its side
    database_lost,    ///< its connection broke
    not_followed,     ///< nobody can tell what the client's next message is, and it may be one that must not
                      ///< pass
    user_changes,     ///< what the client says next is a login: take_held()
  };
  using Done = std::move_only_function<void(End)>;
  /// How long a database may take to end a session whose client has gone.
  static constexpr std::chrono::seconds kLinger{30};
  /// How much may be put in place of what a client said before others on the loop have their turn.
  static constexpr int kChangesAtOnce = 64;

  /// `conversation` and `stats` outlive this.
  Relay(net::EventLoop& loop, net::Stream client, net::Stream database, Conversation& conversation,
        DatabaseStats& stats, Done done);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// What is to be said first: to the client, and by it, if it has sent something ahead.
  void start(std::string_view to_client, std::string_view from_client);
  /// Stops carrying, and gives the client's connection back.
  [[nodiscard]] net::Stream take_client();

  [[nodiscard]] std::uint64_t bytes_to_client() const { return down_.bytes; }
  [[nodiscard]] std::uint64_t bytes_to_database() const { return up_.bytes; }
  [[nodiscard]] base::SteadyTime last_activity() const { return last_activity_; }
  /// Nothing that came from the database is still on its way to the client.
  [[nodiscard]] bool all_delivered() const { return down_.pending.empty(); }
  [[nodiscard]] std::string_view undelivered() const {
    return std::string_view(down_.pending).substr(down_.sent);
  }
  /// What the client has said, and was not taken.
  [[nodiscard]] std::string take_held() { return std::exchange(held_, {}); }

 private:
  struct Side final : net::Watcher {
    Side(Relay& owner, net::Stream connection)
        : relay(owner), stream(std::move(connection)), watch(owner.loop_, stream.descriptor(), *this) {}
    void ready(std::uint32_t events) override { relay.ready(*this, events); }
    Relay& relay;
    net::Stream stream;
    net::Watch watch;
    bool write_wants_read = false;  ///< TLS has to hear something before it can write …
    bool read_wants_write = false;  ///< … or the other way round
  };
  struct Direction {
    Side& from;
    Side& to;
    std::atomic<std::uint64_t>& counter;
    std::string pending;
    std::size_t sent = 0;
    std::uint64_t bytes = 0;
    bool ended = false;  ///< `from` will say nothing more
    bool more = false;   ///< TLS holds something of it that is not read yet
  };

  void ready(Side& side, std::uint32_t events);
  void pump(Direction& direction);
  [[nodiscard]] bool flush(Direction& direction);
  [[nodiscard]] bool may_read(const Direction& direction) const;
  [[nodiscard]] bool has_more(const Direction& direction) const;
  [[nodiscard]] bool forward(Direction& direction, std::string_view bytes);
  [[nodiscard]] bool forward_up(std::string_view bytes);
  [[nodiscard]] bool forward_down(std::string_view bytes);
  [[nodiscard]] bool put(Direction& direction, std::string_view bytes);
  void source_closed(Direction& direction);
  void linger();
  void watch();
  void go_on();
  [[nodiscard]] std::uint32_t wanted(const Side& side, const Direction& out, const Direction& in) const;
  void finish(End end);
  void read_failed(const Side& side);
  void write_failed(const Side& side);

  net::EventLoop& loop_;
  Side client_;
  Side database_;
  Direction up_;
  Direction down_;
  Conversation& conversation_;
  std::string held_;                ///< of the client; not taken yet
  bool held_for_database_ = false;  ///< until the database has said more; else it has its turn soon
  Done done_;
  bool finished_ = false;
  bool client_ended_ = false;
  bool client_leaves_ = false;  ///< seen while what it said before is held
  bool draining_ = false;
  base::SteadyTime last_activity_;
  net::Timer linger_;
  net::Timer again_;
  bool goes_on_ = false;  ///< again_ is set
  net::Timer told_;
};

}  // namespace rolegate::gateway
