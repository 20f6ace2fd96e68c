#include "gateway/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "gateway/session/mysql_client.hpp"
#include "gateway/session/pg_client.hpp"
#include "net/socket_address.hpp"
#include "net/timer.hpp"
#include "net/watch.hpp"

namespace rolegate::gateway {
namespace {

/// As long as there is no descriptor or memory for one more connection.
constexpr std::chrono::milliseconds kOutOfRoom{200};
constexpr int kAcceptedAtOnce = 64;
/// At most so many descriptors are kept for those who have authenticated, an eighth where there are few.
constexpr rlim_t kMostDescriptorsKept = 256;

/// The system gives the lowest that is free. `open`: any that is.
bool few_descriptors_left(int open) {
  rlimit limit{};
  const base::Descriptor next(::fcntl(open, F_DUPFD_CLOEXEC, 0));
  if (!next) return true;
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
         static_cast<rlim_t>(next.get()) >=
             limit.rlim_cur - std::min(limit.rlim_cur / 8, kMostDescriptorsKept);
}

template <typename Side>
std::unique_ptr<ClientSide> make_side_of(const Arrival& arrival, SessionServices& services) {
  return std::make_unique<Side>(arrival, services);
}

Client client_of(int socket, const net::SocketAddress& address) {
  Client client;
  if (address.get()->sa_family == AF_UNIX) {
    ucred peer{};
    socklen_t room = sizeof peer;
    // Nobody in particular, should the kernel not say: user 4294967295 is never valid.
    client.uid = ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &room) == 0 ? peer.uid : UINT32_MAX;
    client.group = fmt::format("uid {}", *client.uid);
    return client;
  }
  client.group = address.host();
  client.address = address.text();
  return client;
}

}  // namespace

/// Takes connections from one listener. Several loops wait for it; the kernel wakes one.
class Worker::Acceptor final : public net::Watcher {
 public:
  Acceptor(Worker& worker, Door door)
      : worker_(worker),
        door_(std::move(door)),
        watch_(worker.loop_, door_.socket->descriptor(), *this),
        pause_(worker.loop_) {
    wait();
  }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  [[nodiscard]] int descriptor() const { return door_.socket->descriptor(); }

  void wait() { watch_.want(EPOLLIN | EPOLLEXCLUSIVE); }

  void ready(std::uint32_t) override {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      const bool few = few_descriptors_left(descriptor());
      const bool has_room = std::exchange(has_room_, false);
      if (few && !has_room && worker_.make_room_for_descriptor()) {
        has_room_ = true;  // in the next round
        return;
      }
      net::SocketAddress address;
      base::Descriptor socket(
          ::accept4(descriptor(), address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket) return failed(errno);
      Client client = client_of(socket.get(), address);
      worker_.place().take({std::move(socket), door_.listener, nullptr, std::move(client)});
      if (few && !has_room) return pause();
    }
  }

  void failed(int error) {
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) return;
    if (worker_.services_->descriptor_warning.is_due(worker_.loop_.now())) {
      worker_.services_->log.warning("no connection can be accepted at {} for the moment: {}",
                                     door_.listener->address, std::generic_category().message(error));
    }
    pause();
  }

  void pause() {
    watch_.want(0);
    pause_.in(kOutOfRoom, [this] { wait(); });
  }

  Worker& worker_;
  const Door door_;
  net::Watch watch_;
  net::Timer pause_;
  bool has_room_ = false;  ///< one has left for the next that comes
};

Worker::Worker(const base::Clock& clock, std::size_t most_waiting)
    : most_waiting_(most_waiting), loop_(clock) {}

Worker::~Worker() { stop(); }

void Worker::start(SessionServices& services, std::unique_ptr<upstream::SessionProvider> databases) {
  services_ = &services;
  databases_ = std::move(databases);
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    acceptors_.clear();
    while (!sessions_.empty()) {
      std::unique_ptr<Session> session = std::move(sessions_.front());
      sessions_.pop_front();
      waiting_.leave(*session);
      loop_.retire(std::move(session));
    }
  });
  loop_.stop();
  thread_.join();
  // Whoever was brought by another worker meanwhile.
  for (const auto& session : sessions_) waiting_.leave(*session);
  sessions_.clear();
}

std::future<void> Worker::change_doors(std::vector<Door> closed, std::vector<Door> opened) {
  std::promise<void> done;
  auto future = done.get_future();
  loop_.post(
      [this, closed = std::move(closed), opened = std::move(opened), done = std::move(done)]() mutable {
        for (const Door& door : closed) acceptors_.erase(door.listener);
        for (Door& door : opened) {
          const auto listener = door.listener;
          acceptors_[listener] = std::make_unique<Acceptor>(*this, std::move(door));
        }
        // A socket is closed by the last worker that lets go of it.
        closed.clear();
        done.set_value();
      });
  return future;
}

void Worker::take(Arrival arrival) {
  sessions_now_.fetch_add(1, std::memory_order_relaxed);  // counts at once: the next one goes elsewhere
  loop_.post([this, arrival = std::move(arrival)]() mutable { begin(std::move(arrival)); });
}

void Worker::begin(Arrival arrival) {
  services_->stats.connections.fetch_add(1);
  services_->stats.connections_now.fetch_add(1);
  services_->stats.authenticating_now.fetch_add(1);
  const std::string group = address_group(arrival.client.group);
  if (waiting_.size() >= most_waiting_) evict_one();
  arrival.settings = settings();
  const Session::MakeClientSide make_side =
      arrival.listener->protocol == net::Protocol::mysql ? make_side_of<MysqlClient> : make_side_of<PgClient>;
  SessionKeeper& keeper = *this;
  Session& session = *sessions_.emplace_front(
      std::make_unique<Session>(loop_, *services_, keeper, *databases_, std::move(arrival), make_side));
  session.kept_at = sessions_.begin();
  waiting_.enter(session, group);
  session.begin();
}

/// The last descriptors are for those who have authenticated: each needs one more, for its database.
bool Worker::make_room_for_descriptor() {
  if (services_->descriptor_warning.is_due(loop_.now())) {
    services_->log.warning(
        "file descriptors run low: connections that have no session make room for others (ulimit -n, "
        "LimitNOFILE)");
  }
  return evict_one();
}

/// Its descriptor is free at the end of the round.
bool Worker::evict_one() {
  WaitingRoom::Guest* const guest = waiting_.one_of_the_most(services_->random);
  if (guest == nullptr) return false;
  static_cast<Session*>(guest)->evict();
  return true;
}

void Worker::authenticated(Session& session) {
  waiting_.leave(session);
  services_->stats.authenticating_now.fetch_sub(1);
  // Counted before it is asked: a drain that begins now counts it, or is seen here.
  awaited_now_.fetch_add(1);
  session.awaited = !services_->draining;
  if (!session.awaited) one_awaited_less();
}

void Worker::logs_in_again(Session& session, const std::string& address_group) {
  waiting_.enter(session, address_group);
  services_->stats.authenticating_now.fetch_add(1);
  if (std::exchange(session.awaited, false)) one_awaited_less();
}

void Worker::told_to_go(Session& session, const std::string& address_group) {
  waiting_.enter(session, address_group);
}

void Worker::ended(Session& session) {
  waiting_.leave(session);
  if (!session.has_authenticated()) services_->stats.authenticating_now.fetch_sub(1);
  services_->stats.connections_now.fetch_sub(1);
  const bool was_awaited = session.awaited;
  std::unique_ptr<Session> whole = std::move(*session.kept_at);
  sessions_.erase(session.kept_at);
  loop_.retire(std::move(whole));
  sessions_now_.fetch_sub(1, std::memory_order_relaxed);
  if (was_awaited) one_awaited_less();
  if (sessions_.empty()) on_empty();
}

void Worker::one_awaited_less() {
  if (awaited_now_.fetch_sub(1) == 1) on_empty();
}

std::future<void> Worker::reconsider_sessions() { return reconsider_sessions_with(nullptr); }

std::future<void> Worker::reconsider_sessions_with(std::shared_ptr<const std::set<std::string>> databases) {
  std::promise<void> done;
  auto future = done.get_future();
  loop_.post([this, databases = std::move(databases), done = std::move(done)]() mutable {
    const auto latest = settings();
    for (const auto& session : sessions_) {
      const config::Database* const database = session->database();
      // Who has not chosen yet is told too: it may have one of them in mind.
      if (!databases || database == nullptr || databases->contains(database->name)) {
        session->reconsider(latest);
      }
    }
    done.set_value();
  });
  return future;
}

void Worker::shut_down_sessions() {
  loop_.post([this] {
    for (auto next = sessions_.begin(); next != sessions_.end();) {
      Session& session = **next++;  // it may go
      session.shut_down();
    }
  });
}

}  // namespace rolegate::gateway
