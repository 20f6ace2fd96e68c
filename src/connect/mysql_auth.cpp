#include "connect/mysql_auth.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <mysql.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "base/printable.hpp"
#include "connect/poll_until.hpp"

extern "C" {
#include <ma_pvio.h>
#include <mysql/plugin_auth.h>
}

namespace rolegate::connect {
namespace {

constexpr const char* kPluginName = "rolegate_login";

/// What Connector/C's own plugins may do with a configured password inside TLS. Not among them: dialog (asks
/// the terminal) and mysql_old_password.
constexpr const char* kPasswordMethods =
    "rolegate_login,mysql_native_password,caching_sha2_password,sha256_password,mysql_clear_password,client_"
    "ed25519";
constexpr std::array<std::string_view, 5> kPasswordMethodNames = {"mysql_native_password",
                                                                  "caching_sha2_password", "sha256_password",
                                                                  "mysql_clear_password", "client_ed25519"};

/// An SSLRequest packet, the only thing a client sends before TLS: 4 bytes of header, 32 of content.
constexpr std::size_t kSslRequest = 36;
/// No packet of a login is larger; until it is over, a server cannot make the client's buffer grow beyond.
constexpr unsigned long kLoginPacket = 16UL << 20;
constexpr unsigned long kSessionPacket = 1UL << 30;  ///< Connector/C's own default

// <mysql/client_plugin.h> would declare this, but Debian's package lacks a header that it includes.
constexpr int kAuthenticationPlugin = 2;
constexpr unsigned int kInterfaceVersion = 0x0100;
struct AuthenticationPlugin {
  MYSQL_CLIENT_PLUGIN_HEADER
  int (*authenticate_user)(MYSQL_PLUGIN_VIO*, MYSQL*);
};

thread_local MysqlAuth* current = nullptr;

/// Connector/C sends through its pvio only before TLS starts and after it has been verified, not in between;
/// so more than an SSLRequest means that the certificate was accepted.
bool inside_tls(const MYSQL& connection) {
  const MARIADB_PVIO* pvio = connection.net.pvio;
  return pvio != nullptr && pvio->ctls != nullptr && pvio->bytes_sent > kSslRequest;
}

bool has_unread_bytes(const MARIADB_PVIO& pvio) {
  return pvio.cache != nullptr && pvio.cache + pvio.cache_size > pvio.cache_pos;
}

std::string tls_detail(MYSQL& connection) {
  const char* version = nullptr;
  const char* cipher = ::mysql_get_ssl_cipher(&connection);
  ::mariadb_get_info(&connection, MARIADB_CONNECTION_TLS_VERSION, static_cast<void*>(&version));
  return version == nullptr || cipher == nullptr ? std::string() : fmt::format("{} {}", version, cipher);
}

/// errno of a connection attempt that has ended; 0 when it succeeded.
int connection_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

/// Connector/C frees what it finds there with free(), which strdup() goes with.
void replace(char*& text, const char* with) {
  std::free(text);
  text = ::strdup(with);
}

void wipe_output(NET& net) {
  if (net.buff != nullptr) ::OPENSSL_cleanse(net.buff, static_cast<std::size_t>(net.buff_end - net.buff));
}

}  // namespace

struct MysqlAuth::Callbacks {
  static int authenticate(MYSQL_PLUGIN_VIO* vio, MYSQL* connection) noexcept {
    // Without a login of ours somebody else has named the plugin; twice in a login, the server has.
    if (current == nullptr || std::exchange(current->asked_, true)) return CR_ERROR;
    return current->authenticate(*vio, *connection);
  }
  static int wait(my_socket socket, my_bool for_reading, int) noexcept {
    return current == nullptr ? 0 : current->wait(static_cast<int>(socket), for_reading != 0);
  }
};

bool MysqlAuth::prepare(st_mysql& connection) {
  // Connector/C keeps a pointer to it for as long as the process lives.
  static constinit AuthenticationPlugin plugin{kAuthenticationPlugin,
                                               kInterfaceVersion,
                                               kPluginName,
                                               "Rolegate",
                                               "Rolegate's database login",
                                               {1, 0, 0},
                                               "Apache-2.0",
                                               nullptr,
                                               nullptr,
                                               nullptr,
                                               nullptr,
                                               &Callbacks::authenticate};
  auto* header = reinterpret_cast<st_mysql_client_plugin*>(&plugin);
  // Registering twice gives back what is registered; after mysql_library_end() it has to be done again.
  if (::mysql_client_register_plugin(&connection, header) != header) return false;
  ::mysql_options(&connection, MYSQL_DEFAULT_AUTH, kPluginName);
  ::mysql_options(&connection, MARIADB_OPT_RESTRICTED_AUTH, kPluginName);
  ::mysql_options(&connection, MARIADB_OPT_IO_WAIT, reinterpret_cast<const void*>(&Callbacks::wait));
  const std::size_t largest = kLoginPacket;
  ::mysql_options(&connection, MYSQL_OPT_MAX_ALLOWED_PACKET, &largest);
  return true;
}

void MysqlAuth::release(st_mysql& connection) {
  ::mysql_options(&connection, MYSQL_DEFAULT_AUTH, nullptr);
  ::mysql_options(&connection, MARIADB_OPT_RESTRICTED_AUTH, nullptr);
  ::mysql_options(&connection, MARIADB_OPT_IO_WAIT, nullptr);
  connection.net.max_packet_size = kSessionPacket;
  connection.net.pvio->methods->blocking(connection.net.pvio, 1, nullptr);
  // A session needs it no more; reconnecting on its own, which would, is off in Connector/C unless asked for.
  if (connection.passwd != nullptr) ::OPENSSL_cleanse(connection.passwd, std::strlen(connection.passwd));
}

MysqlAuth::Bound::Bound(MysqlAuth& auth) : previous_(std::exchange(current, &auth)) {}
MysqlAuth::Bound::~Bound() { current = previous_; }

int MysqlAuth::refuse(Verdict verdict) {
  verdict_ = verdict;
  return CR_ERROR;
}

int MysqlAuth::authenticate(st_plugin_vio& vio, st_mysql& connection) {
  MARIADB_PVIO* pvio = connection.net.pvio;
  if ((connection.server_capabilities & CLIENT_SSL) == 0) return refuse(Verdict::tls_not_offered);
  if (has_unread_bytes(*pvio)) return refuse(Verdict::bytes_before_tls);
  replace(connection.host, login_.host.c_str());
  pvio->methods->blocking(pvio, 0, nullptr);
  // OpenSSL wants a thread's error queue empty: what somebody left there would end the handshake.
  ::ERR_clear_error();
  connection_ = &connection;
  stages_.reached(upstream::Stage::tls);

  // Before it reads, this sends the SSLRequest, goes through TLS, and sends the user's name without a
  // password.
  unsigned char* packet = nullptr;
  const int length = vio.read_packet(&vio, &packet);
  connection_ = nullptr;
  if (connection.net.buff == nullptr) return CR_ERROR;  // the connection is gone; Connector/C has the reason
  note_tls(connection);
  if (length < 0 && connection.net.read_pos[0] != 0xFE) return CR_ERROR;  // likewise
  if (!inside_tls(connection)) {
    connection.net.read_pos[0] = 0;
    return refuse(Verdict::no_tls);
  }
  connection_ = &connection;
  if (length < 0) return answer_request(vio, connection);
  // An OK packet: the user needs no password.
  return length > 0 && packet[0] == 0 ? CR_OK_HANDSHAKE_COMPLETE : refuse(Verdict::out_of_turn);
}

/// AuthSwitchRequest: 0xFE, the method's name, NUL, its data.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html
int MysqlAuth::answer_request(st_plugin_vio& vio, st_mysql& connection) {
  NET& net = connection.net;
  const auto* name = reinterpret_cast<const char*>(net.read_pos + 1);
  const auto room = static_cast<std::size_t>(net.buff_end - net.read_pos - 1);
  const std::string_view method(name, ::strnlen(name, room));
  if (login_.kind == config::Kind::password) {
    if (std::ranges::find(kPasswordMethodNames, method) != kPasswordMethodNames.end()) {
      replace(connection.passwd, login_.password.c_str());
      ::mysql_options(&connection, MARIADB_OPT_RESTRICTED_AUTH, kPasswordMethods);
      return CR_ERROR;  // with the request still there, Connector/C goes on with the plugin of that name
    }
  } else if (method == "mysql_clear_password") {
    const auto* password = reinterpret_cast<const unsigned char*>(login_.password.c_str());
    const int failed = vio.write_packet(&vio, password, static_cast<int>(login_.password.size() + 1));
    wipe_output(net);
    return failed != 0 ? CR_ERROR : CR_OK;
  }
  method_ = base::server_text(method);
  net.read_pos[0] = 0;
  return refuse(Verdict::other_method);
}

void MysqlAuth::note_tls(st_mysql& connection) {
  if (stages_.current() != upstream::Stage::tls || !inside_tls(connection)) return;
  stages_.detail(tls_detail(connection));
  stages_.reached(upstream::Stage::handshake);
}

int MysqlAuth::wait(int socket, bool for_reading) {
  if (connection_ != nullptr) note_tls(*connection_);
  // Connector/C's sockets would go along with whatever program is executed next.
  if (stages_.current() == upstream::Stage::connecting) ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  if (for_reading) stages_.reached(upstream::Stage::greeting);
  const bool connecting = stages_.current() == upstream::Stage::connecting;
  const pollfd waiting{socket, static_cast<short>(for_reading ? POLLIN : POLLOUT), 0};
  const int ready = poll_until(connecting ? tcp_deadline_ : deadline_, waiting);
  if (ready == 0) {
    timed_out_ = true;
    errno = ETIMEDOUT;
  }
  if (ready <= 0 || !connecting) return ready;
  // Connector/C would ask for this error itself, but asking clears it.
  connect_error_ = connection_error(socket);
  if (connect_error_ == 0) stages_.reached(upstream::Stage::greeting);
  errno = connect_error_;
  return connect_error_ == 0 ? ready : -1;
}

}  // namespace rolegate::connect
