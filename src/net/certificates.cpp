#include "net/certificates.hpp"

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

#include "base/printable.hpp"
#include "base/scram.hpp"

namespace rolegate::net {
namespace {

constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBegin = "-----BEGIN ";
/// PEM_STRING_X509, _OLD and _TRUSTED.
constexpr std::array<std::string_view, 3> kLabels = {"CERTIFICATE", "X509 CERTIFICATE",
                                                     "TRUSTED CERTIFICATE"};

constexpr char kSequence = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;

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

/// A certificate's place in a PEM text.
struct Entry {
  std::size_t number = 0;  ///< 1-based
  int line = 0;            ///< of its BEGIN, 1-based
  std::string_view text;   ///< with its BEGIN and END; empty: its end is missing
  std::string_view body;   ///< between them
};

std::vector<Entry> entries_of(std::string_view pem) {
  std::vector<Entry> entries;
  int line = 1;
  std::size_t counted = 0;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    const auto label = certificate_label(pem.substr(at));
    if (!label) continue;
    line += static_cast<int>(std::ranges::count(pem.substr(counted, at - counted), '\n'));
    counted = at;
    Entry& entry = entries.emplace_back(entries.size() + 1, line);
    const std::string end = fmt::format("-----END {}-----", *label);
    const std::size_t close = pem.find(end, at);
    if (close == std::string_view::npos || close > pem.find(kBegin, at + 1)) continue;
    entry.text = pem.substr(at, close + end.size() - at);
    const std::size_t body = at + kBegin.size() + label->size() + kDashes.size();
    entry.body = pem.substr(body, close - body);
  }
  return entries;
}

/// Empty when it is none.
std::string decoded(std::string_view body) {
  std::string text(body);
  std::erase_if(text, [](char one) { return one == '\n' || one == '\r' || one == ' '; });
  return base::from_base64(text).value_or("");
}

/// Whether DER values fill the bytes, and inside each that has parts, these do (X.690, 8.1).
bool is_well_nested(std::string_view der, int depth) {
  constexpr int kDeepest = 32;
  constexpr int kIndefiniteLength = 0x01;
  constexpr int kFault = 0x80;
  if (depth > kDeepest) return false;
  while (!der.empty()) {
    const auto* const begin = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* at = begin;
    long size = 0;
    int tag = 0;
    int tag_class = 0;
    const int form = ::ASN1_get_object(&at, &size, &tag, &tag_class, static_cast<long>(der.size()));
    if ((form & (kFault | kIndefiniteLength)) != 0) return false;
    const auto header = static_cast<std::size_t>(at - begin);
    const std::string_view value = der.substr(header, static_cast<std::size_t>(size));
    if ((form & V_ASN1_CONSTRUCTED) != 0 && !is_well_nested(value, depth + 1)) return false;
    der.remove_prefix(header + value.size());
  }
  return true;
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
      std::string common =
          base::server_text({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)});
      ::OPENSSL_free(text);
      if (!common.empty()) return common;
    }
  }
  const BioPtr out(::BIO_new(::BIO_s_mem()));
  char* text = nullptr;
  if (!out || ::X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE) < 0) return "nobody";
  const long size = ::BIO_get_mem_data(out.get(), &text);
  return size > 0 ? base::server_text({text, static_cast<std::size_t>(size)}) : "nobody";
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
  for (const auto& [number, line, text, body] : entries_of(pem)) {
    if (text.empty()) {
      read.faults.push_back({number, line, "its end is missing"});
      continue;
    }
    const BioPtr bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    ::ERR_clear_error();
    X509Ptr certificate(bio ? ::PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (certificate) {
      read.certificates.push_back({std::move(certificate), text});
    } else {
      read.faults.push_back({number, line, openssl_reason()});
    }
    ::ERR_clear_error();
  }
  return read;
}

bool looks_whole(std::string_view pem) {
  const std::vector<Entry> entries = entries_of(pem);
  const bool whole = std::ranges::all_of(entries, [](const Entry& entry) {
    const std::string der = decoded(entry.body);
    return der.starts_with(kSequence) && is_well_nested(der, 0);
  });
  ::ERR_clear_error();
  return whole && !entries.empty();
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
      names.push_back(
          base::server_text({reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
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

}  // namespace rolegate::net
