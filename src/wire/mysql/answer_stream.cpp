#include "wire/mysql/answer_stream.hpp"

#include <algorithm>
#include <utility>

#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::uint32_t kLongestPayload = 0xFFFFFF;
constexpr std::size_t kMostKills = 8;
/// Where OK and PREPARE_OK packets, and column counts, have said everything that is of interest: 0x00, two
/// integers of up to nine bytes, the status.
constexpr std::size_t kMostJudged = 1 + 9 + 9 + 2;
constexpr std::size_t kMostNeeded = kHeader + kMostJudged;

constexpr char kOk = '\x00';
constexpr char kFile = '\xFB';
constexpr char kEof = '\xFE';  // in an OK packet's place, too
constexpr char kError = '\xFF';
constexpr std::uint16_t kProgressReport = 0xFFFF;  // as an error's code

// https://dev.mysql.com/doc/dev/mysql-server/latest/mysql__com_8h.html#a1d854e841086925be1883e4d7b4e8cad
constexpr std::uint16_t kMoreResultsExist = 0x0008;
constexpr std::uint16_t kCursorExists = 0x0040;

std::uint32_t length_of(std::string_view packet) {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(packet[i])}; };
  return byte(0) | byte(1) << 8 | byte(2) << 16;
}

}  // namespace

bool AnswerStream::deprecates_eof() const { return (capabilities_ & kDeprecateEof) != 0; }

bool AnswerStream::at_rest() const {
  return stage_ == Stage::rest && remaining_ == 0 && !continued_ && head_.empty();
}

void AnswerStream::expect(Answer answer) {
  if (in_doubt()) return;
  if (answer == Answer::unknown) return doubt();
  expected_[(next_ + count_++) % kMostExpected] = answer;
  if (count_ == 1) begin_answer();
}

void AnswerStream::begin_answer() { stage_ = current() == Answer::rows ? Stage::rows : Stage::first; }

void AnswerStream::end_answer() {
  next_ = (next_ + 1) % kMostExpected;
  stage_ = Stage::rest;
  if (--count_ > 0) begin_answer();
}

void AnswerStream::end_result(std::uint16_t status) {
  if ((status & kMoreResultsExist) == 0) return end_answer();
  stage_ = Stage::first;
}

bool AnswerStream::kills(std::uint32_t statement) const {
  return std::ranges::find(kills_, statement) != kills_.end();
}

void AnswerStream::file_ended() {
  if (wants_file()) stage_ = Stage::first;
}

void AnswerStream::receive(std::string_view bytes) {
  while (!bytes.empty() && !in_doubt()) {
    if (remaining_ > 0) {
      const std::size_t skipped = std::min<std::size_t>(remaining_, bytes.size());
      remaining_ -= static_cast<std::uint32_t>(skipped);
      bytes.remove_prefix(skipped);
    } else if (head_.empty() && (bytes.size() >= kMostNeeded || bytes.size() >= needed(bytes))) {
      begin(bytes);
      bytes.remove_prefix(kHeader);
      if (stage_ == Stage::rows && !continued_) skip_rows(bytes);
    } else {
      // Less than there is: it began when nobody had asked for anything, and a command has come since.
      if (needed(head_) < head_.size()) return doubt();
      const std::string_view taken = bytes.substr(0, needed(head_) - head_.size());
      head_.append(taken);
      bytes.remove_prefix(taken.size());
      if (head_.size() < needed(head_)) continue;
      begin(head_);
      remaining_ -= static_cast<std::uint32_t>(std::exchange(head_, {}).size() - kHeader);
    }
  }
}

/// The rest of a packet, and whole rows behind it: most of what a server says, and nothing to learn from.
void AnswerStream::skip_rows(std::string_view& bytes) {
  std::size_t next = remaining_;  // where the next packet begins
  while (next + kHeader < bytes.size()) {
    const std::uint32_t length = length_of(bytes.substr(next));
    const char first = bytes[next + kHeader];
    if (first == kEof || first == kError || length == 0 || length == kLongestPayload) break;
    next += kHeader + length;
  }
  const std::size_t skipped = std::min(next, bytes.size());
  remaining_ = static_cast<std::uint32_t>(next - skipped);
  bytes.remove_prefix(skipped);
}

/// How much of a packet must be there before it can be judged; `packet` is its beginning.
std::size_t AnswerStream::needed(std::string_view packet) const {
  if (packet.size() < kHeader) return kHeader;
  const std::uint32_t length = length_of(packet);
  if (continued_ || length == 0) return kHeader;
  if (packet.size() == kHeader) return kHeader + 1;
  const char first = packet[kHeader];
  const bool plain = stage_ == Stage::definitions || (stage_ == Stage::rows && !ends_rows(first, length));
  return kHeader + (plain && first != kError ? 1 : std::min<std::size_t>(kMostJudged, length));
}

void AnswerStream::begin(std::string_view packet) {
  remaining_ = length_of(packet);
  if (!std::exchange(continued_, remaining_ == kLongestPayload)) {
    judge(packet.substr(kHeader, std::min<std::size_t>(remaining_, kMostJudged)), remaining_);
  }
}

/// `payload`: as much of it as needed() has said.
void AnswerStream::judge(std::string_view payload, std::uint32_t length) {
  const char first = payload.empty() ? kOk : payload.front();
  if (stage_ == Stage::rest || stage_ == Stage::file) {
    if (stage_ == Stage::file && is_progress(payload)) return;
    return doubt();
  }
  if (first == kError) {
    if (!is_progress(payload)) end_answer();
    return;
  }
  switch (stage_) {
    case Stage::first:
      return judge_first(payload);
    case Stage::definitions:
      if (--definitions_ == 0) definitions_ended();
      return;
    case Stage::metadata_end:
      return judge_metadata_end(payload, length);
    case Stage::rows:
      break;
    default:
      return;
  }
  if (!ends_rows(first, length)) return;
  // In an OK packet integers stand where an EOF packet has the count of warnings.
  PayloadReader reader(payload.substr(1));
  if (deprecates_eof()) {
    reader.length_encoded();
    reader.length_encoded();
  } else {
    reader.u16();
  }
  const std::uint16_t status = reader.u16();
  if (!reader.ok()) return doubt();
  if (current() == Answer::rows) return end_answer();
  end_result(status);
}

/// A row may begin with 0xFE itself: for a value of 16 MB and more.
bool AnswerStream::ends_rows(char first, std::uint32_t length) const {
  return first == kEof && length < (deprecates_eof() ? kLongestPayload : 9);
}

bool AnswerStream::is_progress(std::string_view payload) const {
  if ((capabilities_ & (kProgressObsolete | kMariaDbProgress)) == 0) return false;
  PayloadReader reader(payload);
  return reader.u8() == static_cast<std::uint8_t>(kError) && reader.u16() == kProgressReport && reader.ok();
}

void AnswerStream::judge_first(std::string_view payload) {
  if (current() == Answer::packet) return end_answer();
  if (payload.empty()) return doubt();
  if (is_prepared()) return judge_statement(payload);
  if (payload.front() == kFile) {
    // A server would take the commands that were sent ahead for the file.
    stage_ = count_ == 1 ? Stage::file : Stage::doubt;
    return;
  }
  if (payload.front() != kOk) return judge_column_count(payload);
  PayloadReader reader(payload.substr(1));
  reader.length_encoded();
  reader.length_encoded();
  const std::uint16_t status = reader.u16();
  if (!reader.ok()) return doubt();
  end_result(status);
}

/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
void AnswerStream::judge_statement(std::string_view payload) {
  PayloadReader reader(payload);
  const bool prepared = reader.u8() == static_cast<std::uint8_t>(kOk);
  const std::uint32_t id = reader.u32();
  const std::uint64_t columns = reader.u16();
  const std::uint64_t parameters = reader.u16();
  if (!prepared || !reader.ok()) return doubt();
  std::erase(kills_, id);
  if (current() == Answer::kill && parameters == 1) {
    if (kills_.size() == kMostKills) kills_.erase(kills_.begin());
    kills_.push_back(id);
  }
  bool metadata = true;
  if ((capabilities_ & kOptionalResultsetMetadata) != 0) {
    reader.integer(3);  // a filler and the count of warnings
    metadata = reader.u8() != 0 || !reader.ok();
  }
  const auto packets = [&](std::uint64_t count) -> std::uint64_t {
    return count == 0 ? 0 : (metadata ? count : 0) + (deprecates_eof() ? 0 : 1);
  };
  begin_definitions(packets(parameters) + packets(columns));
}

/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html
void AnswerStream::judge_column_count(std::string_view payload) {
  PayloadReader reader(payload);
  const std::uint64_t columns = reader.length_encoded();
  const bool may_lack_metadata = (capabilities_ & (kOptionalResultsetMetadata | kMariaDbCacheMetadata)) != 0;
  const bool metadata = !may_lack_metadata || reader.u8() != 0;
  if (!reader.ok() || reader.left() > 0 || columns == 0) return doubt();
  begin_definitions(metadata ? columns : 0);
}

void AnswerStream::begin_definitions(std::uint64_t packets) {
  definitions_ = packets;
  stage_ = Stage::definitions;
  if (packets == 0) definitions_ended();
}

void AnswerStream::definitions_ended() {
  if (is_prepared()) return end_answer();
  stage_ = deprecates_eof() ? Stage::rows : Stage::metadata_end;
}

void AnswerStream::judge_metadata_end(std::string_view payload, std::uint32_t length) {
  PayloadReader reader(payload);
  const bool eof = reader.u8() == static_cast<std::uint8_t>(kEof) && length < 9;
  reader.u16();
  const std::uint16_t status = reader.u16();
  if (!eof || !reader.ok()) return doubt();
  if (current() == Answer::executed && (status & kCursorExists) != 0) return end_result(status);
  stage_ = Stage::rows;
}

}  // namespace rolegate::wire::mysql
