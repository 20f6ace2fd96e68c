#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rolegate::gateway {

/// What the two sides of a session say to each other, followed message by message; nothing is copied that
/// passes. It begins where the login ended: at rest.
class Conversation {
 public:
  struct Passed {
    std::string_view as_is;    ///< a prefix of the input goes on untouched …
    std::string instead;       ///< … and then this
    std::size_t consumed = 0;  ///< of the input; 0: no more is taken until the database has said something
  };
  virtual ~Conversation() = default;

  /// `bytes` non-empty; what is not consumed is passed again.
  [[nodiscard]] virtual Passed from_client(std::string_view bytes) = 0;
  /// Everything that the database says goes on to the client as it is.
  virtual void from_database(std::string_view bytes) = 0;

  /// Nothing is asked, nothing is being answered, and neither side is inside a message. When in doubt: false.
  [[nodiscard]] virtual bool at_rest() const = 0;
  /// A message that nobody asked for would be taken for what it is: it would not fall into another one. When
  /// in doubt: false.
  [[nodiscard]] virtual bool may_interject() const { return at_rest(); }
  /// The client's next message may neither pass nor wait: the session has to end.
  [[nodiscard]] virtual bool is_stuck() const { return false; }
  /// What the client says next changes the user, and everything before it is answered: it is for the session.
  /// Gives, once, what was taken of that already; the rest is what was not consumed.
  [[nodiscard]] virtual std::optional<std::string> take_change_user() { return std::nullopt; }
  /// The client has said that it is done: what the database does then is no news to it.
  [[nodiscard]] virtual bool said_goodbye() const = 0;
};

}  // namespace rolegate::gateway
