#include <chrono>
#include <exception>
#include <memory>
#include <string>

#include "rolegate/rolegate.h"
#include "rolegate/rolegate.hpp"

struct rolegate_client {
  rolegate::Client client;
};

namespace {

/// What rolegate_last_error and its like return: each thread has its own.
struct LastError {
  std::string text;
  std::string code;
  std::string hint;
  std::string aws_request_id;
};
thread_local LastError last_error;

/// A rolegate_login and what its pointers point to.
struct OwnedLogin : rolegate_login {
  rolegate::Login login;
};

/// Runs `work`; no exception crosses the C boundary, each becomes the last error and a null pointer.
template <typename Work>
auto guarded(Work&& work) noexcept -> decltype(work()) {
  try {
    last_error = {};
    return work();
  } catch (const rolegate::Error& error) {
    last_error = {error.what(), error.code(), error.hint(), error.aws_request_id()};
  } catch (const std::exception& error) {
    last_error = {error.what(), "internal_error", {}, {}};
  } catch (...) {
    last_error = {"an unknown exception was thrown", "internal_error", {}, {}};
  }
  return nullptr;
}

}  // namespace

rolegate_client* rolegate_open(const char* config_file) {
  return guarded([&] {
    rolegate::Options options;
    if (config_file != nullptr) options.config_file = config_file;
    return new rolegate_client{rolegate::Client(std::move(options))};
  });
}

rolegate_login* rolegate_log_in(rolegate_client* client, const char* database, int64_t timeout_ms) {
  return guarded([&]() -> rolegate_login* {
    if (client == nullptr || database == nullptr) {
      throw rolegate::Error("wrong_usage",
                            "rolegate_log_in was called without a client or without a database name.", {}, {},
                            {}, false);
    }
    auto owned = std::make_unique<OwnedLogin>();
    owned->login = client->client.login(database, std::chrono::milliseconds(timeout_ms));
    const rolegate::Login& login = owned->login;
    rolegate_login& fields = *owned;
    fields.user = login.user.c_str();
    fields.password = login.password.c_str();
    fields.host = login.host.c_str();
    fields.dial_host = login.dial_host.c_str();
    fields.database = login.database.c_str();
    fields.sslmode = login.sslmode.c_str();
    fields.expires_at = login.expires_at ? std::chrono::system_clock::to_time_t(*login.expires_at) : 0;
    fields.port = login.port;
    fields.dial_port = login.dial_port;
    return owned.release();
  });
}

// Every rolegate_login that this library gives out is an OwnedLogin.
void rolegate_login_free(rolegate_login* login) { delete static_cast<OwnedLogin*>(login); }

void rolegate_close(rolegate_client* client) { delete client; }

const char* rolegate_last_error(void) { return last_error.text.c_str(); }
const char* rolegate_last_error_code(void) { return last_error.code.c_str(); }
const char* rolegate_last_error_hint(void) { return last_error.hint.c_str(); }
const char* rolegate_last_aws_request_id(void) { return last_error.aws_request_id.c_str(); }
const char* rolegate_version(void) { return rolegate::version(); }
