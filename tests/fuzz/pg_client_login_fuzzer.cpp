#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../unit/wire/pg_script.hpp"
#include "base/utf8.hpp"
#include "wire/pg/client_login.hpp"

// A server that says anything, behind TLS or before it. The first byte chooses.

namespace {

using namespace rolegate;
using namespace rolegate::wire::pg;
using Event = ClientLogin::Event;

constexpr std::string_view kPassword = "pencil";

void require(bool holds) {
  if (!holds) std::abort();
}

struct Course {
  Event last = Event::more;
  bool in_tls = false;
  std::string output;
  SessionStart session_start;
  std::string reason;
  bool operator==(const Course&) const = default;
};

Course run(bool binds, bool is_token, std::string_view bytes, std::size_t piece) {
  script::CountingRandom random;
  ClientLogin login({.user = "a",
                     .password = base::Secret(kPassword),
                     .database = "postgres",
                     .parameters = {{"application_name", "fuzz"}},
                     .is_token = is_token},
                    random);
  Course course;
  course.output = login.take_output();
  for (std::size_t at = 0; at < bytes.size() && course.last != Event::failed; at += piece) {
    Event event = login.receive(bytes.substr(at, piece));
    course.output += login.take_output();
    if (event == Event::start_tls) {
      require(course.output == script::kSslRequest);
      course.in_tls = true;
      event = login.tls_started(binds ? "hash" : "");
      course.output += login.take_output();
    }
    if (event != Event::more) course.last = event;
  }
  course.session_start = login.take_session_start();
  course.reason = login.failure().reason;
  if (course.last == Event::failed) {
    require((login.failure().kind == ClientFailure::Kind::server_error) == course.reason.empty());
  }
  return course;
}

void check(const Course& course) {
  if (!course.in_tls) require(course.output == script::kSslRequest && course.last != Event::ready);
  const SessionStart& start = course.session_start;
  if (course.last != Event::ready) require(start == SessionStart());
  require(start.messages().size() + start.rest.size() <= ClientLogin::kMaxSessionStart);
  require(base::is_utf8(course.reason) && !base::has_control_characters(course.reason));
  require(course.reason.find(kPassword) == std::string::npos);
  const std::size_t first = course.output.find(kPassword);
  if (first != std::string::npos) require(course.output.find(kPassword, first + 1) == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool binds = (data[0] & 1) != 0;
  const bool is_token = (data[0] & 4) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 2) != 0) {
    check(run(binds, is_token, bytes, bytes.size()));
    return 0;
  }
  // One byte at a time: TLS starts behind the 'S', and everything else comes from within.
  const Course in_bytes = run(binds, is_token, bytes, 1);
  check(in_bytes);
  if (bytes.starts_with('S')) {
    script::CountingRandom random;
    ClientLogin login({.user = "a",
                       .password = base::Secret(kPassword),
                       .database = "postgres",
                       .parameters = {{"application_name", "fuzz"}},
                       .is_token = is_token},
                      random);
    require(login.receive("S") == Event::start_tls);
    (void)login.tls_started(binds ? "hash" : "");
    const Event last = bytes.size() > 1 ? login.receive(bytes.substr(1)) : Event::more;
    require((last == Event::failed) == (in_bytes.last == Event::failed));
    require((last == Event::ready) == (in_bytes.last == Event::ready));
    require(login.take_session_start() == in_bytes.session_start);
  }
  return 0;
}
