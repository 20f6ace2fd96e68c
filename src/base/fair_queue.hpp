#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace rolegate::base {

/// Items that wait: first come, first served for each client; the clients take turns.
template <typename T>
class FairQueue {
 public:
  void push(const std::string& client, T item) {
    auto known = by_client_.find(client);
    if (known == by_client_.end()) {
      known = by_client_.emplace(client, shares_.insert(shares_.end(), Share{client, {}})).first;
    }
    known->second->items.push_back(std::move(item));
    ++size_;
  }

  /// What pop() would take; the queue is not empty.
  [[nodiscard]] const T& front() const { return shares_.front().items.front(); }

  [[nodiscard]] T pop() {
    const auto share = shares_.begin();
    T item = std::move(share->items.front());
    share->items.pop_front();
    shares_.splice(shares_.end(), shares_, share);
    taken_from(share);
    return item;
  }

  /// Of the client that has the most, `newcomer` among equals, the latest.
  [[nodiscard]] T pop_of_fullest(const std::string& newcomer) {
    auto fullest = by_client_.at(newcomer);
    for (auto share = shares_.begin(); share != shares_.end(); ++share) {
      if (share->items.size() > fullest->items.size()) fullest = share;
    }
    T item = std::move(fullest->items.back());
    fullest->items.pop_back();
    taken_from(fullest);
    return item;
  }

  /// `item` is there, and one of `client`'s.
  void remove(const std::string& client, const T& item) {
    const auto share = by_client_.at(client);
    share->items.erase(std::ranges::find(share->items, item));
    taken_from(share);
  }

  /// How many there are whose turn comes before that of an item which `client` would push now.
  [[nodiscard]] std::size_t ahead_of(const std::string& client) const {
    const auto known = by_client_.find(client);
    if (known == by_client_.end()) return shares_.size();
    const std::size_t own = known->second->items.size();
    std::size_t ahead = 0;
    std::size_t each = own + 1;  // those whose turn comes before the client's; after it, one less
    for (auto share = shares_.begin(); share != shares_.end(); ++share) {
      if (share == known->second) each = own;
      ahead += std::min(share->items.size(), each);
    }
    return ahead;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Share {
    std::string client;
    std::deque<T> items;
  };
  using Shares = std::list<Share>;

  void taken_from(Shares::iterator share) {
    --size_;
    if (!share->items.empty()) return;
    by_client_.erase(share->client);
    shares_.erase(share);
  }

  Shares shares_;  ///< none is empty; whose turn is next is first
  std::map<std::string, typename Shares::iterator> by_client_;
  std::size_t size_ = 0;
};

}  // namespace rolegate::base
