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
    while (!input.empty()) {
      const auto passed = commands_.pass(input);
      require(passed.consumed <= input.size() && passed.as_is.size() <= passed.consumed);
      require(passed.as_is.empty() || passed.as_is.data() == input.data());
      if (passed.consumed == 0) break;
      to_server_.append(passed.as_is).append(passed.instead);
      input.remove_prefix(passed.consumed);
    }
    left_ = std::string(input);
  }
  /// In doubt, how much of the client's last packet has been taken says nothing.
  bool operator==(const Session& other) const {
    return to_server_ == other.to_server_ && answers_.in_doubt() == other.answers_.in_doubt() &&
           (answers_.in_doubt() || (left_ == other.left_ && answers_.at_rest() == other.answers_.at_rest() &&
                                    answers_.wants_file() == other.answers_.wants_file() &&
                                    commands_.between_packets() == other.commands_.between_packets() &&
                                    commands_.said_quit() == other.commands_.said_quit()));
  }

 private:
  AnswerStream answers_;
  CommandStream commands_{servers_id, answers_};
  std::string to_server_;
  std::string left_;
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
    require(whole == pieces);
  }
  return 0;
}
