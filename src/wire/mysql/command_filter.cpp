#include "wire/mysql/command_filter.hpp"

#include <algorithm>
#include <utility>

#include "wire/mysql/kill_statement.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::uint32_t kLongestPayload = 0xFFFFFF;

// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
constexpr char kComQuery = 0x03;
constexpr char kComProcessKill = 0x0C;
constexpr char kComChangeUser = 0x11;

constexpr std::size_t kProcessKillPayload = 5;

/// A statement that the server answers with an error: so the answer comes in its turn, whatever was asked
/// before. https://dev.mysql.com/doc/refman/8.0/en/signal.html (a message of at most 128 characters)
constexpr std::string_view kInsteadOfChangeUser =
    "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1235, MESSAGE_TEXT = 'COM_CHANGE_USER does not go through "
    "this "
    "gateway: open a new connection instead'";

}  // namespace

struct CommandFilter::Header {
  explicit Header(std::string_view packet)
      : length(static_cast<std::uint32_t>(PayloadReader(packet).integer(3))),
        sequence(static_cast<std::uint8_t>(packet[3])) {}
  std::uint32_t length;
  std::uint8_t sequence;
};

CommandFilter::CommandFilter(FindConnection find) : find_(std::move(find)) {}

/// A command has the sequence id 0. So has every 256th packet of a long file that is sent for LOAD DATA
/// LOCAL, and the packet after it in a command of several.
bool CommandFilter::begins_command(const Header& header) const {
  return header.sequence == 0 && !continued_ && !(file_ && last_sequence_ == 0xFF);
}

void CommandFilter::begin(const Header& header) {
  if (!continued_) file_ = !begins_command(header) && header.length > 0;
  continued_ = header.length == kLongestPayload;
  last_sequence_ = header.sequence;
  remaining_ = header.length;
}

void CommandFilter::skip(std::string_view bytes, std::size_t& at) {
  const std::size_t skipped = std::min<std::size_t>(remaining_, bytes.size() - at);
  remaining_ -= static_cast<std::uint32_t>(skipped);
  at += skipped;
}

std::size_t CommandFilter::needed(std::string_view packet) const {
  if (packet.size() < kHeader) return kHeader;
  const Header header(packet);
  if (!begins_command(header) || header.length == 0) return kHeader;
  if (packet.size() == kHeader) return kHeader + 1;
  const char command = packet[kHeader];
  const bool may_kill = (command == kComQuery && header.length <= 1 + kMaxKill) ||
                        (command == kComProcessKill && header.length == kProcessKillPayload);
  return may_kill ? kHeader + header.length : kHeader + 1;
}

bool CommandFilter::begins_change_user(std::string_view packet) const {
  if (packet.size() <= kHeader || packet[kHeader] != kComChangeUser) return false;
  const Header header(packet);
  return begins_command(header) && header.length > 0;
}

std::string CommandFilter::in_servers_terms(std::string_view packet) const {
  const Header header(packet);
  if (!begins_command(header) || packet.size() < kHeader + header.length || header.length == 0) return {};
  const std::string_view payload = packet.substr(kHeader, header.length);
  if (payload.front() == kComProcessKill && payload.size() == kProcessKillPayload) {
    const auto id = find_(PayloadReader(payload.substr(1)).u32());
    if (!id) return {};
    std::string changed(1, kComProcessKill);
    append_integer(changed, *id, 4);
    return framed(header.sequence, changed);
  }
  if (payload.front() != kComQuery || payload.size() > 1 + kMaxKill) return {};
  const auto target = find_kill_target(payload.substr(1));
  const auto id = target ? find_(target->id) : std::nullopt;
  if (!id) return {};
  return framed(header.sequence,
                std::string(payload).replace(1 + target->offset, target->length, std::to_string(*id)));
}

CommandFilter::Passed CommandFilter::pass(std::string_view bytes) {
  Passed passed;
  if (dropping_) {
    drop(bytes, passed);
    return passed;
  }
  if (!held_.empty()) {
    complete_held(bytes, passed);
    return passed;
  }
  std::size_t at = 0;
  while (at < bytes.size()) {
    skip(bytes, at);
    const std::string_view packet = bytes.substr(at);
    if (packet.empty()) break;
    const bool whole = packet.size() >= needed(packet);
    const bool change_user = whole && begins_change_user(packet);
    std::string instead = whole ? in_servers_terms(packet) : std::string();
    if (whole && !change_user && instead.empty()) {
      begin(Header(packet));
      at += kHeader;
      continue;
    }
    passed.as_is = bytes.substr(0, at);
    passed.consumed = at;
    if (change_user) {
      begin(Header(packet));
      passed.consumed += kHeader;
      dropping_ = true;
      drop(bytes, passed);
    } else if (whole) {
      begin(Header(packet));
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

void CommandFilter::complete_held(std::string_view bytes, Passed& passed) {
  for (std::size_t whole; held_.size() < (whole = needed(held_));) {
    const std::string_view taken = bytes.substr(passed.consumed, whole - held_.size());
    if (taken.empty()) return;
    held_.append(taken);
    passed.consumed += taken.size();
  }
  std::string packet = std::exchange(held_, {});
  const bool change_user = begins_change_user(packet);
  std::string instead = in_servers_terms(packet);
  begin(Header(packet));
  remaining_ -= static_cast<std::uint32_t>(packet.size() - kHeader);
  if (change_user) {
    dropping_ = true;
    drop(bytes, passed);
  } else {
    passed.instead = std::move(instead.empty() ? packet : instead);
  }
}

/// Goes on from passed.consumed to the end of the COM_CHANGE_USER, or as far as there is any of it.
void CommandFilter::drop(std::string_view bytes, Passed& passed) {
  for (;;) {
    skip(bytes, passed.consumed);
    if (remaining_ > 0) return;
    if (!continued_) break;
    const std::string_view header = bytes.substr(passed.consumed, kHeader - held_.size());
    held_.append(header);
    passed.consumed += header.size();
    if (held_.size() < kHeader) return;
    begin(Header(std::exchange(held_, {})));
  }
  dropping_ = false;
  passed.instead = framed(0, kComQuery + std::string(kInsteadOfChangeUser));
}

}  // namespace rolegate::wire::mysql
