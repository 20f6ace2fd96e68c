#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../unit/wire/pg_script.hpp"
#include "base/utf8.hpp"
#include "wire/pg/server_login.hpp"

// A client that says anything. The first byte chooses the listener and how the rest arrives.

namespace {

using namespace rolegate;
using namespace rolegate::wire::pg;
using Event = ServerLogin::Event;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Listener {
  bool tls_offered = false;
  bool tls_required = false;
  bool trusts = false;
  bool user_exists = false;
};

struct Course {
  Event last = Event::more;
  bool in_tls = false;
  std::string output;
  std::string rest;
  std::string reason;
  bool operator==(const Course&) const = default;
};

// RFC 7677's; the seeds have a proof for it.
const base::ScramVerifier& verifier() {
  static const auto parsed = base::ScramVerifier::parse(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  return *parsed;
}

Event answer(ServerLogin& login, const Listener& listener, Event event, Course& course) {
  if (event == Event::start_tls) {
    require(listener.tls_offered && !course.in_tls);
    course.in_tls = true;
    course.output += login.take_output();
    event = login.tls_started(
        script::from_hex("6541845ebad8eb594ee504c90edf59dc83fb565582b2de6f01691fce2fd948a2"));
  }
  if (event == Event::startup) {
    require(course.in_tls || !listener.tls_required);
    const Startup& startup = login.startup();
    require(!startup.user.empty() && base::is_utf8(startup.user) && base::is_utf8(startup.database));
    require(!startup.database.empty());
    for (const auto& [name, value] : startup.parameters) {
      require(!name.empty() && name != "user" && name != "database" && !name.starts_with("_pq_."));
      require((name + value).find('\0') == std::string::npos);
    }
    base::ScramVerifier asked = verifier();
    if (!listener.user_exists) asked.stored_key.fill(0);
    event = listener.trusts ? login.trust() : login.ask_scram(asked);
  }
  return event;
}

Course run(const Listener& listener, std::string_view bytes, std::size_t piece) {
  script::CountingRandom random;
  ServerLogin login({.tls_offered = listener.tls_offered, .tls_required = listener.tls_required}, random);
  Course course;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const Event event = answer(login, listener, login.receive(bytes.substr(at, piece)), course);
    course.output += login.take_output();
    if (event != Event::more) course.last = event;
    if (event == Event::failed || event == Event::refused || event == Event::cancel) break;
  }
  course.rest = login.take_rest();
  course.reason = login.reason();
  return course;
}

void check(const Listener& listener, const Course& course) {
  if (course.last == Event::authenticated) require(listener.trusts || listener.user_exists);
  if (course.last != Event::authenticated) require(course.rest.empty());
  if (course.last == Event::failed || course.last == Event::refused) {
    require(!course.reason.empty() && base::is_utf8(course.reason));
    require(!base::has_control_characters(course.reason));
  }
  require(course.output.size() < 3 * ServerLogin::kMaxStartup);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Listener listener{.tls_offered = (data[0] & 1) != 0,
                          .tls_required = (data[0] & 2) != 0,
                          .trusts = (data[0] & 4) != 0,
                          .user_exists = (data[0] & 8) != 0};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Course in_bytes = run(listener, bytes, 1);
  const Course whole = run(listener, bytes, bytes.size());
  check(listener, in_bytes);
  check(listener, whole);
  // Where TLS comes in, the pieces matter: what stands behind SSLRequest in the same piece was not encrypted.
  if (!in_bytes.in_tls) require(in_bytes == whole);
  return 0;
}
