#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../unit/wire/pg_script.hpp"
#include "wire/pg/client_login.hpp"

using namespace rolegate::wire::pg;

// A server that says anything gets the key inside TLS, or not at all. The first byte chooses the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? bytes.size() : data[0];
  ClientCancel cancel({1, script::int32(2)});
  std::string output = cancel.take_output();
  bool in_tls = false;
  ClientCancel::Event last = ClientCancel::Event::more;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    last = cancel.receive(bytes.substr(at, piece));
    if (last == ClientCancel::Event::start_tls) {
      if (in_tls || bytes.substr(at, piece) != "S") std::abort();
      in_tls = true;
      last = cancel.tls_started();
    }
    output += cancel.take_output();
  }
  const std::string expected =
      in_tls ? script::kSslRequest + script::cancel_request(1, 2) : script::kSslRequest;
  if (output != expected) std::abort();
  if ((last == ClientCancel::Event::sent) != in_tls) std::abort();
  return 0;
}
