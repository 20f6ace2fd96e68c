#include <utility>

#include "wire/pg/client_login.hpp"
#include "wire/pg/startup_packet.hpp"
#include "wire/pg/tls_answer.hpp"

namespace rolegate::wire::pg {

ClientCancel::ClientCancel(CancelKey key) : key_(std::move(key)), output_(ssl_request()) {}

std::string ClientCancel::take_output() { return std::exchange(output_, {}); }

auto ClientCancel::receive(std::string_view bytes) -> Event {
  switch (stage_) {
    case Stage::answer: {
      const TlsAnswer answer = read_tls_answer(bytes);
      if (answer == TlsAnswer::incomplete) return Event::more;
      stage_ = answer == TlsAnswer::yes ? Stage::tls : Stage::failed;
      return stage_ == Stage::tls ? Event::start_tls : Event::failed;
    }
    case Stage::tls:
      if (bytes.empty()) return Event::more;
      stage_ = Stage::failed;
      return Event::failed;
    case Stage::sent:
      return Event::sent;
    case Stage::failed:
      break;
  }
  return Event::failed;
}

auto ClientCancel::tls_started() -> Event {
  stage_ = stage_ == Stage::tls ? Stage::sent : Stage::failed;
  if (stage_ == Stage::failed) return Event::failed;
  output_ = cancel_request(key_);
  return Event::sent;
}

}  // namespace rolegate::wire::pg
