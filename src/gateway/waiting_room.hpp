#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace rolegate::gateway {

/// The connections that have not authenticated, by the address group (address_group) that they come from.
/// When there is no room for one more, the group that has the most gives one up, so that a flood displaces
/// itself. Which one is left to chance: without the oldest, a flood would leave nobody behind the same
/// address (a load balancer, a NAT) the time that a login takes; without the newest, a thousand silent ones
/// would keep everybody there out.
class WaitingRoom {
 private:
  struct Group;

 public:
  /// A connection's place.
  class Guest {
   private:
    friend class WaitingRoom;
    Group* group_ = nullptr;  ///< null: not in the room
    std::size_t at_ = 0;      ///< among the group's guests
  };

  WaitingRoom() = default;
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  /// The guest stays the caller's, and must leave before it goes away.
  void enter(Guest& guest, const std::string& group);
  /// False: it was not there.
  bool leave(Guest& guest);
  /// Whoever has to make room; null when nobody is there.
  [[nodiscard]] Guest* one_of_the_most();
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Group {
    std::string name;
    std::uint64_t since;  ///< the older of two that have the same number gives one up
    std::vector<Guest*> guests;
  };
  struct HasMore {
    bool operator()(const Group* a, const Group* b) const;
  };

  std::unordered_map<std::string, Group> groups_;
  std::set<Group*, HasMore> by_size_;
  std::uint64_t next_since_ = 0;
  std::size_t size_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace rolegate::gateway
