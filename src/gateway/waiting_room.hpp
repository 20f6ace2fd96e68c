#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"

namespace rolegate::gateway {

/// The connections that have no session: those that have not authenticated, and those that have been told to
/// go, by the address group (address_group) that they come from. When there is no room for one more, the
/// group that has the most gives one up, so that a flood displaces itself. Which one is left to chance, and
/// of which group where several have as many: without the oldest, a flood would leave nobody behind the same
/// address (a load balancer, a NAT), or nobody at all when it comes from many addresses, the time that a
/// login takes; without the newest, a thousand silent ones would keep everybody out.
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

  /// The guest stays the caller's, and must leave before it goes away. It may be there already.
  void enter(Guest& guest, const std::string& group);
  /// False: it was not there.
  bool leave(Guest& guest);
  /// Whoever has to make room; null when nobody is there.
  [[nodiscard]] Guest* one_of_the_most(base::Random& random);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Group {
    std::string name;
    std::vector<Guest*> guests;
    std::size_t at = 0;  ///< among the groups that have as many
  };
  void file(Group& group);
  void unfile(Group& group);

  std::unordered_map<std::string, Group> groups_;
  std::map<std::size_t, std::vector<Group*>, std::greater<>> by_size_;  ///< by how many guests they have
  std::size_t size_ = 0;
};

}  // namespace rolegate::gateway
