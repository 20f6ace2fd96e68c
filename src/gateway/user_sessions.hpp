#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace rolegate::gateway {

/// How many sessions each user of the gateway has. Thread-safe.
class UserSessions {
 public:
  /// One session's place among those of its user; given back when it goes.
  class Place {
   public:
    Place(UserSessions& sessions, std::string user) : sessions_(&sessions), user_(std::move(user)) {}
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    UserSessions* sessions_;
    std::string user_;
  };

  /// Nothing: the user has `most` sessions already. 0: no bound.
  [[nodiscard]] std::optional<Place> take(const std::string& user, std::size_t most);

 private:
  void give_back(const std::string& user);

  std::mutex mutex_;
  std::map<std::string, std::size_t> counts_;  ///< of those who have any
};

}  // namespace rolegate::gateway
