#include "gateway/common_greeting.hpp"

#include <utility>

namespace rolegate::gateway {
namespace {

constexpr wire::mysql::Capabilities flag(std::size_t bit) { return wire::mysql::Capabilities{1} << bit; }

}  // namespace

void CommonGreeting::put(const Rank& rank, wire::mysql::Greeting greeting) {
  erase(rank);
  for (std::size_t bit = 0; bit < having_.size(); ++bit) {
    if ((greeting.capabilities & flag(bit)) != 0) ++having_[bit];
  }
  known_.emplace(rank, std::move(greeting));
  combine();
}

void CommonGreeting::erase(const Rank& rank) {
  const auto found = known_.find(rank);
  if (found == known_.end()) return;
  for (std::size_t bit = 0; bit < having_.size(); ++bit) {
    if ((found->second.capabilities & flag(bit)) != 0) --having_[bit];
  }
  known_.erase(found);
  combine();
}

void CommonGreeting::combine() {
  value_.reset();
  if (known_.empty()) return;
  value_ = known_.begin()->second;
  value_->capabilities = 0;
  for (std::size_t bit = 0; bit < having_.size(); ++bit) {
    if (having_[bit] == known_.size()) value_->capabilities |= flag(bit);
  }
}

}  // namespace rolegate::gateway
