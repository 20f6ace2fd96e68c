#include "wire/mysql/command_stream.hpp"

#include <algorithm>
#include <utility>

#include "wire/mysql/commands.hpp"
#include "wire/mysql/kill_statement.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::uint32_t kLongestPayload = 0xFFFFFF;

/// A statement that the server answers with an error: so the answer comes in its turn, whatever was asked
/// before. https://dev.mysql.com/doc/refman/8.0/en/signal.html (a message of at most 128 characters)
/// The code is that of an id which the server does not know.
constexpr std::string_view kInsteadOfKill =
    "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1094, MESSAGE_TEXT = "
    "'KILL takes the gateway''s connection id as a plain number only; elsewhere, use the id of SELECT "
    "CONNECTION_ID()'";

/// Likewise: there the id may be that of anybody's session.
constexpr std::string_view kInsteadOfKillElsewhere =
    "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1094, MESSAGE_TEXT = "
    "'The connection with this id is on another server of the database, which KILL does not reach from here'";

std::string refused_with(std::string_view statement) {
  return framed(0, static_cast<char>(kComQuery) + std::string(statement));
}

/// Nothing: there will be none.
std::optional<Answer> answer_to(std::uint8_t command) {
  switch (command) {
    case kComQuit:
    case kComStmtSendLongData:
    case kComStmtClose:
      return std::nullopt;
    case kComInitDb:
    case kComCreateDb:
    case kComDropDb:
    case kComRefresh:
    case kComShutdown:
    case kComStatistics:
    case kComProcessKill:
    case kComDebug:
    case kComPing:
    case kComStmtReset:
    case kComSetOption:
    case kComResetConnection:
      return Answer::packet;
    case kComQuery:
    case kComProcessInfo:
      return Answer::results;
    case kComStmtExecute:
    case kComStmtBulkExecute:
      return Answer::executed;
    case kComFieldList:
    case kComStmtFetch:
      return Answer::rows;
    case kComStmtPrepare:
      return Answer::statement;
    default:
      return Answer::unknown;  // a replica's, say, which is answered for ever
  }
}

std::uint32_t length_of(std::string_view packet) {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(packet[i])}; };
  return byte(0) | byte(1) << 8 | byte(2) << 16;
}

std::uint8_t command_of(std::string_view packet) {
  return packet.size() > kHeader && length_of(packet) > 0 ? static_cast<std::uint8_t>(packet[kHeader])
                                                          : std::uint8_t{kComSleep};
}

/// `packet`: a COM_STMT_PREPARE, whole if it is short.
bool prepares_kill(std::string_view packet) {
  const std::uint32_t length = length_of(packet);
  return length <= 1 + kMaxKill && packet.size() >= kHeader + length &&
         find_kills(packet.substr(kHeader + 1, length - 1)).parameter;
}

bool is_statement(std::uint8_t command) { return command == kComQuery || command == kComStmtPrepare; }

}  // namespace

CommandStream::CommandStream(FindConnection find, AnswerStream& answers)
    : find_(std::move(find)), answers_(answers) {}

bool CommandStream::between_packets() const {
  return remaining_ == 0 && !continued_ && held_.empty() && !waiting_;
}

/// The next packet's header has come, and its first byte if it may be a command.
void CommandStream::begin(std::string_view packet) {
  const bool command = is_command();
  const bool ends_file = !continued_ && answers_.wants_file() && length_of(packet) == 0;
  remaining_ = length_of(packet);
  continued_ = remaining_ == kLongestPayload;
  if (ends_file) answers_.file_ended();
  if (!command) return;
  const std::uint8_t said = command_of(packet);
  quit_ = said == kComQuit;
  if (said == kComResetConnection) answers_.forget_statements();
  const bool kill = said == kComStmtPrepare && prepares_kill(packet);
  if (const auto answer = answer_to(said)) answers_.expect(kill ? Answer::kill : *answer);
}

void CommandStream::skip(std::string_view bytes, std::size_t& at) {
  const std::size_t skipped = std::min<std::size_t>(remaining_, bytes.size() - at);
  remaining_ -= static_cast<std::uint32_t>(skipped);
  at += skipped;
}

std::size_t CommandStream::needed(std::string_view packet) const {
  if (packet.size() < kHeader) return kHeader;
  const std::uint32_t length = length_of(packet);
  if (!is_command() || length == 0) return kHeader;
  if (packet.size() == kHeader) return kHeader + 1;
  const std::uint8_t command = command_of(packet);
  const bool may_kill = (is_statement(command) && length <= 1 + kMaxKill) ||
                        (command == kComProcessKill && length == kProcessKillPayload) ||
                        (command == kComStmtExecute && length <= kMaxExecution && answers_.has_kills());
  return may_kill ? kHeader + length : kHeader + 1;
}

/// In doubt, nobody knows any more what is a command; but what goes on counting is none.
bool CommandStream::is_change_user(std::string_view packet) const {
  return is_command() && command_of(packet) == kComChangeUser && (!answers_.in_doubt() || packet[3] == 0);
}

/// A change of user has to wait for the answers to what was asked before it, which in doubt are never over;
/// and nobody changes after a goodbye. Anything else waits when as many answers are awaited as are followed.
bool CommandStream::waits(std::string_view packet) const {
  if (is_change_user(packet)) return quit_ || !answers_.at_rest();
  return is_command() && answers_.full() && !answers_.in_doubt();
}

std::string CommandStream::in_servers_terms(std::string_view packet) const {
  const std::uint32_t length = length_of(packet);
  if (!is_command() || answers_.in_doubt() || length == 0 || packet.size() < kHeader + length) return {};
  const std::string_view payload = packet.substr(kHeader, length);
  if (command_of(packet) == kComProcessKill && payload.size() == kProcessKillPayload) {
    const auto killed = find_(PayloadReader(payload.substr(1)).u32());
    if (!killed) return {};
    if (!killed->server_id) return refused_with(kInsteadOfKillElsewhere);
    std::string changed(1, static_cast<char>(kComProcessKill));
    append_integer(changed, *killed->server_id, 4);
    return framed(0, changed);
  }
  if (command_of(packet) == kComStmtExecute && answers_.kills(PayloadReader(payload.substr(1)).u32())) {
    const auto id = only_parameter(payload);
    return id && find_(*id) ? refused_with(kInsteadOfKill) : std::string();
  }
  return is_statement(command_of(packet)) ? statement_in_servers_terms(payload) : std::string();
}

std::string CommandStream::statement_in_servers_terms(std::string_view payload) const {
  const Kills kills = find_kills(payload.substr(1));
  if (std::ranges::any_of(kills.other_numbers, [this](std::uint32_t id) { return find_(id).has_value(); })) {
    return refused_with(kInsteadOfKill);
  }
  std::string changed;
  std::size_t copied = 0;  // of the payload
  for (const KillTarget& target : kills.targets) {
    const auto killed = find_(target.id);
    if (!killed) continue;
    if (!killed->server_id) return refused_with(kInsteadOfKillElsewhere);
    changed += payload.substr(copied, 1 + target.offset - copied);
    changed += std::to_string(*killed->server_id);
    copied = 1 + target.offset + target.length;
  }
  if (copied == 0) return {};
  return framed(0, changed.append(payload.substr(copied)));
}

CommandStream::Passed CommandStream::pass(std::string_view bytes) {
  Passed passed;
  waiting_ = false;
  if (!held_.empty()) {
    complete_held(bytes, passed);
    return passed;
  }
  std::size_t at = 0;
  while (at < bytes.size()) {
    skip(bytes, at);
    const std::string_view packet = bytes.substr(at);
    if (packet.empty()) break;
    if (waits(packet)) {
      waiting_ = true;
      stuck_ = answers_.in_doubt();
      passed.as_is = bytes.substr(0, at);
      passed.consumed = at;
      return passed;
    }
    const bool whole = packet.size() >= needed(packet);
    changes_user_ = whole && is_change_user(packet);
    std::string instead = whole ? in_servers_terms(packet) : std::string();
    if (whole && !changes_user_ && instead.empty()) {
      begin(packet);
      at += kHeader;
      continue;
    }
    passed.as_is = bytes.substr(0, at);
    passed.consumed = at;
    if (changes_user_) return passed;
    if (whole) {
      begin(packet);
      passed.instead = std::move(instead);
      passed.consumed += kHeader + std::exchange(remaining_, 0);
    } else {
      held_ = packet;
      passed.consumed = bytes.size();
    }
    return passed;
  }
  passed.as_is = bytes;
  passed.consumed = bytes.size();
  return passed;
}

void CommandStream::complete_held(std::string_view bytes, Passed& passed) {
  const std::size_t held_before = held_.size();
  for (std::size_t whole; held_.size() < (whole = needed(held_));) {
    const std::string_view taken = bytes.substr(passed.consumed, whole - held_.size());
    if (taken.empty()) return;
    held_.append(taken);
    passed.consumed += taken.size();
  }
  if (waits(held_)) {
    waiting_ = true;
    stuck_ = answers_.in_doubt();
    // What completes it stays with the caller, who so comes again.
    held_.resize(held_before);
    passed.consumed = 0;
    return;
  }
  changes_user_ = is_change_user(held_);
  if (changes_user_) return;
  std::string packet = std::exchange(held_, {});
  std::string instead = in_servers_terms(packet);
  begin(packet);
  remaining_ -= static_cast<std::uint32_t>(packet.size() - kHeader);
  passed.instead = std::move(instead.empty() ? packet : instead);
}

std::optional<std::string> CommandStream::take_change_user() {
  if (!std::exchange(changes_user_, false)) return std::nullopt;
  return std::exchange(held_, {});
}

}  // namespace rolegate::wire::mysql
