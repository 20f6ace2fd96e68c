#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mysql_bytes.hpp"
#include "mysql_test_key.hpp"
#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/native_password.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

enum class Transport { tls, unix_socket, plain };

/// A client as they are: it answers the packets of a server one by one.
class ReferenceClient {
 public:
  enum class Claims {
    greetings_plugin,  ///< Connector/C, PyMySQL
    native,            ///< Connector/J 2.7, older mysql2
    another,           ///< a default plugin of the user's own, with an empty response
    none,              ///< no CLIENT_PLUGIN_AUTH
  };

  ReferenceClient(Transport transport, Claims claims, std::string password)
      : transport_(transport), claims_(claims), password_(std::move(password)) {
    capabilities_ = kProtocol41 | kSecureConnection | kPluginAuthLenencClientData | kConnectWithDb |
                    kTransactions | kConnectAttrs | (claims == Claims::none ? 0 : kPluginAuth) |
                    (transport == Transport::tls ? kSsl : 0);
  }

  /// What it sends to that packet; empty: nothing, and it waits for the next. What a client of MySQL's would
  /// not understand sets confused().
  std::string answer(std::string_view packet_bytes) {
    sequence_ = static_cast<unsigned char>(packet_bytes[3]);
    const std::string_view payload = packet_bytes.substr(4);
    if (!greeted_) return greet(payload);
    switch (payload.front()) {
      case kOkPacket:
        note("ok");
        confused_ = confused_ || must_see_yes_;
        return {};
      case kErrorPacket:
        note("error");
        return {};
      case kAuthSwitchRequest:
        return switch_plugin(payload);
      case kAuthMoreData:
        return more(payload.substr(1));
      default:
        confused_ = true;
        return {};
    }
  }
  /// After the answer to the greeting, where that was an SSLRequest.
  std::string after_tls() {
    ++sequence_;
    return response();
  }

  /// Its COM_CHANGE_USER, once it is logged in.
  std::string change_user(std::string user, std::string password) {
    changes_ = true;
    password_ = std::move(password);
    seen_.clear();
    sequence_ = -1;
    // libmysqlclient answers for its own default plugin only when it is asked; the others answer for this
    // one.
    const bool answers = claims_ == Claims::native || claims_ == Claims::none;
    plugin_ = answers                      ? kNativePassword
              : claims_ == Claims::another ? "mysql_clear_password"
                                           : kCachingSha2Password;
    const std::string proof = answers ? prove() : "";
    std::string payload = "\x11" + std::move(user) + '\0' + le(proof.size(), 1) + proof + "books\0\x2E\x01"s;
    if (claims_ != Claims::none) payload += plugin_ + '\0';
    return reply(payload + "\x04\x01k\x01w");
  }

  [[nodiscard]] const std::vector<std::string>& seen() const { return seen_; }
  [[nodiscard]] bool confused() const { return confused_; }

 private:
  void note(std::string what) { seen_.push_back(std::move(what)); }
  std::string reply(std::string_view payload) { return packet(sequence_ + 1, payload); }

  std::string greet(std::string_view payload) {
    greeted_ = true;
    const auto greeting = parse_greeting(payload);
    if (!greeting) {
      confused_ = true;
      return {};
    }
    scramble_ = greeting->scramble;
    plugin_ = claims_ == Claims::greetings_plugin ? greeting->auth_plugin
              : claims_ == Claims::another        ? "mysql_clear_password"
                                                  : std::string(kNativePassword);
    if (transport_ != Transport::tls) return response();
    return reply(le(capabilities_, 4) + le(1 << 24, 4) + "\x2D" + std::string(23, '\0'));
  }
  std::string response() {
    std::string payload = le(capabilities_, 4) + le(1 << 24, 4) + "\x2D" + std::string(23, '\0') + "alice\0"s;
    const std::string proof = claims_ == Claims::another ? "" : prove();
    payload += le(proof.size(), 1) + proof + "orders\0"s;
    if (claims_ != Claims::none) payload += plugin_ + '\0';
    return reply(payload + "\x04\x01k\x01v");
  }
  std::string prove() {
    must_see_yes_ = plugin_ == kCachingSha2Password && !password_.empty();
    return plugin_ == kCachingSha2Password ? fast_response(password_, scramble_)
                                           : native_response(password_, scramble_);
  }
  std::string switch_plugin(std::string_view payload) {
    const auto request = parse_auth_switch_request(payload);
    if (!request || request->data.size() != 20) {
      confused_ = true;
      return {};
    }
    note("switch to " + request->plugin);
    plugin_ = request->plugin;
    // As client libraries do.
    if (!changes_ || plugin_ != kNativePassword) scramble_ = request->data;
    return reply(prove());
  }
  std::string more(std::string_view data) {
    if (data == "\x03") {
      note("fast");
      must_see_yes_ = false;
      return {};
    }
    if (data == "\x04") {
      note("full");
      must_see_yes_ = false;
      if (transport_ != Transport::plain) return reply(password_ + '\0');
      return reply("\x02");
    }
    if (data.starts_with("-----BEGIN PUBLIC KEY-----\n")) {
      note("key");
      return reply(encrypt_password(data, scramble_, password_));
    }
    confused_ = true;
    return {};
  }

  Transport transport_;
  Claims claims_;
  std::string password_;
  Capabilities capabilities_ = 0;
  std::string plugin_;
  std::string scramble_;
  int sequence_ = 0;
  bool greeted_ = false;
  bool changes_ = false;       ///< the user
  bool must_see_yes_ = false;  ///< caching_sha2_password's response is out: OK alone would be misunderstood
  bool confused_ = false;
  std::vector<std::string> seen_;
};

}  // namespace rolegate::wire::mysql
