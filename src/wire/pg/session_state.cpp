#include "wire/pg/session_state.hpp"

#include <utility>

namespace rolegate::wire::pg {

void SessionState::from_client(std::string_view bytes) {
  client_.follow(bytes, [this](char type) { on_client(type); });
}

void SessionState::from_server(std::string_view bytes) {
  server_.follow(bytes, [this](char type) {
    const bool row = type == 'D' || type == 'd';
    if (!row || !answering_) on_server(type);  // most messages are rows, and one more row changes nothing
  });
}

void SessionState::on_client(char type) {
  if (copying_ && !copy_ended_) return on_client_in_copy(type);
  switch (type) {
    case 'Q':  // Query
    case 'F':  // FunctionCall
      // Behind an error of the extended query, both would be passed over.
      if (std::exchange(unsynced_, false)) without_sync_ = true;
      ++due_;
      break;
    case 'S':  // Sync
      unsynced_ = false;
      ++due_;
      break;
    case 'P':  // Parse
    case 'B':  // Bind
    case 'D':  // Describe
    case 'E':  // Execute
    case 'C':  // Close
    case 'H':  // Flush
      unsynced_ = true;
      break;
    case 'd':  // CopyData
    case 'c':  // CopyDone
    case 'f':  // CopyFail
      break;   // of a COPY that has failed already
    case 'X':  // Terminate
      goodbye_ = true;
      break;
    default:
      doubtful_ = true;
  }
}

void SessionState::on_client_in_copy(char type) {
  switch (type) {
    case 'd':
    case 'H':
      break;
    case 'S':
      ++inside_;
      break;
    case 'c':
    case 'f':
      copy_ended_ = true;
      break;
    case 'X':
      goodbye_ = true;
      break;
    default:  // ends the COPY with an error, and is not answered itself
      doubtful_ = true;
  }
}

void SessionState::on_server(char type) {
  switch (type) {
    case 'N':  // NoticeResponse
    case 'S':  // ParameterStatus
    case 'A':  // NotificationResponse
      return;  // come at any time
    default:
      break;
  }
  // An answer that nobody waits for: the server's own last words, or a count that has gone wrong.
  if (!awaits_answer()) doubtful_ = true;
  answering_ = type != 'Z';
  switch (type) {
    case 'Z':  // ReadyForQuery
      if (due_ > 0) --due_;
      if (due_ == 0) without_sync_ = false;
      extended_ = false;
      break;
    case '1':  // ParseComplete
    case '2':  // BindComplete
    case '3':  // CloseComplete
    case 't':  // ParameterDescription
    case 'n':  // NoData
      extended_ = true;
      break;
    case 'G':  // CopyInResponse
      begin_copy();
      break;
    case 'C':  // CommandComplete
      if (copying_) end_copy(copy_ended_);
      break;
    case 'E':  // ErrorResponse
      doubtful_ = doubtful_ || without_sync_;
      if (copying_) end_copy(inside_ == 0);
      break;
    default:
      break;
  }
}

/// Of the extended query that a COPY belongs to, the Sync may have been sent already: it lies inside the
/// COPY, and another one must follow.
void SessionState::begin_copy() {
  const std::uint64_t own = !extended_ && due_ > 0 ? 1 : 0;  // a Query's
  doubtful_ = doubtful_ || without_sync_;                    // of which of the two queries?
  copying_ = true;
  copy_ended_ = false;
  inside_ = due_ - own;
  due_ = own;
  unsynced_ = own == 0;
}

/// `all_read`: it is known what became of every Sync that was sent before the client's end of it.
void SessionState::end_copy(bool all_read) {
  doubtful_ = doubtful_ || !all_read;
  copying_ = false;
}

}  // namespace rolegate::wire::pg
