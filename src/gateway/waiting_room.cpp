#include "gateway/waiting_room.hpp"

#include <cstdint>
#include <utility>

namespace rolegate::gateway {
namespace {

/// The order says nothing: the last one takes the place of the one that goes.
template <typename T>
void take_out(std::vector<T*>& all, T& one, std::size_t T::* at) {
  all[one.*at] = all.back();
  all[one.*at]->*at = one.*at;
  all.pop_back();
}

template <typename T>
T* any_of(const std::vector<T*>& all, base::Random& random) {
  std::uint64_t number = 0;
  random.fill({reinterpret_cast<unsigned char*>(&number), sizeof number});
  return all[number % all.size()];
}

}  // namespace

void WaitingRoom::enter(Guest& guest, const std::string& group) {
  if (guest.group_ != nullptr) return;
  const auto [known, is_new] = groups_.try_emplace(group);
  Group& of = known->second;
  if (is_new) {
    of.name = group;
  } else {
    unfile(of);
  }
  guest.group_ = &of;
  guest.at_ = of.guests.size();
  of.guests.push_back(&guest);
  file(of);
  ++size_;
}

bool WaitingRoom::leave(Guest& guest) {
  Group* const group = std::exchange(guest.group_, nullptr);
  if (group == nullptr) return false;
  unfile(*group);
  take_out(group->guests, guest, &Guest::at_);
  --size_;
  if (group->guests.empty()) {
    groups_.erase(std::string(group->name));  // by a copy: the key goes with it
  } else {
    file(*group);
  }
  return true;
}

void WaitingRoom::file(Group& group) {
  std::vector<Group*>& equals = by_size_[group.guests.size()];
  group.at = equals.size();
  equals.push_back(&group);
}

void WaitingRoom::unfile(Group& group) {
  const auto equals = by_size_.find(group.guests.size());
  take_out(equals->second, group, &Group::at);
  if (equals->second.empty()) by_size_.erase(equals);
}

WaitingRoom::Guest* WaitingRoom::one_of_the_most(base::Random& random) {
  if (by_size_.empty()) return nullptr;
  return any_of(any_of(by_size_.begin()->second, random)->guests, random);
}

}  // namespace rolegate::gateway
