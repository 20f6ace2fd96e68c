#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/client_login.hpp"

// A server that may send anything. The first byte chooses what is wanted of it, the second the size of the
// pieces in which the rest comes.

namespace {

using namespace rolegate;
using namespace rolegate::wire::mysql;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::string_view kToken = "host:3306/?Action=connect&DBUser=user";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  ClientLogin::Settings settings;
  settings.user = "user";
  settings.password = base::Secret(kToken);
  settings.schema = (data[0] & 1) != 0 ? "shop" : "";
  settings.methods = (data[0] & 2) != 0 ? ClientLogin::Methods::password : ClientLogin::Methods::iam;
  settings.capabilities = (data[0] & 4) != 0 ? kTransactions | kDeprecateEof : 0;
  settings.greeting_only = (data[0] & 8) != 0;
  if ((data[0] & 16) != 0) settings.attributes = "\xCprogram_name\6fuzzer";
  ClientLogin login(std::move(settings));

  const std::size_t piece = data[1] == 0 ? size : data[1];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  bool in_tls = false;
  bool over = false;
  std::size_t sent = 0;
  for (; !bytes.empty() && !over; bytes.remove_prefix(std::min(piece, bytes.size()))) {
    ClientLogin::Event event = login.receive(bytes.substr(0, piece));
    if (event == ClientLogin::Event::start_tls) {
      require(!in_tls);
      require(login.take_output().find(kToken) == std::string::npos);
      event = login.tls_started();
      in_tls = true;
    }
    const std::string output = login.take_output();
    sent += output.size();
    require(in_tls || output.empty());
    over = event != ClientLogin::Event::more;
    if (event == ClientLogin::Event::failed) require(output.empty());
  }
  require(sent < 4096);
  (void)login.take_rest();
  return 0;
}
