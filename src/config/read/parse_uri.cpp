#include "config/read/parse_uri.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/percent_encoding.hpp"
#include "base/secret.hpp"
#include "base/utf8.hpp"
#include "config/read/uri_host.hpp"
#include "config/read/uri_query.hpp"
#include "config/text/fields.hpp"
#include "config/text/placeholder.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {
namespace {

constexpr std::string_view kField = "sqlalchemy_uri";
constexpr std::size_t kMaxLength = 1024;  // Superset's column

std::optional<Engine> engine_of(std::string_view name) {
  for (const Engine engine : {Engine::postgresql, Engine::mysql, Engine::redshift}) {
    if (name == engine_name(engine)) return engine;
  }
  return std::nullopt;
}

/// What is meant by schemes that other tools use.
std::string scheme_remedy(std::string_view name) {
  if (name == "postgres" || name == "pg" || name == "aurora-postgresql") return "Write postgresql://.";
  if (name == "mariadb" || name == "aurora-mysql" || name == "aurora") return "Write mysql://.";
  if (name.starts_with("jdbc:")) return "Leave out 'jdbc:', and write user and password before the host.";
  return "It must be postgresql, mysql or redshift, in lower case, with or without a +driver.";
}

class Parser {
 public:
  Parser(bool for_iam, ParsedUri& out) : for_iam_(for_iam), out_(out) {}

  void parse(std::string_view text) {
    if (const std::string_view what = placeholder(text); !what.empty()) {
      error(fmt::format("has a placeholder for {}.", what), std::string(kPlaceholderRemedy));
      return;
    }
    if (!acceptable(text)) return;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) {
      error("is not a URI: it holds no '://'.", "Write it as postgresql://HOST:PORT/DATABASE.");
      return;
    }
    scheme(text.substr(0, colon));
    rest(text.substr(colon + 3));
  }

 private:
  void error(std::string message, std::string remedy = {}) {
    out_.problems.push_back({std::string(kField), std::move(message), std::move(remedy), false});
  }
  void warning(std::string message, std::string remedy = {}) {
    out_.problems.push_back({std::string(kField), std::move(message), std::move(remedy), true});
  }

  /// What is still to be filled in; empty when nothing is. Only the whole of a part counts, for a password
  /// may hold any characters.
  static std::string_view placeholder(std::string_view text) {
    if (is_placeholder(text)) return "the whole URI";
    const std::size_t begin = text.find("://");
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin + 3);
    if (const std::size_t at = userinfo_end(text); at != std::string_view::npos) {
      const std::string_view userinfo = text.substr(0, at);
      const std::size_t colon = std::min(userinfo.find(':'), at);
      if (is_placeholder(userinfo.substr(0, colon))) return "the user";
      if (colon < at && is_placeholder(userinfo.substr(colon + 1))) return "the password";
      text.remove_prefix(at + 1);
    }
    text = text.substr(0, text.find('?'));
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view place = text.substr(0, slash);
    const std::size_t colon = std::min(place.find(':'), slash);
    if (is_placeholder(place.substr(0, colon))) return "the host";
    if (colon < slash && is_placeholder(place.substr(colon + 1))) return "the port";
    if (slash < text.size() && is_placeholder(text.substr(slash + 1))) return "the database";
    return {};
  }

  /// Faults that make taking it apart pointless.
  bool acceptable(std::string_view text) {
    if (text.empty()) {
      error("is empty.", "Write it as postgresql://HOST:PORT/DATABASE.");
    } else if (!base::is_utf8(text)) {
      error("is not valid UTF-8.");
    } else if (characters(text) > kMaxLength) {
      error(fmt::format("has {} characters.", characters(text)), fmt::format("It may have {}.", kMaxLength));
    } else if (base::has_control_characters(text)) {
      error("holds a control character or a line break.", "Remove it.");
    } else if (text.find(' ') != std::string_view::npos) {
      error("holds a space.", "Remove it, or write %20 where it is meant.");
    } else {
      return true;
    }
    return false;
  }

  void scheme(std::string_view text) {
    const std::string_view name = text.substr(0, text.find('+'));
    if (text.ends_with("+auroradataapi")) {
      error("is for Aurora's Data API, which is another protocol; user and password in it are an AWS key.",
            "Use the cluster's endpoint with aws_iam, and take the key out of the file.");
    } else if (const auto engine = engine_of(name)) {
      out_.uri.engine = *engine;
      out_.engine_known = true;
    } else {
      error(fmt::format("has the scheme {}, which is not known.",
                        name.starts_with("jdbc:") ? "'jdbc'" : quoted(name)),
            scheme_remedy(name));
    }
  }

  /// [USER[:PASSWORD]@][HOST][:PORT][/DATABASE][?QUERY]
  void rest(std::string_view text) {
    if (const std::size_t at = userinfo_end(text); at != std::string_view::npos) {
      userinfo(text.substr(0, at));
      text.remove_prefix(at + 1);
    }
    const std::size_t question = text.find('?');
    const std::string_view before = text.substr(0, question);
    const std::size_t slash = before.find('/');
    const HostAndPort place = parse_host_and_port(before.substr(0, slash), kField, out_.problems);
    out_.uri.host = place.host;
    out_.uri.port = place.port;
    if (place.valid && place.host.empty()) missing_host();

    bool may_show = true;
    if (slash != std::string_view::npos) may_show = database(before.substr(slash + 1));
    if (question != std::string_view::npos) {
      const std::string_view query = text.substr(question + 1);
      parse_uri_query(query, may_show && query.find('@') == std::string_view::npos, out_.uri, out_.problems);
    }
  }

  /// SQLAlchemy lets '/' and '?' be part of a password: what follows the first ':' is one when it is no port
  /// and an '@' comes later.
  static std::size_t userinfo_end(std::string_view text) {
    const std::size_t authority_end = std::min(text.find_first_of("/?"), text.size());
    const std::string_view authority = text.substr(0, authority_end);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) return at;
    const std::size_t colon = authority.find(':');
    if (colon == std::string_view::npos || authority.starts_with('[')) return std::string_view::npos;
    const std::string_view after = authority.substr(colon + 1);
    if (std::ranges::all_of(after, [](char c) { return c >= '0' && c <= '9'; }))
      return std::string_view::npos;
    return text.find('@', authority_end);
  }

  void userinfo(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view password =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (auto user = decoded(text.substr(0, colon), "user")) out_.uri.user = std::move(*user);
    if (password.find('@') != std::string_view::npos) {
      error("holds an '@' in the password.", "Write it as %40.");
    } else if (auto decoded_password = decoded(password, "password")) {
      out_.uri.password = base::Secret::take(std::move(*decoded_password));
    }
    if (for_iam_ && !password.empty()) {
      warning("holds a password, which is not used: aws_iam is enabled.", "Remove it.");
    }
  }

  std::optional<std::string> decoded(std::string_view text, std::string_view what) {
    auto out = base::percent_decode(text);
    if (!out) {
      error(fmt::format("holds a '%' in the {} that no two hexadecimal digits follow.", what),
            "Write '%' as %25.");
    } else if (!base::is_utf8(*out) || base::has_control_characters(*out)) {
      error(fmt::format("has a {} that, percent-decoded, is not valid UTF-8 or holds a control character.",
                        what));
      base::wipe(*out);
      out.reset();
    }
    return out;
  }

  void missing_host() {
    if (for_iam_ && out_.uri.engine == Engine::redshift) return;
    if (!out_.engine_known) return;
    if (for_iam_) {
      error("Database URI must include a hostname for IAM authentication.",
            fmt::format("Write {}://HOST:PORT/DATABASE with the endpoint's own name.",
                        engine_name(out_.uri.engine)));
    } else {
      error("has no host.",
            fmt::format("Write {}://USER:PASSWORD@HOST:PORT/DATABASE.", engine_name(out_.uri.engine)));
    }
  }

  /// Says whether what follows may be shown: an '@' here means that the password was cut at the wrong place.
  bool database(std::string_view text) {
    if (text.find('@') != std::string_view::npos) {
      error("holds an '@' after the host.",
            "In a password write '@' as %40, '/' as %2F and '?' as %3F; in a database name '@' as %40.");
      return false;
    }
    if (auto name = decoded(text, "database name")) out_.uri.database = std::move(*name);
    return true;
  }

  bool for_iam_;
  ParsedUri& out_;
};

}  // namespace

bool ParsedUri::has_errors() const {
  return std::ranges::any_of(problems, [](const UriProblem& problem) { return !problem.warning; });
}

ParsedUri parse_uri(std::string_view text, bool for_iam) {
  ParsedUri out;
  Parser(for_iam, out).parse(text);
  return out;
}

}  // namespace rolegate::config
