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

// A client of the gateway that may send anything. The first byte chooses the connection, the second the user,
// the third the size of the pieces in which the rest comes.

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
    sent += login.take_output().size();
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

  void handle(ServerLogin::Event event) {
    sent += login.take_output().size();
    switch (event) {
      case ServerLogin::Event::start_tls:
        // Of what has come already, TLS makes nothing here.
        (void)login.take_rest();
        return handle(login.tls_started());
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
        over = true;
        break;
      case ServerLogin::Event::refused:
      case ServerLogin::Event::failed:
        require(!login.reason().empty());
        over = true;
        break;
      case ServerLogin::Event::no_password:
      case ServerLogin::Event::quit:
        over = true;
        break;
      case ServerLogin::Event::more:
        break;
    }
  }

  Alphabet random;
  ServerLogin login;
  PasswordVerifiers verifiers;
  bool trusted;
  bool known = false;
  bool over = false;
  std::size_t sent = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Owner owner(data[0], data[1]);
  const std::size_t piece = data[2] == 0 ? size : data[2];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  for (; !bytes.empty() && !owner.over; bytes.remove_prefix(std::min(piece, bytes.size()))) {
    owner.handle(owner.login.receive(bytes.substr(0, piece)));
  }
  require(owner.sent < 4096);
  (void)owner.login.error({1045, "28000", "Access denied"});
  (void)owner.login.take_rest();
  return 0;
}
