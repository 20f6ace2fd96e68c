#include "upstream/wish.hpp"

#include <functional>
#include <string_view>

namespace rolegate::upstream {
namespace {

class Hash {
 public:
  template <typename T>
  void add(const T& value) {
    // As boost::hash_combine.
    value_ ^= std::hash<T>()(value) + 0x9E3779B97F4A7C15U + (value_ << 6) + (value_ >> 2);
  }
  [[nodiscard]] std::size_t value() const { return value_; }

 private:
  std::size_t value_ = 0;
};

void add(Hash& hash, const PgWish& wish) {
  hash.add(wish.database);
  for (const auto& [name, value] : wish.parameters) {
    hash.add(name);
    hash.add(value);
  }
}

void add(Hash& hash, const MysqlWish& wish) {
  hash.add(wish.schema);
  hash.add(wish.capabilities);
  hash.add(wish.max_packet_size);
  hash.add(wish.character_set);
  hash.add(wish.attributes);
}

}  // namespace

std::size_t hash_value(const Wish& wish) {
  Hash hash;
  hash.add(wish.database);
  std::visit([&](const auto& session) { add(hash, session); }, wish.session);
  return hash.value();
}

}  // namespace rolegate::upstream
