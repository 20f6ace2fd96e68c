#include "cli/help_command.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/version.hpp"
#include "cli/wrap.hpp"

namespace rolegate::cli {
namespace {

constexpr std::array kCommands = {
    CommandHelp{"token", "Print the password for one login",
                R"(Usage: rolegate token DATABASE [--json]

Logs in to AWS as DATABASE's configuration says and prints the password for one
login, and nothing else: an RDS token (good for 15 minutes) or a temporary
Redshift password.

  --json          user, password, host, port, db_name, expires_at and more

Whoever takes the password must verify the server with Amazon's RDS CAs, which no
system has; `rolegate ca list` names their file. exec and connect see to that.

Example:
  $ PGPASSWORD=$(rolegate token orders) psql "host=… user=app_rw dbname=app
        sslmode=verify-full sslrootcert=/usr/local/share/rolegate/rds-ca-bundle.pem"
)"},
    CommandHelp{"query", "Log in and run SQL",
                R"(Usage: rolegate query DATABASE SQL [--csv | --json]

Logs in and runs SQL, which may hold several statements; '-' reads it from
standard input, and what looks like an option goes after '--'. Rows are printed as
they come: as a table on a terminal, else as CSV with a header line. Ctrl-C cancels
the query.

  --csv           CSV on a terminal too; NULL is nothing, an empty string is ""
  --json          a JSON array of objects per result; numbers stay numbers, binary
                  values are \x… (PostgreSQL) or 0x… (MySQL)

Example:
  $ rolegate query orders 'SELECT id, total FROM invoices LIMIT 10'
)"},
    CommandHelp{"test", "Walk the way to a database step by step",
                R"(Usage: rolegate test DATABASE [--json]

Walks the whole way (configuration, AWS credentials, role, login, DNS, TCP, TLS,
handshake, a query) and shows each step with what it took; a step that fails
says why and what to do about it.

  --json          {"database", "ok", "ms", "steps": […]}

Example:
  $ rolegate test orders
)"},
    CommandHelp{"exec", "Run a program with the login in its environment",
                R"(Usage: rolegate exec DATABASE -- COMMAND [ARGUMENT…]

Becomes COMMAND, with the login in its environment:
  PostgreSQL, Redshift   PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE
                         PGSSLMODE PGSSLROOTCERT PGGSSENCMODE
  MySQL                  MYSQL_HOST MYSQL_TCP_PORT MYSQL_PWD, and for scripts
                         MYSQL_USER MYSQL_DATABASE MYSQL_SSL_CA; the program must
                         itself insist on verified TLS (rolegate connect does)
The login is good for new connections until it expires (15 minutes for RDS).

Example:
  $ rolegate exec orders -- pg_dump --schema-only
)"},
    CommandHelp{"connect", "Open psql, mariadb or mysql, logged in",
                R"(Usage: rolegate connect DATABASE [-- ARGUMENT…]

Becomes psql (PostgreSQL, Redshift), mariadb or mysql (MySQL), logged in. ARGUMENTs
are passed on to it. The password is never on a command line.

Example:
  $ rolegate connect orders
  $ rolegate connect orders -- --single-transaction -f migration.sql
)"},
    CommandHelp{"policy", "Print the IAM policies and SQL a database needs",
                R"(Usage: rolegate policy DATABASE [--format FORMAT] [--caller ARN]
                                [--account ID] [--resource-id ID]

Prints what has to be granted so that this database can be logged in to, and no
more: what the role may do, who may assume it, what the caller needs, and the SQL
that creates the database user. Nothing is asked of AWS. What the configuration
does not say is a placeholder, with a note on where to find it.

  --format        text (default), json, terraform, cloudformation or sql
  --caller ARN    the IAM role or user that Rolegate runs as
  --account ID    the database's account, when there is no role_arn to name it
  --resource-id ID
                  of the cluster, instance, proxy or workgroup

Example:
  $ rolegate policy orders --caller arn:aws:iam::111111111111:role/Superset
)"},
    CommandHelp{"serve", "Run the gateway: clients connect to it, it logs in for them",
                R"(Usage: rolegate serve [DATABASE…]

Listens for PostgreSQL and MySQL clients and gives each a session with a database,
logged in to with its role. What to listen on and who may connect is the section
'gateway' of the configuration. Runs in the foreground.

With DATABASEs: serves these, and nothing else, on unix sockets in a new folder
that only you can enter, and prints what to type to connect. No gateway section
is needed.

  SIGTERM, SIGINT  no new sessions; those there are may finish (drain_timeout);
                   a second time: end them now
  SIGHUP           read the configuration again, open the audit log anew

The log goes to standard error; the audit log, a line of JSON for each session
that opens, fails or closes, to gateway.audit_log; without one, and with DATABASEs,
to standard output.

Example:
  $ rolegate serve orders
)"},
    CommandHelp{"passwd", "Make the entry of a gateway user from a new password",
                R"(Usage: rolegate passwd NAME [--mysql-native] [--json]

Reads a new password, twice from the terminal without showing it or as the first
line of standard input, and prints an item for gateway.users in rolegate.yaml. It
holds a SCRAM-SHA-256 verifier, not the password, and lists all configured
databases: leave those that NAME may use. No file is changed.

  --mysql-native  for MySQL clients that are too old for caching_sha2_password, too
  --json          {"name", "password", "databases": […]}

Example:
  $ rolegate passwd alice
)"},
    CommandHelp{"config check", "Show every problem of the configuration",
                R"(Usage: rolegate config check [--json]

Lists every problem of the configuration with file, line, database, field and
remedy. Exit status 2 when there is an error, 0 otherwise.

  --json          {"file", "ok", "databases", "gateway", "errors", "warnings",
                  "problems": […]}

Example:
  $ rolegate config check --config /etc/rolegate/rolegate.yaml
)"},
    CommandHelp{"config list", "List the configured databases",
                R"(Usage: rolegate config list [--json]

Lists the valid databases of the configuration: a table on a terminal, else one
name per line.

  --json          [{"database", "kind", "engine", "host", "port", "user", "role_arn",
                  "listen": […]}]

Example:
  $ rolegate config list
)"},
    CommandHelp{"ca list", "List Amazon's RDS CAs that are trusted",
                R"(Usage: rolegate ca list [--partition NAME] [--json]

Lists the certificates of Amazon's RDS bundle that databases are verified with
unless their sslrootcert says otherwise: whose they are, for which region, until
when, their fingerprints, and which file they are from.

  --partition     aws (default), aws-us-gov, aws-cn or aws-eusc
  --json          {"file", "certificates": [{"subject", "region", "not_after",
                  "expired", "sha256"}]}

Example:
  $ rolegate ca list
)"},
    CommandHelp{"ca check", "Check that Amazon's RDS CAs are there for a region",
                R"(Usage: rolegate ca check [REGION…]

Says for which REGIONs Amazon's RDS bundle has no valid CA, and what of it expires
within 90 days. Without a REGION these are all that are known of the partition aws
and of each other partition that a bundle is kept for. Exit status 1 when a region
has none.

Example:
  $ rolegate ca check il-central-1 eu-west-1
)"},
    CommandHelp{"ca update", "Download Amazon's current RDS CAs",
                R"(Usage: rolegate ca update [--partition NAME] [--from URL|FILE]

Downloads the bundle of RDS CAs that Amazon publishes, checks it (CAs of Amazon RDS
and nothing else, valid, for no fewer regions than the present one) and keeps it
where it is found before the built-in one: for root /var/lib/rolegate-ca, which
reaches everybody; for others $XDG_DATA_HOME/rolegate (~/.local/share/rolegate),
which reaches that user alone; or the file that $ROLEGATE_RDS_CA_BUNDLE names.

  --partition     aws (default), aws-us-gov, aws-cn or aws-eusc
  --from          another https:// address, or a file; the fingerprints of what is
                  new are listed, to be compared

Example:
  $ rolegate ca update
)"},
    CommandHelp{"completion", "Print the completion script for a shell",
                R"(Usage: rolegate completion bash

Prints the script that completes commands, options and database names in bash.

Example:
  $ source <(rolegate completion bash)
)"},
};

constexpr std::string_view kGlobalOptions = R"(
Options of every command:
  --config FILE   ('-': standard input), else $ROLEGATE_CONFIG, ./rolegate.yaml,
                  ~/.config/rolegate/rolegate.yaml, /etc/rolegate/rolegate.yaml
  --profile NAME  AWS profile, instead of $AWS_PROFILE
  --timeout SECS  for logging in and connecting (default: connect_timeout, or 30)
  -v, --verbose   more on standard error: -v info, -vv debug, -vvv trace
  -h, --help      this text
  --version       the program's version

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 130 Ctrl-C;
of exec and connect 126 and 127 when the program cannot be run or found.
)";

std::string overview() {
  std::string text =
      "Log in to Aurora, RDS and Redshift with an IAM role instead of a password.\n"
      "\n"
      "Usage: rolegate COMMAND [DATABASE] [OPTION…]\n"
      "\n"
      "Commands:\n";
  for (const auto& command : kCommands) text += fmt::format("  {:<14}  {}\n", command.name, command.summary);
  text += kGlobalOptions;
  text +=
      "\n"
      "Example:\n"
      "  $ rolegate test orders\n"
      "\n"
      "`rolegate COMMAND --help` says more about one of them.\n";
  return text;
}

}  // namespace

std::span<const CommandHelp> all_help() { return kCommands; }

std::string help_text(std::string_view command) {
  if (command.empty()) return overview();
  const auto found = std::ranges::find(kCommands, command, &CommandHelp::name);
  if (found != kCommands.end()) return std::string(found->text) + std::string(kGlobalOptions);
  // "config": what there is below it.
  std::string text = fmt::format("Usage: rolegate {} COMMAND\n\nCommands:\n", command);
  for (const auto& help : kCommands) {
    if (help.name.starts_with(std::string(command) + " "))
      text += fmt::format("  {:<14}  {}\n", help.name, help.summary);
  }
  return text + std::string(kGlobalOptions) + fmt::format("\nExample:\n  $ rolegate {} check\n", command);
}

ExitStatus run(Context& context, const HelpArguments& arguments) {
  context.out.write(wrapped(help_text(arguments.command), 0, context.out.style()));
  return ExitStatus::done;
}

ExitStatus run(Context& context, const VersionArguments&) {
  context.out.write(fmt::format("rolegate {}\n", kVersion));
  return ExitStatus::done;
}

}  // namespace rolegate::cli
