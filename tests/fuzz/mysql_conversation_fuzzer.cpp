#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/answer_stream.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/command_stream.hpp"
#include "wire/mysql/commands.hpp"

// What a client and a server say in turns, once the client is logged in. In pieces of the size that the
// second byte says, it must come out the same as whole turn by whole turn: what the server gets, and where
// the session stands after each turn.

namespace {

using namespace rolegate::wire::mysql;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The identity for some; nothing for the others.
std::optional<CommandStream::Killable> servers_id(std::uint32_t id) {
  if (id % 4 == 1) return CommandStream::Killable{};
  return id % 2 == 0 ? std::optional(CommandStream::Killable{id}) : std::nullopt;
}

Capabilities capabilities_of(std::uint8_t choice) {
  constexpr Capabilities kChoices[] = {kDeprecateEof, kOptionalResultsetMetadata, kMariaDbCacheMetadata,
                                       kMariaDbProgress};
  Capabilities chosen = 0;
  for (std::size_t i = 0; i < std::size(kChoices); ++i) {
    if ((choice >> i & 1) != 0) chosen |= kChoices[i];
  }
  return chosen;
}

class Session {
 public:
  explicit Session(Capabilities capabilities) : answers_(capabilities) {}

  void says(bool client, std::string_view bytes) {
    if (client) {
      left_ += bytes;
    } else {
      const bool sending_file = answers_.wants_file();
      answers_.receive(bytes);
      if (!sending_file && answers_.wants_file() && !commands_.between_packets()) answers_.doubt();
    }
    std::string_view input = left_;
    while (!input.empty() && !changes_user_) {
      const auto passed = commands_.pass(input);
      require(passed.consumed <= input.size() && passed.as_is.size() <= passed.consumed);
      require(passed.as_is.empty() || passed.as_is.data() == input.data());
      to_server_.append(passed.as_is).append(passed.instead);
      input.remove_prefix(passed.consumed);
      if (const auto beginning = commands_.take_change_user()) {
        require(answers_.at_rest() && !commands_.said_quit());
        changes_user_ = true;
        left_ = *beginning + std::string(input);
        require(left_.size() > 4 && left_[4] == kComChangeUser);
        return;
      }
      if (passed.consumed == 0) break;
    }
    left_ = std::string(input);
  }
  /// In doubt, how much of the client's last packet has been taken says nothing. Of a packet that has to
  /// wait, the beginning is taken when it comes alone.
  bool is_as(const Session& in_pieces) const {
    if (to_server_ != in_pieces.to_server_ || answers_.in_doubt() != in_pieces.answers_.in_doubt())
      return false;
    const bool waits = !commands_.between_packets();
    return answers_.in_doubt() ||
           (waits == !in_pieces.commands_.between_packets() &&
            (left_ == in_pieces.left_ || (waits && left_.ends_with(in_pieces.left_))) &&
            answers_.at_rest() == in_pieces.answers_.at_rest() &&
            answers_.wants_file() == in_pieces.answers_.wants_file() &&
            commands_.said_quit() == in_pieces.commands_.said_quit());
  }
  /// A server that goes on unasked is first heard of where a piece ends.
  bool changes_user_as(const Session& in_pieces) const {
    return changes_user_ ? left_ == in_pieces.left_ && to_server_ == in_pieces.to_server_
                         : !answers_.at_rest();
  }
  [[nodiscard]] bool changes_user() const { return changes_user_; }

 private:
  AnswerStream answers_;
  CommandStream commands_{servers_id, answers_};
  std::string to_server_;
  std::string left_;
  bool changes_user_ = false;  ///< what it says is for the login
};

}  // namespace

/// Capabilities, size of the pieces, then turns: whose (the highest bit) and how long, and its bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Session whole(capabilities_of(data[0]));
  Session pieces(capabilities_of(data[0]));
  const std::size_t piece = std::max<std::size_t>(data[1], 1);
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (!input.empty()) {
    const bool client = (static_cast<unsigned char>(input[0]) & 0x80) != 0;
    std::string_view turn = input.substr(1, static_cast<unsigned char>(input[0]) & 0x7F);
    input.remove_prefix(1 + turn.size());
    whole.says(client, turn);
    for (; !turn.empty(); turn.remove_prefix(std::min(piece, turn.size()))) {
      pieces.says(client, turn.substr(0, piece));
    }
    if (pieces.changes_user()) {
      require(whole.changes_user_as(pieces));
      return 0;
    }
    require(whole.is_as(pieces) && !whole.changes_user());
  }
  return 0;
}
