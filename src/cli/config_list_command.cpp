#include "cli/config_list_command.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "cli/error_report.hpp"
#include "cli/find_database.hpp"
#include "cli/json_text.hpp"
#include "cli/load_configuration.hpp"
#include "cli/query/table_writer.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

const std::string& user_of(const config::Database& database) {
  return database.aws_iam ? database.aws_iam->db_username : database.uri.user;
}

json::array listen_of(const config::Database& database) {
  json::array list;
  for (const auto& address : database.listen) list.push_back(json::string(address.text));
  return list;
}

json::array as_json(const config::Config& config) {
  json::array list;
  for (const auto& database : config.databases) {
    list.push_back({{"database", database.name},
                    {"kind", kind_code(database.kind())},
                    {"engine", config::engine_name(database.uri.engine)},
                    {"host", database.uri.host},
                    {"port", database.uri.port_or_default()},
                    {"user", user_of(database)},
                    {"role_arn", database.aws_iam ? database.aws_iam->role_arn : ""},
                    {"listen", listen_of(database)}});
  }
  return list;
}

void write_table(Output& out, const config::Config& config) {
  TableWriter table(out);
  std::vector<Column> columns{{"database"}, {"kind"}, {"endpoint"}, {"user"}};
  const bool any_listens = std::ranges::any_of(
      config.databases, [](const config::Database& database) { return !database.listen.empty(); });
  if (any_listens) columns.push_back({"listens at"});
  table.begin_result(std::move(columns));
  for (const auto& database : config.databases) {
    const auto endpoint = database.uri.host.empty()
                              ? std::string("asked from AWS")
                              : fmt::format("{}:{}", database.uri.host, database.uri.port_or_default());
    std::vector<std::string> addresses;
    for (const auto& address : database.listen) addresses.push_back(address.text);
    const std::string listens = fmt::format("{}", fmt::join(addresses, ", "));
    std::vector<Cell> cells{database.name, kind_title(database), endpoint, user_of(database)};
    if (any_listens) cells.push_back(listens);
    table.row(cells);
  }
  table.end_result(config.databases.size());
}

}  // namespace

void write_config_list(Output& out, const config::Config& config, bool as_json_array) {
  if (as_json_array) {
    out.write(json_text(as_json(config)) + "\n");
  } else if (out.style().terminal) {
    write_table(out, config);
  } else {
    for (const auto& database : config.databases) out.write(database.name + "\n");
  }
}

ExitStatus run(Context& context, const ConfigListArguments& arguments) {
  const auto loaded = load_configuration(context);
  if (!loaded) return report(context.err, loaded.error(), arguments.json);
  write_config_list(context.out, loaded->config, arguments.json);
  return ExitStatus::done;
}

}  // namespace rolegate::cli
