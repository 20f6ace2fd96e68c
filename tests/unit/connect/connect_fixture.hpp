#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connect/connect.hpp"
#include "support/certificates.hpp"
#include "support/temporary_folder.hpp"
#include "unit/connect/scripted_server.hpp"

namespace rolegate::connect {

/// How long a test waits before it fails; never reached when all is well.
inline constexpr std::chrono::seconds kLong{20};
/// For what is meant to time out.
inline constexpr std::chrono::milliseconds kShort{1000};

inline constexpr std::string_view kHost = "orders.cluster-abc.eu-west-1.rds.amazonaws.com";

/// A CA, a server certificate of it for kHost, and a login that trusts it; the token is 4 KB.
class ConnectTest : public testing::Test {
 protected:
  ConnectTest() {
    token_ = "canary-token-";
    while (token_.size() < 4096) token_ += "0123456789abcdef";
  }

  login::Login login_to(const ScriptedServer& server, config::Engine engine) const {
    login::Login login;
    login.engine = engine;
    login.kind = engine == config::Engine::mysql      ? config::Kind::aurora_mysql
                 : engine == config::Engine::redshift ? config::Kind::redshift_provisioned
                                                      : config::Kind::aurora_postgresql;
    login.database = "orders";
    login.user = "app_rw";
    login.password = base::Secret(token_);
    login.host = kHost;
    login.port = config::default_port(engine);
    login.dial = {"127.0.0.1", server.port()};
    login.db_name = "app";
    login.ssl_root_cert = ca_file_;
    login.principal = "arn:aws:iam::222222222222:role/Access";
    return login;
  }

  static std::vector<std::string> steps_of(const login::Steps& steps) {
    std::vector<std::string> codes;
    for (const auto& step : steps.all()) {
      codes.push_back(std::string(login::step_code(step.name)) +
                      (step.error ? " " + std::string(step.error->code) : std::string()));
    }
    return codes;
  }

  /// Certificates that each have one fault, with the words that name it.
  struct Faulty {
    test::Identity identity;
    std::vector<std::string> message;
    std::string hint;
  };
  std::vector<Faulty> faulty() const {
    const std::string host(kHost);
    const test::Identity stranger = test::make_identity("Another CA");
    std::vector<Faulty> all;
    all.push_back({test::make_identity(host, &ca_, {.begins = -7200, .ends = -60}),
                   {"has a certificate that expired on 20", " UTC."},
                   "clock"});
    all.push_back({test::make_identity(host, &ca_, {.begins = 3600, .ends = 7200}),
                   {"has a certificate that is not valid before 20", " UTC."},
                   "clock"});
    all.push_back({test::make_identity("elsewhere.example.com", &ca_),
                   {"has a certificate that is not for " + host + " but for elsewhere.example.com."},
                   "connect_to=HOST:PORT"});
    all.push_back({test::make_identity(host, &stranger),
                   {"has a certificate that no trusted CA vouches for: its issuer is Another CA."},
                   "sslrootcert " + ca_file_});
    all.push_back({test::make_identity(host, &ca_, {.rsa_bits = 1024}),
                   {"has a certificate that has a key that is too weak (RSA, 1024 bits)."},
                   "2,048 bits"});
    return all;
  }

  /// What a server may send in place of its ServerHello, with the words for it.
  static std::vector<std::pair<std::string, std::string>> what_is_no_tls() {
    using std::string_literals::operator""s;
    return {{"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"},
            {"\x15\x03\x03\x00\x02\x02\x28"s, "refused TLS"},   // handshake_failure (RFC 8446, 6.2)
            {"\x15\x03\x03\x00\x02\x02\x70"s, "refused TLS"},   // unrecognized_name
            {"\x15\x03\x03\x00\x02\x02\x46"s, "refused TLS"}};  // protocol_version
  }

  test::TemporaryFolder folder_;
  test::Identity ca_ = test::make_identity("Test CA");
  test::Identity server_ = test::make_identity(std::string(kHost), &ca_);
  std::string ca_file_ = folder_.write("ca.pem", ca_.pem());
  std::string token_;
  base::FixedEnvironment environment_;
};

/// No error may hold a secret.
inline void expect_no_secret(const base::Error& error) {
  EXPECT_THAT(error.text(), testing::Not(testing::HasSubstr("canary")));
}

}  // namespace rolegate::connect
