#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/server_login.hpp"

// A client of the gateway that may send anything: once it is logged in, it changes the user. The first byte
// chooses the connection, the second the user, the third the size of the pieces in which the rest comes; at
// once, it must come out the same.

namespace {

using namespace rolegate;
using namespace rolegate::wire::mysql;

void require(bool holds) {
  if (!holds) std::abort();
}

class Alphabet final : public base::Random {
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out) byte = static_cast<unsigned char>('A' + next_++ % 26);
  }
  unsigned next_ = 0;
};

EVP_PKEY* key() {
  static const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> made(EVP_RSA_gen(1024U),
                                                                          &::EVP_PKEY_free);
  return made.get();
}

constexpr std::string_view kPassword = "secret";

struct Owner {
  Owner(std::uint8_t connection, std::uint8_t user)
      : login(options(connection), random), trusted((user & 8) != 0) {
    if ((user & 1) != 0) verifiers.native = native_hash(kPassword);
    if ((user & 2) != 0) verifiers.full_check = true;
    if ((user & 4) != 0) verifiers.fast_check = fast_check_of(kPassword);
    known = (user & 7) != 0;
    sent += login.take_output();
  }

  static ServerLogin::Options options(std::uint8_t connection) {
    ServerLogin::Options options;
    options.greeting.server_version = "8.0.36";
    options.greeting.capabilities = relayed((connection & 1) != 0 ? ~0ULL : ~1ULL);
    options.tls_offered = (connection & 2) != 0;
    options.tls_required = (connection & 4) != 0;
    options.unix_socket = (connection & 8) != 0;
    options.rsa_key = (connection & 16) != 0 ? key() : nullptr;
    return options;
  }

  void receive(std::string_view bytes) {
    if (!over) handle(login.receive(bytes));
  }
  void change_user() {
    const std::string rest = login.take_rest();
    login = ServerLogin(login.connection(), random);
    receive(rest);
  }

  void handle(ServerLogin::Event event) {
    sent += login.take_output();
    switch (event) {
      case ServerLogin::Event::start_tls: {
        // What follows counts as if TLS had given it.
        const std::string rest = login.take_rest();
        handle(login.tls_started());
        return receive(rest);
      }
      case ServerLogin::Event::startup:
        require(login.startup().user.size() <= ServerLogin::kMaxUser);
        return handle(trusted ? login.trust() : login.ask_password(verifiers));
      case ServerLogin::Event::check_password: {
        require(!login.password().empty());
        const bool right = verifiers.full_check && login.password().equals(kPassword);
        return handle(login.password_checked(right));
      }
      case ServerLogin::Event::authenticated:
        require(trusted || known);
        sent += login.ok("OK");
        return changes++ < 3 ? change_user() : end();
      case ServerLogin::Event::refused:
      case ServerLogin::Event::failed:
        require(!login.reason().empty());
        return end();
      case ServerLogin::Event::no_password:
      case ServerLogin::Event::quit:
        return end();
      case ServerLogin::Event::more:
        break;
    }
  }

  void end() { over = true; }

  Alphabet random;
  ServerLogin login;
  PasswordVerifiers verifiers;
  bool trusted;
  bool known = false;
  bool over = false;
  int changes = 0;
  std::string sent;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Owner whole(data[0], data[1]);
  Owner pieces(data[0], data[1]);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  whole.receive(bytes);
  const std::size_t piece = data[2] == 0 ? size : data[2];
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    pieces.receive(bytes.substr(0, piece));
  }
  require(whole.over == pieces.over && whole.sent == pieces.sent);
  require(whole.sent.size() < 4 * 4096);
  (void)whole.login.error({1045, "28000", "Access denied"});
  (void)whole.login.take_rest();
  return 0;
}
