#include "wire/pg/question.hpp"

#include <optional>
#include <utility>

#include "wire/pg/framing.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::wire::pg {
namespace {

constexpr const char* kMalformed = "The answer is no part of the protocol.";

std::string text_of(const ErrorFields& error) {
  return error.sqlstate.empty() ? error.message : error.message + " (SQLSTATE " + error.sqlstate + ")";
}

}  // namespace

Question::Question(std::string_view sql) {
  std::string body;
  append_string(body, sql);
  output_ = message('Q', body);
}

auto Question::receive(std::string_view bytes) -> Event {
  if (bytes.size() > kMaxAnswer - received_) return fail("The answer is too long.");
  received_ += bytes.size();
  input_.append(bytes);
  while (stage_ == Stage::answer) {
    const Frame frame = frame_at_front(input_.unread(), kMaxMessage);
    if (frame.state == Frame::State::incomplete) return Event::more;
    if (frame.state == Frame::State::malformed) return fail(kMalformed);
    input_.consume(frame.whole.size());
    if (const Event event = on_message(frame.type, frame.body); event != Event::more) return event;
  }
  return stage_ == Stage::answered ? Event::answered : Event::failed;
}

std::string Question::take_output() { return std::exchange(output_, {}); }

auto Question::fail(std::string failure) -> Event {
  stage_ = Stage::failed;
  failure_ = std::move(failure);
  return Event::failed;
}

auto Question::on_message(char type, std::string_view body) -> Event {
  switch (type) {
    case 'T':  // RowDescription
    case 'C':  // CommandComplete
    case 'I':  // EmptyQueryResponse
    case 'N':
    case 'S':
    case 'A':
      return Event::more;
    case 'D':
      return has_row_ || take_row(body) ? Event::more : fail(kMalformed);
    case 'E': {
      // ReadyForQuery is still to come, and nobody waits for it.
      const auto error = parse_error_response(body);
      return fail(error ? text_of(*error) : kMalformed);
    }
    case 'Z':
      stage_ = Stage::answered;
      return Event::answered;
    default:
      return fail(kMalformed);
  }
}

/// DataRow: how many cells, and of each its length (-1: NULL) and bytes.
bool Question::take_row(std::string_view body) {
  constexpr std::size_t kCount = 2;
  constexpr std::size_t kLength = 4;
  constexpr std::uint32_t kNull = 0xFFFFFFFF;
  has_row_ = true;
  if (body.size() < kCount) return false;
  const auto count = static_cast<std::size_t>(static_cast<unsigned char>(body[0])) << 8 |
                     static_cast<unsigned char>(body[1]);
  body.remove_prefix(kCount);
  for (std::size_t i = 0; i < count; ++i) {
    if (body.size() < kLength) return false;
    const std::uint32_t length = int32_at_front(body);
    body.remove_prefix(kLength);
    if (length == kNull) {
      row_.emplace_back();
      continue;
    }
    if (body.size() < length) return false;
    row_.emplace_back(body.substr(0, length));
    body.remove_prefix(length);
  }
  return body.empty();
}

}  // namespace rolegate::wire::pg
