#pragma once

#include <cstdint>
#include <string_view>

#include "wire/pg/message_stream.hpp"

namespace rolegate::wire::pg {

/// Where a session stands, from the ReadyForQuery of its login on: what has been asked and not been answered.
/// A server answers in order, and each Query, FunctionCall and Sync with one ReadyForQuery; but a Sync that
/// it reads while it takes in a COPY is passed over. Where that cannot be told from outside, and where a peer
/// does what the protocol has no room for, the session is in doubt for the rest of its life, and never at
/// rest: a wrong "no" costs a farewell, a wrong "yes" an answer that is false.
/// https://www.postgresql.org/docs/15/protocol-flow.html
class SessionState {
 public:
  void from_client(std::string_view bytes);
  void from_server(std::string_view bytes);

  /// Everything asked is answered, ReadyForQuery included, and neither side is inside of a message.
  /// NoticeResponse, ParameterStatus and NotificationResponse do not change that.
  [[nodiscard]] bool at_rest() const {
    return !doubtful_ && !awaits_answer() && client_.between_messages() && between_answers();
  }
  /// No answer has begun that has not ended: an ErrorResponse would fall into none. It would be taken for the
  /// answer to what has been asked, if anything has.
  [[nodiscard]] bool between_answers() const { return !answering_ && server_.between_messages(); }
  /// The client's Terminate has come, as a whole.
  [[nodiscard]] bool said_goodbye() const { return goodbye_; }

 private:
  void on_client(char type);
  void on_server(char type);
  void on_client_in_copy(char type);
  void begin_copy();
  void end_copy(bool all_read);
  [[nodiscard]] bool awaits_answer() const { return due_ > 0 || unsynced_ || copying_; }

  MessageStream client_;
  MessageStream server_;
  std::uint64_t due_ = 0;      ///< ReadyForQuery that must come
  bool unsynced_ = false;      ///< the extended query was begun, and no Sync ends it yet
  bool without_sync_ = false;  ///< a Query stands behind an extended query that no Sync has ended
  bool extended_ = false;      ///< what is being answered is such a query
  bool answering_ = false;     ///< something has come since the last ReadyForQuery
  bool goodbye_ = false;
  bool doubtful_ = false;

  bool copying_ = false;      ///< the server takes in a COPY …
  bool copy_ended_ = false;   ///< … and the client has said its CopyDone or CopyFail
  std::uint64_t inside_ = 0;  ///< Syncs before that: passed over, unless the COPY fails before it reads them
};

}  // namespace rolegate::wire::pg
