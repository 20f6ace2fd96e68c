#include "gateway/pg_conversation.hpp"

#include <algorithm>
#include <cstring>

#include "wire/pg/messages.hpp"

namespace rolegate::gateway {

Conversation::Passed PgConversation::from_client(std::string_view bytes) {
  client_.note(bytes);
  asked_ = true;
  return {bytes, {}, bytes.size()};
}

void PgConversation::from_database(std::string_view bytes) {
  database_.note(bytes);
  asked_ = false;
}

bool PgConversation::may_interject() const { return wire::pg::ends_with_ready_for_query(database_.text()); }

/// Terminate.
bool PgConversation::said_goodbye() const {
  return client_.text().ends_with(std::string_view("X\0\0\0\4", 5));
}

void PgConversation::Tail::note(std::string_view bytes) {
  if (bytes.size() >= bytes_.size()) {
    std::memcpy(bytes_.data(), bytes.data() + bytes.size() - bytes_.size(), bytes_.size());
    size_ = bytes_.size();
    return;
  }
  const std::size_t kept = std::min(size_, bytes_.size() - bytes.size());
  std::memmove(bytes_.data(), bytes_.data() + size_ - kept, kept);
  std::memcpy(bytes_.data() + kept, bytes.data(), bytes.size());
  size_ = kept + bytes.size();
}

}  // namespace rolegate::gateway
