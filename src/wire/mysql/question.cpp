#include "wire/mysql/question.hpp"

#include <utility>

#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/commands.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr const char* kMalformed = "The answer is no part of the protocol.";
constexpr char kEofPacket = '\xFE';
constexpr char kNull = '\xFB';
constexpr std::uint64_t kMostColumns = 4096;  // the server's own bound

/// A row may begin with that byte, too, but is longer then.
bool is_eof(std::string_view payload) { return payload.front() == kEofPacket && payload.size() < 9; }

std::string text_of(std::string_view payload) {
  const auto error = parse_error(payload);
  if (!error) return kMalformed;
  return error->message + " (error " + std::to_string(error->code) + ", SQLSTATE " + error->sqlstate + ")";
}

}  // namespace

Question::Question(std::string_view sql) {
  output_ = framed(0, std::string(1, static_cast<char>(kComQuery)).append(sql));
}

auto Question::receive(std::string_view bytes) -> Event {
  if (bytes.size() > kMaxAnswer - received_) return fail("The answer is too long.");
  received_ += bytes.size();
  if (stage_ != Stage::failed) input_.append(bytes);
  while (stage_ != Stage::answered && stage_ != Stage::failed) {
    const PacketBuffer::Next next = input_.next();
    if (next == PacketBuffer::Next::incomplete) return Event::more;
    if (next == PacketBuffer::Next::too_long || input_.sequence() != sequence_ || input_.payload().empty()) {
      return fail(kMalformed);
    }
    ++sequence_;
    if (const Event event = on_packet(input_.payload()); event != Event::more) return event;
  }
  return stage_ == Stage::answered ? Event::answered : Event::failed;
}

std::string Question::take_output() { return std::exchange(output_, {}); }

auto Question::fail(std::string failure) -> Event {
  stage_ = Stage::failed;
  failure_ = std::move(failure);
  return Event::failed;
}

auto Question::answered() -> Event {
  stage_ = Stage::answered;
  return Event::answered;
}

auto Question::on_packet(std::string_view payload) -> Event {
  switch (stage_) {
    case Stage::first:
      return on_first(payload);
    case Stage::columns:
      if (--columns_left_ == 0) stage_ = Stage::columns_end;
      return Event::more;
    case Stage::columns_end:
      if (!is_eof(payload)) return fail(kMalformed);
      stage_ = Stage::rows;
      return Event::more;
    default:
      return on_row(payload);
  }
}

auto Question::on_first(std::string_view payload) -> Event {
  if (payload.front() == kErrorPacket) return fail(text_of(payload));
  if (payload.front() == kOkPacket) return answered();
  PayloadReader reader(payload);
  columns_ = columns_left_ = reader.length_encoded();
  // A request for a file (LOCAL INFILE) is no length.
  if (!reader.ok() || reader.left() > 0 || columns_ == 0 || columns_ > kMostColumns) return fail(kMalformed);
  stage_ = Stage::columns;
  return Event::more;
}

auto Question::on_row(std::string_view payload) -> Event {
  if (payload.front() == kErrorPacket) return fail(text_of(payload));
  if (is_eof(payload)) return answered();
  if (!row_.empty()) return Event::more;
  for (std::uint64_t i = 0; i < columns_; ++i) {
    if (payload.starts_with(kNull)) {
      payload.remove_prefix(1);
      row_.emplace_back();
      continue;
    }
    PayloadReader reader(payload);
    row_.emplace_back(reader.length_encoded_bytes());
    if (!reader.ok()) return fail(kMalformed);
    payload = reader.rest();
  }
  return payload.empty() ? Event::more : fail(kMalformed);
}

}  // namespace rolegate::wire::mysql
