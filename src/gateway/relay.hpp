#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/event_loop.hpp"
#include "gateway/stats.hpp"
#include "gateway/stream.hpp"

namespace rolegate::gateway {

/// Looks at what a client sends on its way to the database.
class ClientFilter {
 public:
  struct Passed {
    std::string_view as_is;    ///< a prefix of the input goes on untouched …
    std::string instead;       ///< … and then this
    std::string answer;        ///< to the client
    std::size_t consumed = 0;  ///< of the input; what is left is passed again
  };
  virtual ~ClientFilter() = default;
  [[nodiscard]] virtual Passed pass(std::string_view bytes) = 0;
};

/// Carries bytes between a client and its database, both ways, as they come: read as much as there is, write
/// it with one call, wait again. What the other side does not take at once is kept, and nothing more is read
/// until it is gone, so a slow reader slows the writer and not the memory.
///
/// The end of the client's side is passed on, and what the database still has to say is waited for (kLinger);
/// the end of the database's side ends the session. Calls back once; the callback must not destroy it, retire
/// it instead.
class Relay {
 public:
  enum class End {
    client_closed,    ///< it said goodbye, or ended its side
    client_lost,      ///< its connection broke
    database_closed,  ///< ended its side
    database_lost,    ///< its connection broke
  };
  using Done = std::move_only_function<void(End)>;
  /// How long a database may take to end a session whose client has gone.
  static constexpr std::chrono::seconds kLinger{30};

  /// `filter` may be null; it and `stats` outlive this.
  Relay(EventLoop& loop, Stream client, Stream database, ClientFilter* filter, DatabaseStats& stats,
        Done done);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// What is to be said first, each way. May call back at once.
  void start(std::string_view to_client, std::string_view to_database);
  /// Stops carrying, and gives the client's connection back.
  [[nodiscard]] Stream take_client();

  [[nodiscard]] std::uint64_t bytes_to_client() const { return down_.bytes; }
  [[nodiscard]] std::uint64_t bytes_to_database() const { return up_.bytes; }
  [[nodiscard]] base::SteadyTime last_activity() const { return last_activity_; }
  /// The last bytes that the database, or the client, sent (at most six).
  [[nodiscard]] std::string_view last_from_database() const { return down_.tail.text(); }
  [[nodiscard]] std::string_view last_from_client() const { return up_.tail.text(); }
  /// Nothing that came from the database is still on its way to the client.
  [[nodiscard]] bool all_delivered() const { return down_.pending.empty(); }
  /// The client has said something that the database has not begun to answer.
  [[nodiscard]] bool awaits_answer() const { return awaits_answer_; }
  [[nodiscard]] std::string database_reason() const { return database_.stream.why(); }

 private:
  struct Side final : Watcher {
    Side(Relay& owner, Stream connection) : relay(owner), stream(std::move(connection)) {}
    void ready(std::uint32_t events) override { relay.ready(*this, events); }
    Relay& relay;
    Stream stream;
    std::uint32_t watched = 0;
    bool write_wants_read = false;  ///< TLS has to hear something before it can write …
    bool read_wants_write = false;  ///< … or the other way round
  };
  class Tail {
   public:
    void note(std::string_view bytes);
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

   private:
    std::array<char, 6> bytes_{};
    std::size_t size_ = 0;
  };
  struct Direction {
    Side& from;
    Side& to;
    std::atomic<std::uint64_t>& counter;
    std::string pending;
    std::size_t sent = 0;
    std::uint64_t bytes = 0;
    bool ended = false;  ///< `from` will say nothing more
    Tail tail;
  };

  void ready(Side& side, std::uint32_t events);
  void pump(Direction& direction);
  [[nodiscard]] bool flush(Direction& direction);
  [[nodiscard]] bool forward(Direction& direction, std::string_view bytes);
  [[nodiscard]] bool forward_filtered(std::string_view bytes);
  [[nodiscard]] bool put(Direction& direction, std::string_view bytes);
  void source_closed(Direction& direction);
  void watch();
  void watch(Side& side, const Direction& out, const Direction& in);
  void finish(End end);
  void read_failed(const Side& side);
  void write_failed(const Side& side);

  EventLoop& loop_;
  Side client_;
  Side database_;
  Direction up_;
  Direction down_;
  ClientFilter* const filter_;
  Done done_;
  bool finished_ = false;
  bool client_ended_ = false;
  bool draining_ = false;
  bool awaits_answer_ = false;
  base::SteadyTime last_activity_;
  EventLoop::TimerId linger_{};
};

}  // namespace rolegate::gateway
