#include "gateway/cancel_keys.hpp"

#include <cstring>
#include <span>
#include <utility>

#include <openssl/crypto.h>

namespace rolegate::gateway {
namespace {

std::string random_bytes(base::Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  return bytes;
}

/// Drivers take it for a signed number, and 0 for none.
std::uint32_t made_up_process_id(base::Random& random) {
  for (;;) {
    std::uint32_t id = 0;
    std::memcpy(&id, random_bytes(random, sizeof id).data(), sizeof id);
    id &= 0x7FFFFFFF;
    if (id != 0) return id;
  }
}

}  // namespace

wire::pg::CancelKey CancelKeys::give_out(CancelTarget target, std::size_t secret_size, base::Random& random) {
  wire::pg::CancelKey key = target.key;
  const std::lock_guard lock(mutex_);
  do {
    if (target.key.process_id == 0) key.process_id = made_up_process_id(random);
    key.secret = random_bytes(random, secret_size);
  } while (look_up(key) != entries_.end());
  entries_.emplace(key.process_id, Entry{key.secret, std::move(target)});
  return key;
}

void CancelKeys::close(const wire::pg::CancelKey& key) {
  const std::lock_guard lock(mutex_);
  if (look_up(key) == entries_.end()) return;
  forget(key);
  entries_.emplace(key.process_id, Entry{key.secret, std::nullopt});
  ended_.push_back(key);
  if (ended_.size() <= kMostEnded) return;
  forget(ended_.front());
  ended_.pop_front();
}

std::optional<CancelTarget> CancelKeys::find(const wire::pg::CancelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = look_up(key);
  return found == entries_.end() ? std::nullopt : found->second.target;
}

bool CancelKeys::has_ended(const wire::pg::CancelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = look_up(key);
  return found != entries_.end() && !found->second.target;
}

void CancelKeys::forget(const wire::pg::CancelKey& key) {
  if (const auto found = look_up(key); found != entries_.end()) entries_.erase(found);
}

/// How much of a secret is right does not show in the time that this takes.
auto CancelKeys::look_up(const wire::pg::CancelKey& key) const -> Entries::const_iterator {
  const auto [first, last] = entries_.equal_range(key.process_id);
  for (auto entry = first; entry != last; ++entry) {
    const std::string& secret = entry->second.secret;
    if (secret.size() == key.secret.size() &&
        ::CRYPTO_memcmp(secret.data(), key.secret.data(), secret.size()) == 0) {
      return entry;
    }
  }
  return entries_.end();
}

}  // namespace rolegate::gateway
