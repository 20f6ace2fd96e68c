#include "config/read/read_database.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "config/read/endpoint_checks.hpp"
#include "config/read/parse_uri.hpp"
#include "config/read/read_aws_iam.hpp"
#include "config/read/read_listen.hpp"
#include "config/text/fields.hpp"
#include "config/text/json.hpp"

namespace rolegate::config {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"database_name", "sqlalchemy_uri", "encrypted_extra",
                                                "masked_encrypted_extra", "listen"};

/// What else Superset exports and its REST API takes (superset/databases/schemas.py): it says how Superset
/// shows and queries the database, not how to log in. So is everything that begins with allow_.
constexpr std::array<std::string_view, 23> kSupersetKeys{"backend",
                                                         "cache_timeout",
                                                         "changed_on",
                                                         "configuration_method",
                                                         "created_on",
                                                         "driver",
                                                         "engine",
                                                         "engine_information",
                                                         "expose_in_sqllab",
                                                         "external_url",
                                                         "extra",
                                                         "force_ctas_schema",
                                                         "id",
                                                         "impersonate_user",
                                                         "is_managed_externally",
                                                         "metadata_params",
                                                         "parameters",
                                                         "parameters_schema",
                                                         "query_timeout",
                                                         "schema_options",
                                                         "uuid",
                                                         "verbose_name",
                                                         "version"};

constexpr std::size_t kMaxName = 250;  // Superset's column
constexpr std::size_t kMaxExtra = 64 * 1024;

/// What people write who know other tools.
std::string_view meant_by(std::string_view key) {
  constexpr std::array<std::string_view, 2> kNames{"name", "database"};
  constexpr std::array<std::string_view, 6> kUris{
      "uri", "url", "dsn", "sqlalchemy_url", "database_uri", "connection_string"};
  if (std::ranges::find(kNames, key) != kNames.end()) return "database_name";
  if (std::ranges::find(kUris, key) != kUris.end()) return "sqlalchemy_uri";
  return {};
}

/// A forgotten ':' makes the next line a part of the name; the URI in it must not get into messages.
bool holds_uri(std::string_view name) { return name.find("://") != std::string_view::npos; }

bool is_superset_key(std::string_view key) {
  return key.starts_with("allow_") || std::ranges::find(kSupersetKeys, key) != kSupersetKeys.end();
}

class Reader {
 public:
  Reader(const Node& entry, const Config& config, Report& report)
      : fields_(entry, {}, report), config_(config), report_(report) {}

  void read(Database& out, TakenAddresses& taken) {
    check_keys();
    if (const auto name = fields_.text("database_name", kMaxName)) {
      out.name = name->value;
      if (holds_uri(name->value)) {
        fields_.error("database_name", "holds a URI.", "Is a ':' missing after sqlalchemy_uri?");
      }
      if (name->value == "*") {
        fields_.error("database_name", "is '*', which stands for all databases in gateway.users.",
                      "Give it another name.");
      }
    } else if (!fields_.is_meant("database_name") &&
               (fields_.find("database_name") == nullptr ||
                fields_.map().find("database_name")->value->type == Node::Type::null)) {
      fields_.error("database_name", "is missing.", "Give the database a name.");
    }
    Block block = find_block();
    read_uri(block.enabled);
    if (block.fields && block.enabled) out.aws_iam = read_aws_iam(*block.fields, uri_, report_);
    const bool folder = uri_.engine_known && uri_.uri.engine != Engine::mysql;
    out.listen = read_listen(fields_, folder ? SocketForm::folder : SocketForm::file, encryption(folder),
                             taken, report_);
    out.uri = std::move(uri_.uri);
  }

 private:
  struct Block {
    std::optional<Fields> fields;
    bool enabled = false;
  };

  [[nodiscard]] Encryption encryption(bool postgresql) const {
    if (config_.gateway_broken || !uri_.engine_known) return Encryption::required;  // one error is enough
    if (!config_.gateway) return Encryption::missing;
    return encryption_of(postgresql ? config_.gateway->postgresql : config_.gateway->mysql);
  }

  void check_keys() {
    for (const Node::Entry& entry : fields_.map().entries) {
      const std::string_view key = entry.key;
      if (std::ranges::find(kKeys, key) != kKeys.end() || is_superset_key(key)) continue;
      const bool null = entry.value->type == Node::Type::null;
      if (key == "ssh_tunnel") {
        if (!null)
          fields_.warning(key, "is not used.",
                          "Open the tunnel yourself and add connect_to=HOST:PORT to the URI.");
      } else if (key == "server_cert") {
        if (!null)
          fields_.warning(key, "is not used.",
                          "Save the certificate to a file and add sslrootcert=FILE to the URI.");
      } else if (key == "aws_iam") {
        report_.error(entry.place, fields_.path(key), "does not stand here.",
                      "Put it below encrypted_extra.");
        block_is_wrong_ = true;
      } else if (is_aws_iam_field(key)) {
        report_.error(entry.place, fields_.path(key), "is a field of aws_iam.",
                      "Put it below encrypted_extra: {aws_iam: {…}}.");
        block_is_wrong_ = true;
      } else if (key == "password") {
        if (!null) fields_.warning(key, "is not used.", "Write it into the URI: USER:PASSWORD@HOST.");
      } else {
        fields_.unknown(entry, kKeys, meant_by(key));
      }
    }
  }

  /// The aws_iam object of encrypted_extra, which is a mapping or a string of JSON.
  Block find_block() {
    const bool both = !fields_.is_unset("encrypted_extra") && !fields_.is_unset("masked_encrypted_extra");
    if (both) {
      fields_.error("masked_encrypted_extra", "stands beside encrypted_extra.", "Keep one of the two.");
      return {};
    }
    const std::string_view key =
        fields_.is_unset("encrypted_extra") ? "masked_encrypted_extra" : "encrypted_extra";
    if (fields_.is_unset(key)) return {};
    const Node* extra = fields_.find(key)->value.get();
    if (extra->type == Node::Type::string) extra = parse_json(key, *extra);
    if (extra == nullptr) return {};
    if (extra->type == Node::Type::null) return {};
    if (extra->type != Node::Type::map) {
      report_.error(extra->place, std::string(key),
                    fmt::format("must be a mapping or a string of JSON with an object, not {}.",
                                type_name(extra->type)));
      return {};
    }
    return find_block_in(*extra, key);
  }

  const Node* parse_json(std::string_view key, const Node& text) {
    if (text.text.size() > kMaxExtra) {
      report_.error(text.place, std::string(key), fmt::format("has {} bytes.", text.text.size()),
                    fmt::format("It may have {}.", kMaxExtra));
      return nullptr;
    }
    Document document = read_json(text.text, text.place.line);
    if (document.fault) {
      report_.error({document.fault->place.line}, std::string(key), document.fault->message,
                    document.fault->remedy);
      return nullptr;
    }
    json_ = std::move(document.root);
    return json_.get();
  }

  Block find_block_in(const Node& extra, std::string_view key) {
    Fields keys(extra, std::string(key), report_);
    for (const Node::Entry& entry : extra.entries) {
      if (entry.key == "aws_iam") continue;
      if (is_aws_iam_field(entry.key)) {
        report_.error(entry.place, keys.path(entry.key), "is a field of aws_iam.",
                      "Put it one level lower: {aws_iam: {…}}.");
        block_is_wrong_ = true;
        continue;
      }
      constexpr std::array<std::string_view, 1> kOnly{"aws_iam"};
      const bool near = base::nearest(entry.key, kOnly) == "aws_iam";
      report_.warning(entry.place, keys.path(entry.key), "is not used.",
                      near ? "Did you mean 'aws_iam'?" : "");
    }
    const Node* map = keys.of_type("aws_iam", Node::Type::map);
    if (map == nullptr) return {};
    Block block;
    block.fields.emplace(*map, keys.path("aws_iam"), report_);
    const auto enabled = read_enabled(*block.fields);
    if (!enabled) block_is_wrong_ = true;
    block.enabled = enabled.value_or(false);
    has_block_ = true;
    return block;
  }

  void read_uri(bool for_iam) {
    const auto text = fields_.find("sqlalchemy_uri");
    if (text == nullptr || text->value->type == Node::Type::null) {
      if (!fields_.is_meant("sqlalchemy_uri"))
        fields_.error("sqlalchemy_uri", "is missing.", "Write it as postgresql://HOST:PORT/DATABASE.");
      return;
    }
    const Node& node = *text->value;
    if (node.type != Node::Type::string) {
      fields_.error("sqlalchemy_uri", fmt::format("must be a string, not {}.", type_name(node.type)),
                    "Write it as postgresql://HOST:PORT/DATABASE.");
      return;
    }
    uri_ = parse_uri(node.text, for_iam);
    if (const std::string& file = uri_.uri.ssl_root_cert; !file.empty() && file != "system")
      report_.names_file(node.place, "sqlalchemy_uri?sslrootcert", file);
    if (uri_.engine_known && !uri_.has_errors()) {
      auto odd = for_iam ? check_iam_host(uri_.uri) : std::nullopt;
      if (!odd) odd = check_port(uri_.uri);
      if (odd) uri_.problems.push_back(std::move(*odd));
    }
    for (UriProblem& problem : uri_.problems) {
      if (problem.warning) {
        report_.warning(node.place, problem.field, std::move(problem.message), std::move(problem.remedy));
      } else {
        report_.error(node.place, problem.field, std::move(problem.message), std::move(problem.remedy));
      }
    }
    if (!for_iam && !uri_.has_errors()) check_password_login();
  }

  void check_password_login() {
    if (uri_.uri.password.equals(kMasked)) {
      fields_.error("sqlalchemy_uri", "has a masked password: Superset's export does not hold the value.",
                    "Write the password itself in its place, or use aws_iam.");
    } else if (block_is_wrong_) {
      return;
    } else if (uri_.uri.user.empty() && !has_block_) {
      fields_.error("sqlalchemy_uri", "has no user, and there is no aws_iam block in encrypted_extra.",
                    "Add the block, or write USER:PASSWORD@ before the host.");
    } else if (uri_.uri.user.empty()) {
      fields_.error("sqlalchemy_uri", "has no user, and aws_iam is not enabled.",
                    "Enable it, or write USER:PASSWORD@ before the host.");
    }
  }

  Fields fields_;
  const Config& config_;
  Report& report_;
  NodePtr json_;
  ParsedUri uri_;
  bool has_block_ = false;
  bool block_is_wrong_ = false;  ///< it was reported: that there is no block follows from it
};

}  // namespace

bool is_database_key(std::string_view key) {
  return std::ranges::find(kKeys, key) != kKeys.end() || is_superset_key(key);
}

std::optional<std::string> name_of(const Node& entry) {
  const Node::Entry* name = entry.find("database_name");
  if (name == nullptr || name->value->type != Node::Type::string) return std::nullopt;
  const std::string& text = name->value->text;
  const bool valid = !text.empty() && characters(text) <= kMaxName && base::is_utf8(text) &&
                     !base::has_control_characters(text) && !holds_uri(text);
  return valid ? std::optional(text) : std::nullopt;
}

std::optional<Database> read_database(const Node& entry, const Config& config, TakenAddresses& taken,
                                      Report& report) {
  const std::size_t errors = report.errors();
  if (entry.type != Node::Type::map) {
    report.error(entry.place, "databases",
                 fmt::format("an item must be a mapping, not {}.", type_name(entry.type)),
                 "Begin it with '- database_name: NAME'.");
    return std::nullopt;
  }
  Database out;
  out.file = config.file;
  Reader(entry, config, report).read(out, taken);
  out.line = entry.place.line;
  if (report.errors() != errors) return std::nullopt;
  return out;
}

}  // namespace rolegate::config
