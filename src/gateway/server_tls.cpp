#include "gateway/server_tls.hpp"

#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "base/file_trust.hpp"
#include "net/tls_context.hpp"

namespace rolegate::gateway {
namespace {

/// What OpenSSL said last, or that it would have asked for a passphrase, which it says first.
std::string_view reason() {
  unsigned long last = 0;
  while (const unsigned long error = ::ERR_get_error()) {
    if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_BAD_PASSWORD_READ)
      return "it is encrypted with a passphrase";
    last = error;
  }
  const char* text = ::ERR_reason_error_string(last);
  return text != nullptr ? text : "it cannot be read";
}

/// As ssl_crl_file of PostgreSQL has it: every CA of a client certificate's chain needs a list in the file,
/// and one whose time is up (nextUpdate) lets nobody in who shows a certificate.
bool check_revocation(SSL_CTX* context, const std::string& file) {
  X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
  X509_LOOKUP* const lookup = ::X509_STORE_add_lookup(store, ::X509_LOOKUP_file());
  return lookup != nullptr && ::X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) > 0 &&
         ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

int choose_postgresql(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                      unsigned int offered_size, void*) {
  static constexpr unsigned char kOwn[] = "\x0apostgresql";
  const int result = ::SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, kOwn, sizeof kOwn - 1,
                                             offered, offered_size);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// OpenSSL would ask for it on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

/// Puts the files into a context, each by itself: a fault of one does not hide another's.
class FileLoader {
 public:
  FileLoader(SSL_CTX* context, const config::GatewayTls& tls) : context_(context), tls_(tls) {}

  [[nodiscard]] std::vector<TlsFileFault> run() {
    load_all();
    return std::move(faults_);
  }

 private:
  void load_all() {
    ::SSL_CTX_set_default_passwd_cb(context_, no_passphrase);
    const bool has_certificate =
        load("cert", tls_.cert, "It must be a readable file of PEM certificates, the server's own first.",
             [&] { return ::SSL_CTX_use_certificate_chain_file(context_, tls_.cert.c_str()) == 1; });
    const bool has_key =
        load("key", tls_.key, "It must be the unencrypted PEM key of tls.cert, readable by this user.",
             [&] { return use_key(); });
    // A key of another kind than the certificate's is taken for one that no certificate has yet.
    if (has_certificate && has_key && ::SSL_CTX_check_private_key(context_) != 1) not_its_key();
    if (!load("client_ca", tls_.client_ca, "It must be a readable file of PEM certificates.",
              [&] { return use_client_ca(); })) {
      return;
    }
    load("client_crl", tls_.client_crl,
         "It must be a readable file of PEM certificate revocation lists (X509 CRL).",
         [&] { return check_revocation(context_, tls_.client_crl); });
  }

  /// False when there is no such file, or a fault with it.
  template <typename Load>
  bool load(std::string_view field, const std::string& file, std::string_view remedy, Load&& into_context) {
    if (file.empty()) return false;
    if (auto trusted = base::check_file_trust(file); !trusted) {
      std::string hint = trusted.error().hint.empty() ? std::string(remedy) : trusted.error().hint;
      faults_.push_back({field, "cannot be used: " + trusted.error().message, std::move(hint)});
      return false;
    }
    ::ERR_clear_error();
    const std::size_t before = faults_.size();
    if (into_context()) return true;
    if (faults_.size() == before) {
      faults_.push_back({field, fmt::format("{} cannot be used: {}.", file, reason()), std::string(remedy)});
    }
    ::ERR_clear_error();
    return false;
  }

  bool use_key() {
    if (::SSL_CTX_use_PrivateKey_file(context_, tls_.key.c_str(), SSL_FILETYPE_PEM) == 1) return true;
    const unsigned long error = ::ERR_peek_last_error();
    if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
      not_its_key();
    return false;
  }
  void not_its_key() {
    faults_.push_back({"key", fmt::format("{} cannot be used: it is not the key of tls.cert.", tls_.key),
                       "Name the key that the certificate was made for."});
  }

  bool use_client_ca() {
    if (::SSL_CTX_load_verify_locations(context_, tls_.client_ca.c_str(), nullptr) != 1) return false;
    ::SSL_CTX_set_client_CA_list(context_, ::SSL_load_client_CA_file(tls_.client_ca.c_str()));
    ::SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    return true;
  }

  SSL_CTX* context_;
  const config::GatewayTls& tls_;
  std::vector<TlsFileFault> faults_;
};

std::string date(const ASN1_TIME* time) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(time, &parts) != 1) return "a date that cannot be read";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

void doubt_certificate(const X509* certificate, base::WallTime now, std::vector<TlsFileFault>& faults) {
  if (certificate == nullptr) return;
  std::time_t time = std::chrono::system_clock::to_time_t(now);
  constexpr const char* kConsequence = "Clients that verify it refuse to connect: renew it.";
  if (::X509_cmp_time(::X509_get0_notAfter(certificate), &time) < 0) {
    faults.push_back(
        {"cert", fmt::format("expired on {}.", date(::X509_get0_notAfter(certificate))), kConsequence, true});
  } else if (::X509_cmp_time(::X509_get0_notBefore(certificate), &time) > 0) {
    faults.push_back({"cert",
                      fmt::format("is not valid before {}.", date(::X509_get0_notBefore(certificate))),
                      kConsequence, true});
  }
}

void doubt_key(const std::string& file, std::vector<TlsFileFault>& faults) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  faults.push_back(
      {"key",
       fmt::format("may be read by every user of this machine (mode {:04o}).", status.st_mode & 07777U),
       fmt::format("Take that away: `chmod o-r {}`.", file), true});
}

}  // namespace

std::string_view code_name(TlsErrc code) {
  switch (code) {
    case TlsErrc::gateway_tls_invalid:
      return "gateway_tls_invalid";
  }
  return {};
}

base::Result<net::SslContextPtr> make_server_context(const config::GatewayTls& tls, net::Protocol protocol) {
  net::SslContextPtr context = net::make_server_context();
  if (!context) return base::fail(TlsErrc::gateway_tls_invalid, "OpenSSL could not make a context.");
  SSL_CTX* const raw = context.get();
  if (protocol == net::Protocol::postgresql) ::SSL_CTX_set_alpn_select_cb(raw, choose_postgresql, nullptr);
  auto faults = FileLoader(raw, tls).run();
  if (faults.empty()) return context;
  TlsFileFault& first = faults.front();
  return base::fail(TlsErrc::gateway_tls_invalid,
                    fmt::format("The gateway's tls.{} {}", first.field, first.message),
                    std::move(first.remedy));
}

std::vector<TlsFileFault> check_tls_files(const config::GatewayTls& tls, base::WallTime now) {
  const net::SslContextPtr context = net::make_server_context();
  if (!context) return {};
  auto faults = FileLoader(context.get(), tls).run();
  doubt_certificate(::SSL_CTX_get0_certificate(context.get()), now, faults);
  doubt_key(tls.key, faults);
  return faults;
}

bool asks_for_certificate(const net::SslContextPtr& context) {
  return (::SSL_CTX_get_verify_mode(context.get()) & SSL_VERIFY_PEER) != 0;
}

}  // namespace rolegate::gateway
