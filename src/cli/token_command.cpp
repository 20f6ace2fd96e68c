#include "cli/token_command.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serializer.hpp>

#include "base/iso8601.hpp"
#include "base/printable.hpp"
#include "cli/error_report.hpp"
#include "cli/find_database.hpp"
#include "cli/make_login.hpp"
#include "cli/wiping_memory.hpp"

namespace rolegate::cli {
namespace json = boost::json;

base::Secret token_json(const login::Login& login) {
  WipingMemory memory;
  json::object object(&memory);
  object["database"] = login.database;
  object["engine"] = config::engine_name(login.engine);
  object["user"] = login.user;
  object["password"] = login.password.reveal();
  object["host"] = login.host;
  object["port"] = login.port;
  object["db_name"] = login.db_name;
  object["sslmode"] = config::ssl_mode_name(login.ssl_mode);
  object["expires_at"] = nullptr;
  if (login.expires_at) object["expires_at"] = base::format_iso8601(*login.expires_at);
  if (login.dial != config::HostPort{login.host, login.port}) {
    object["connect_to"] = json::object({{"host", login.dial.host}, {"port", login.dial.port}}, &memory);
  }
  // Serialized piece by piece into a buffer that is large enough: growing one would leave copies behind.
  boost::json::serializer serializer;
  serializer.reset(&object);
  std::string text;
  const base::WipeAtEnd wipe(text);
  text.resize(8192 + 6 * (login.password.size() + login.user.size() + login.host.size() +
                          login.db_name.size() + login.database.size() + login.dial.host.size()));
  text.resize(serializer.read(text.data(), text.size()).size());
  return base::Secret::take(base::printable_json(text));
}

ExitStatus run(Context& context, const TokenArguments& arguments) {
  const auto found = find_database(context, arguments.database);
  if (!found) return report(context.err, found.error(), arguments.json);
  const auto login = make_login(context, *found);
  if (!login) return report(context.err, login.error(), arguments.json);
  if (arguments.json) {
    context.out.write_secret(token_json(*login).reveal());
  } else {
    context.out.write_secret(login->password.reveal());
  }
  context.out.write("\n");
  return ExitStatus::done;
}

}  // namespace rolegate::cli
