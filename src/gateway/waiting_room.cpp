#include "gateway/waiting_room.hpp"

#include <utility>

namespace rolegate::gateway {

bool WaitingRoom::HasMore::operator()(const Group* a, const Group* b) const {
  return std::pair(b->guests.size(), a->since) < std::pair(a->guests.size(), b->since);
}

void WaitingRoom::enter(Guest& guest, const std::string& group) {
  const auto [known, is_new] = groups_.try_emplace(group);
  Group& of = known->second;
  if (is_new) {
    of.name = group;
    of.since = next_since_++;
  } else {
    by_size_.erase(&of);
  }
  guest.group_ = &of;
  guest.at_ = of.guests.size();
  of.guests.push_back(&guest);
  by_size_.insert(&of);
  ++size_;
}

bool WaitingRoom::leave(Guest& guest) {
  Group* const group = std::exchange(guest.group_, nullptr);
  if (group == nullptr) return false;
  by_size_.erase(group);
  Guest* const last = group->guests.back();
  group->guests[guest.at_] = last;
  last->at_ = guest.at_;
  group->guests.pop_back();
  --size_;
  if (group->guests.empty()) {
    groups_.erase(std::string(group->name));  // by a copy: the key goes with it
  } else {
    by_size_.insert(group);
  }
  return true;
}

WaitingRoom::Guest* WaitingRoom::one_of_the_most() {
  if (by_size_.empty()) return nullptr;
  const std::vector<Guest*>& guests = (*by_size_.begin())->guests;
  return guests[std::uniform_int_distribution<std::size_t>(0, guests.size() - 1)(random_)];
}

}  // namespace rolegate::gateway
