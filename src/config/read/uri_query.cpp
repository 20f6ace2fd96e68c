#include "config/read/uri_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "base/percent_encoding.hpp"
#include "base/utf8.hpp"
#include "config/read/uri_host.hpp"
#include "config/text/fields.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {
namespace {

constexpr std::array<std::string_view, 4> kKnown{"sslmode", "sslrootcert", "connect_timeout", "connect_to"};

/// What libpq, psycopg2, asyncpg, mysqlclient, PyMySQL and redshift_connector take in a SQLAlchemy URI. They
/// say how a Python driver talks to the server and mean nothing here.
constexpr std::array<std::string_view, 38> kDriverParameters{"application_name",
                                                             "autocommit",
                                                             "channel_binding",
                                                             "charset",
                                                             "client_encoding",
                                                             "collation",
                                                             "compress",
                                                             "executemany_mode",
                                                             "fallback_application_name",
                                                             "gssencmode",
                                                             "init_command",
                                                             "keepalives",
                                                             "keepalives_count",
                                                             "keepalives_idle",
                                                             "keepalives_interval",
                                                             "local_infile",
                                                             "max_allowed_packet",
                                                             "options",
                                                             "prepared_statement_cache_size",
                                                             "read_default_file",
                                                             "read_default_group",
                                                             "read_timeout",
                                                             "sql_mode",
                                                             "ssl",
                                                             "ssl_ca",
                                                             "ssl_cert",
                                                             "ssl_check_hostname",
                                                             "ssl_disabled",
                                                             "ssl_key",
                                                             "ssl_mode",
                                                             "ssl_verify_cert",
                                                             "ssl_verify_identity",
                                                             "target_session_attrs",
                                                             "tcp_user_timeout",
                                                             "use_unicode",
                                                             "values_per_page",
                                                             "warn_on_unknown",
                                                             "write_timeout"};

/// libpq's other way to write what belongs before the '?'.
constexpr std::array<std::string_view, 7> kUriParts{"host",     "hostaddr", "port",    "user",
                                                    "password", "dbname",   "database"};

template <std::size_t N>
bool is_in(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

/// As urllib's parse_qsl, which SQLAlchemy uses: '+' is a space.
std::optional<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  auto out = base::percent_decode(spaced);
  if (out && (!base::is_utf8(*out) || base::has_control_characters(*out))) return std::nullopt;
  return out;
}

class Query {
 public:
  Query(bool may_show, Uri& uri, std::vector<UriProblem>& problems)
      : may_show_(may_show), uri_(uri), problems_(problems) {}

  void parameter(std::string_view text) {
    const std::size_t equals = text.find('=');
    const auto name = decode(text.substr(0, equals));
    // The field of a problem shows a name only when it is one that is known here.
    const std::string_view known =
        name && is_in(kKnown, *name) ? std::string_view(*name) : std::string_view();
    if (!name) return error({}, "has a parameter whose name is not valid percent-encoded UTF-8.");
    if (known.empty()) return other(*name);
    if (!seen_.insert(*name).second) return error(known, "is there twice.", "Keep one of the two.");
    if (equals == std::string_view::npos || equals + 1 == text.size())
      return error(known, "has no value.", {});
    const auto value = decode(text.substr(equals + 1));
    if (!value) return error(known, "is not valid percent-encoded UTF-8, or holds a control character.");
    if (known == "sslmode") return ssl_mode(*value);
    if (known == "sslrootcert") return ssl_root_cert(*value);
    if (known == "connect_timeout") return connect_timeout(*value);
    connect_to(*value);
  }

 private:
  static std::string field(std::string_view parameter) {
    return parameter.empty() ? "sqlalchemy_uri" : fmt::format("sqlalchemy_uri?{}", parameter);
  }
  void error(std::string_view parameter, std::string message, std::string remedy = {}) {
    problems_.push_back({field(parameter), std::move(message), std::move(remedy), false});
  }

  void other(const std::string& name) {
    const std::string_view shown_name = may_show_ ? std::string_view(name) : std::string_view();
    if (is_in(kDriverParameters, name)) {
      const bool tls = name.starts_with("ssl");
      problems_.push_back({field(may_show_ ? name : ""), "is a setting of a Python driver and is not used.",
                           tls ? "TLS is set with sslmode and sslrootcert." : "", true});
    } else if (is_in(kUriParts, name)) {
      error(shown_name, "is not taken as a parameter.",
            "Write it before the '?': postgresql://USER:PASSWORD@HOST:PORT/DATABASE.");
    } else {
      const std::string_view nearest = may_show_ ? base::nearest(name, kKnown) : std::string_view();
      error(may_show_ ? std::string_view(shown(name)) : std::string_view(), "unknown parameter.",
            nearest.empty() ? fmt::format("Known are {}.", listed(kKnown))
                            : fmt::format("Did you mean '{}'?", nearest));
    }
  }

  void ssl_mode(const std::string& value) {
    for (const SslMode mode : {SslMode::require, SslMode::verify_ca, SslMode::verify_full}) {
      if (value == ssl_mode_name(mode)) {
        uri_.ssl_mode = mode;
        if (mode == SslMode::require) {
          problems_.push_back({field("sslmode"),
                               "'require' encrypts and verifies nothing: whoever answers gets the password.",
                               "Use verify-full; sslrootcert names another CA.", true});
        }
        return;
      }
    }
    constexpr std::array<std::string_view, 3> kWeak{"disable", "allow", "prefer"};
    if (is_in(kWeak, value)) {
      error("sslmode", fmt::format("'{}' lets the password leave without TLS.", value),
            "Use verify-full, which is the default, verify-ca or require.");
    } else {
      error("sslmode", fmt::format("{} is no such mode.", may_show_ ? quoted(value) : "this"),
            "Use verify-full, verify-ca or require.");
    }
  }

  void ssl_root_cert(const std::string& value) {
    if (value.starts_with('~')) {
      return error("sslrootcert", "begins with '~', which is not expanded here.", "Write the whole path.");
    }
    uri_.ssl_root_cert = value;
  }

  void connect_timeout(const std::string& value) {
    int seconds = 0;
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (fault != std::errc() || end != value.data() + value.size() || seconds < 1 || seconds > 600) {
      return error("connect_timeout", "must be a whole number of seconds from 1 to 600.");
    }
    uri_.connect_timeout = std::chrono::seconds(seconds);
  }

  void connect_to(const std::string& value) {
    const HostAndPort place = parse_host_and_port(value, field("connect_to"), problems_);
    if (!place.valid) return;
    if (place.host.empty() || !place.port) {
      return error("connect_to", "must be HOST:PORT.",
                   "Write it as connect_to=127.0.0.1:15432 or connect_to=[::1]:15432.");
    }
    uri_.connect_to = HostPort{place.host, *place.port};
  }

  bool may_show_;
  Uri& uri_;
  std::vector<UriProblem>& problems_;
  std::set<std::string> seen_;
};

}  // namespace

void parse_uri_query(std::string_view query, bool may_show, Uri& uri, std::vector<UriProblem>& problems) {
  Query reader(may_show, uri, problems);
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    if (end > 0) reader.parameter(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

}  // namespace rolegate::config
