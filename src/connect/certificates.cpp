#include "connect/certificates.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "connect/server_text.hpp"

namespace rolegate::connect {
namespace {

constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBegin = "-----BEGIN ";
/// PEM_STRING_X509, _OLD and _TRUSTED.
constexpr std::array<std::string_view, 3> kLabels = {"CERTIFICATE", "X509 CERTIFICATE",
                                                     "TRUSTED CERTIFICATE"};

struct BioFree {
  void operator()(BIO* bio) const noexcept { ::BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

/// The label of the BEGIN line that `text` begins with, if that is a certificate's.
std::optional<std::string_view> certificate_label(std::string_view text) {
  text.remove_prefix(kBegin.size());
  const std::string_view label = text.substr(0, text.find(kDashes));
  const bool known = std::ranges::find(kLabels, label) != kLabels.end();
  return known ? std::optional(label) : std::nullopt;
}

std::string openssl_reason() {
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  return reason != nullptr ? reason : "it cannot be read";
}

std::string name_text(const X509_NAME* name) {
  const int at = ::X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at >= 0) {
    unsigned char* text = nullptr;
    const int size =
        ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(name, at)));
    if (size >= 0) {
      std::string common = server_text({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)});
      ::OPENSSL_free(text);
      if (!common.empty()) return common;
    }
  }
  const BioPtr out(::BIO_new(::BIO_s_mem()));
  char* text = nullptr;
  if (!out || ::X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE) < 0) return "nobody";
  const long size = ::BIO_get_mem_data(out.get(), &text);
  return size > 0 ? server_text({text, static_cast<std::size_t>(size)}) : "nobody";
}

std::string address_text(const ASN1_OCTET_STRING& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ::ASN1_STRING_length(&bytes) == 4 ? AF_INET : AF_INET6;
  const bool whole = ::ASN1_STRING_length(&bytes) == 4 || ::ASN1_STRING_length(&bytes) == 16;
  if (!whole || ::inet_ntop(family, ::ASN1_STRING_get0_data(&bytes), text.data(), text.size()) == nullptr)
    return "an address";
  return text.data();
}

}  // namespace

void X509Free::operator()(X509* certificate) const noexcept { ::X509_free(certificate); }

PemCertificates read_pem_certificates(std::string_view pem) {
  PemCertificates read;
  std::size_t entries = 0;
  int line = 1;
  std::size_t counted = 0;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    const auto label = certificate_label(pem.substr(at));
    if (!label) continue;
    ++entries;
    line += static_cast<int>(std::ranges::count(pem.substr(counted, at - counted), '\n'));
    counted = at;
    const std::string end = fmt::format("-----END {}-----", *label);
    const std::size_t next = pem.find(kBegin, at + 1);
    const std::size_t close = pem.find(end, at);
    if (close == std::string_view::npos || close > next) {
      read.faults.push_back({entries, line, "its end is missing"});
      continue;
    }
    const std::string_view text = pem.substr(at, close + end.size() - at);
    const BioPtr bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    ::ERR_clear_error();
    X509Ptr certificate(bio ? ::PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (certificate) {
      read.certificates.push_back({std::move(certificate), text});
    } else {
      read.faults.push_back({entries, line, openssl_reason()});
    }
    ::ERR_clear_error();
  }
  return read;
}

std::string subject_of(const X509& certificate) { return name_text(::X509_get_subject_name(&certificate)); }

std::string issuer_of(const X509& certificate) { return name_text(::X509_get_issuer_name(&certificate)); }

std::string names_of(const X509& certificate) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&::GENERAL_NAMES_free)> alternatives(
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      &::GENERAL_NAMES_free);
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) {
      names.push_back(server_text({reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                                   static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName))}));
    } else if (name->type == GEN_IPADD) {
      names.push_back(address_text(*name->d.iPAddress));
    }
  }
  if (names.empty()) return subject_of(certificate);
  const std::size_t more = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string time_text(const ASN1_TIME& time) {
  std::tm utc{};
  if (::ASN1_TIME_to_tm(&time, &utc) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (::X509_digest(&certificate, ::EVP_sha256(), digest.data(), &size) != 1) return {};
  return fmt::format("{:02X}", fmt::join(digest.begin(), digest.begin() + size, ":"));
}

}  // namespace rolegate::connect
