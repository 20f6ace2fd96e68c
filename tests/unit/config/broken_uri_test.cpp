#include <gmock/gmock.h>

#include "config/read/parse_uri.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> texts(const ParsedUri& parsed) {
  std::vector<std::string> out;
  for (const UriProblem& problem : parsed.problems) {
    std::string text = problem.warning ? "warning: " : "";
    text += problem.field + ": " + problem.message;
    if (!problem.remedy.empty()) text += " " + problem.remedy;
    out.push_back(text);
  }
  return out;
}

class BrokenUri : public testing::TestWithParam<Broken> {};

TEST_P(BrokenUri, IsReportedInThisText) {
  EXPECT_THAT(texts(parse_uri(GetParam().given, false)), ElementsAreArray(GetParam().expected));
}

class BrokenIamUri : public testing::TestWithParam<Broken> {};

TEST_P(BrokenIamUri, IsReportedInThisText) {
  EXPECT_THAT(texts(parse_uri(GetParam().given, true)), ElementsAreArray(GetParam().expected));
}

const Broken kWhole[] = {
    {"Empty", "", {"sqlalchemy_uri: is empty. Write it as postgresql://HOST:PORT/DATABASE."}},
    {"NoUri",
     "db.example.com",
     {"sqlalchemy_uri: is not a URI: it holds no '://'. Write it as postgresql://HOST:PORT/DATABASE."}},
    {"TooLong",
     "mysql://u@" + std::string(1015, 'h'),
     {"sqlalchemy_uri: has 1025 characters. It may have 1024."}},
    {"NotUtf8", "mysql://u@\xC3", {"sqlalchemy_uri: is not valid UTF-8."}},
    {"LineBreak", "mysql://u@h\n", {"sqlalchemy_uri: holds a control character or a line break. Remove it."}},
    {"Nul",
     std::string("mysql://\0@h", 11),
     {"sqlalchemy_uri: holds a control character or a line break. Remove it."}},
    {"Space",
     "mysql://u@h /db",
     {"sqlalchemy_uri: holds a space. Remove it, or write %20 where it is meant."}},
    {"DataApi",
     "postgresql+auroradataapi://AKIAIOSFODNN7EXAMPLE:hunter2@/app",
     {"sqlalchemy_uri: is for Aurora's Data API, which is another protocol; user and password in it are an "
      "AWS key. Use the cluster's endpoint with aws_iam, and take the key out of the file."}},
    {"Postgres",
     "postgres://u@h",
     {"sqlalchemy_uri: has the scheme 'postgres', which is not known. Write postgresql://."}},
    {"PostgresWithDriver",
     "postgres+psycopg2://u@h",
     {"sqlalchemy_uri: has the scheme 'postgres', which is not known. Write postgresql://."}},
    {"Jdbc",
     "jdbc:postgresql://h",
     {"sqlalchemy_uri: has the scheme 'jdbc', which is not known. Leave out 'jdbc:', and write user and "
      "password before "
      "the host."}},
    {"MariaDb",
     "mariadb://u@h",
     {"sqlalchemy_uri: has the scheme 'mariadb', which is not known. Write mysql://."}},
    {"OtherEngine",
     "mssql+pyodbc://u@h",
     {"sqlalchemy_uri: has the scheme 'mssql', which is not known. It must be postgresql, mysql or redshift, "
      "in lower "
      "case, with or without a +driver."}},
    {"UpperCase",
     "MySQL://u@h",
     {"sqlalchemy_uri: has the scheme 'MySQL', which is not known. It must be postgresql, mysql or redshift, "
      "in lower "
      "case, with or without a +driver."}},
    {"SeveralFaults",
     "postgres://u@h:0/db?sslmode=off&sslmod=x",
     {"sqlalchemy_uri: has the scheme 'postgres', which is not known. Write postgresql://.",
      "sqlalchemy_uri: has a port that is no number from 1 to 65535. Write HOST:PORT.",
      "sqlalchemy_uri?sslmode: 'off' is no such mode. Use verify-full, verify-ca or require.",
      "sqlalchemy_uri?sslmod: unknown parameter. Did you mean 'sslmode'?"}},
};
INSTANTIATE_TEST_SUITE_P(Whole, BrokenUri, testing::ValuesIn(kWhole), test_name);

const std::string kPort = "sqlalchemy_uri: has a port that is no number from 1 to 65535. Write HOST:PORT.";
const std::string kHost =
    "sqlalchemy_uri: has a host with a character or a form that no host name has. A host is a DNS name or an "
    "address; in "
    "a password write '@' as %40 and '/' as %2F.";
const std::string kAtAfterHost =
    "sqlalchemy_uri: holds an '@' after the host. In a password write '@' as %40, '/' as %2F and '?' as %3F; "
    "in a "
    "database name '@' as %40.";

const Broken kPlace[] = {
    {"NoHost",
     "mysql:///db",
     {"sqlalchemy_uri: has no host. Write mysql://USER:PASSWORD@HOST:PORT/DATABASE."}},
    {"NoHostRedshift",
     "redshift://u:p@/dev",
     {"sqlalchemy_uri: has no host. Write redshift://USER:PASSWORD@HOST:PORT/DATABASE."}},
    {"PortZero", "mysql://u@h:0", {kPort}},
    {"PortTooLarge", "mysql://u@h:65536", {kPort}},
    {"PortNegative", "mysql://u@h:-1", {kPort}},
    {"PortPlus", "mysql://u@h:+1", {kPort}},
    {"PortHuge", "mysql://u@h:99999999999999999999", {kPort}},
    {"PortWord", "mysql://u@h:mysql", {kPort}},
    {"SocketAsHost", "postgresql://u@%2Fvar%2Frun/db", {kHost}},
    {"SeveralHosts", "postgresql://u@a,b/db", {kHost}},
    {"DotFirst", "mysql://u@.h", {kHost}},
    {"DotLast", "mysql://u@h.", {kHost}},
    {"EmptyLabel", "mysql://u@a..b", {kHost}},
    {"HostTooLong", "mysql://u@" + std::string(254, 'h'), {kHost}},
    {"NotAscii",
     "mysql://u@d\xC3\xA4"
     "b",
     {kHost}},
    {"Ipv6WithoutBrackets",
     "mysql://u@::1",
     {"sqlalchemy_uri: has an IPv6 address without brackets. Write it as [::1]:5432."}},
    {"Ipv6BracketOpen",
     "mysql://u@[::1",
     {"sqlalchemy_uri: has a '[' without its ']'. Write an IPv6 address as [::1]."}},
    {"Ipv6Wrong",
     "mysql://u@[::g]",
     {"sqlalchemy_uri: holds no IPv6 address between '[' and ']'. Write it as [::1], without a zone."}},
    {"Ipv6Zone",
     "mysql://u@[fe80::1%25eth0]",
     {"sqlalchemy_uri: holds no IPv6 address between '[' and ']'. Write it as [::1], without a zone."}},
    {"Ipv6Junk",
     "mysql://u@[::1]x",
     {"sqlalchemy_uri: has something after ']' that is no port. Write [::1]:5432."}},
    {"TwoColons",
     "mysql://u@h:1:2",
     {"sqlalchemy_uri: has more than one ':' in host and port. Write HOST:PORT; in a password write ':' as "
      "%3A and '@' as "
      "%40."}},
    {"PercentInUser",
     "mysql://u%zz@h",
     {"sqlalchemy_uri: holds a '%' in the user that no two hexadecimal digits follow. Write '%' as %25."}},
    {"PercentInPassword",
     "mysql://u:100%@h",
     {"sqlalchemy_uri: holds a '%' in the password that no two hexadecimal digits follow. Write '%' as "
      "%25."}},
    {"PercentInDatabase",
     "mysql://u@h/a%",
     {"sqlalchemy_uri: holds a '%' in the database name that no two hexadecimal digits follow. Write '%' as "
      "%25."}},
    {"NulInUser",
     "mysql://u%00@h",
     {"sqlalchemy_uri: has a user that, percent-decoded, is not valid UTF-8 or holds a control character."}},
    {"NotUtf8InDatabase",
     "mysql://u@h/%ff",
     {"sqlalchemy_uri: has a database name that, percent-decoded, is not valid UTF-8 or holds a control "
      "character."}},
    {"AtInPassword", "mysql://u:a@b@h", {"sqlalchemy_uri: holds an '@' in the password. Write it as %40."}},
    {"AtAndSlashInPassword", "mysql://u:a@b/c@h/db", {kAtAfterHost}},
};
INSTANTIATE_TEST_SUITE_P(Place, BrokenUri, testing::ValuesIn(kPlace), test_name);

const std::string kTimeout =
    "sqlalchemy_uri?connect_timeout: must be a whole number of seconds from 1 to 600.";
const std::string kWeak =
    " lets the password leave without TLS. Use verify-full, which is the default, verify-ca or require.";
const std::string kKnown = "Known are sslmode, sslrootcert, connect_timeout and connect_to.";

const Broken kQuery[] = {
    {"Disable", "mysql://u@h?sslmode=disable", {"sqlalchemy_uri?sslmode: 'disable'" + kWeak}},
    {"Allow", "mysql://u@h?sslmode=allow", {"sqlalchemy_uri?sslmode: 'allow'" + kWeak}},
    {"Prefer", "mysql://u@h/?sslmode=prefer", {"sqlalchemy_uri?sslmode: 'prefer'" + kWeak}},
    {"Underscore",
     "mysql://u@h?sslmode=verify_full",
     {"sqlalchemy_uri?sslmode: 'verify_full' is no such mode. Use verify-full, verify-ca or require."}},
    {"Unverified",
     "mysql://u@h?sslmode=require",
     {"warning: sqlalchemy_uri?sslmode: 'require' encrypts and verifies nothing: whoever answers gets the "
      "password. Use verify-full; sslrootcert names another CA."}},
    {"Twice",
     "mysql://u@h?sslmode=verify-ca&sslmode=verify-ca",
     {"sqlalchemy_uri?sslmode: is there twice. Keep one of the two."}},
    {"NoValue", "mysql://u@h?sslmode=", {"sqlalchemy_uri?sslmode: has no value."}},
    {"NoEquals", "mysql://u@h?sslmode", {"sqlalchemy_uri?sslmode: has no value."}},
    {"BadPercent",
     "mysql://u@h?sslrootcert=%",
     {"sqlalchemy_uri?sslrootcert: is not valid percent-encoded UTF-8, or holds a "
      "control character."}},
    {"BadName",
     "mysql://u@h?%zz=1",
     {"sqlalchemy_uri: has a parameter whose name is not valid percent-encoded UTF-8."}},
    {"Tilde",
     "mysql://u@h?sslrootcert=~/ca.pem",
     {"sqlalchemy_uri?sslrootcert: begins with '~', which is not expanded here. Write the whole path."}},
    {"TimeoutZero", "mysql://u@h?connect_timeout=0", {kTimeout}},
    {"TimeoutLong", "mysql://u@h?connect_timeout=601", {kTimeout}},
    {"TimeoutUnit", "mysql://u@h?connect_timeout=10s", {kTimeout}},
    {"Unknown",
     "mysql://u@h?sslrootcrt=x",
     {"sqlalchemy_uri?sslrootcrt: unknown parameter. Did you mean 'sslrootcert'?"}},
    {"UnknownFarFromAll", "mysql://u@h?foo=1", {"sqlalchemy_uri?foo: unknown parameter. " + kKnown}},
    {"OfADriver",
     "mysql+pymysql://u@h?charset=utf8mb4",
     {"warning: sqlalchemy_uri?charset: is a setting of a Python driver and is not used."}},
    {"TlsOfADriver",
     "mysql://u@h?ssl_ca=/ca.pem",
     {"warning: sqlalchemy_uri?ssl_ca: is a setting of a Python driver and is not used. TLS is set with "
      "sslmode and "
      "sslrootcert."}},
    {"HostAsParameter",
     "postgresql://u@h/db?host=/var/run",
     {"sqlalchemy_uri?host: is not taken as a parameter. Write it before the '?': "
      "postgresql://USER:PASSWORD@HOST:PORT/DATABASE."}},
    {"ConnectToWithoutPort",
     "mysql://u@h?connect_to=localhost",
     {"sqlalchemy_uri?connect_to: must be HOST:PORT. Write it as connect_to=127.0.0.1:15432 or "
      "connect_to=[::1]:15432."}},
    {"ConnectToWithoutHost",
     "mysql://u@h?connect_to=:3306",
     {"sqlalchemy_uri?connect_to: must be HOST:PORT. Write it as connect_to=127.0.0.1:15432 or "
      "connect_to=[::1]:15432."}},
    {"ConnectToIpv6",
     "mysql://u@h?connect_to=::1",
     {"sqlalchemy_uri?connect_to: has an IPv6 address without brackets. Write it as [::1]:5432."}},
    {"ConnectToPort",
     "mysql://u@h?connect_to=h:x",
     {"sqlalchemy_uri?connect_to: has a port that is no number from 1 to 65535. Write HOST:PORT."}},
};
INSTANTIATE_TEST_SUITE_P(Query, BrokenUri, testing::ValuesIn(kQuery), test_name);

const Broken kIam[] = {
    {"NoHost",
     "postgresql:///app",
     {"sqlalchemy_uri: Database URI must include a hostname for IAM authentication. Write "
      "postgresql://HOST:PORT/DATABASE "
      "with the endpoint's own name."}},
    {"Password",
     "mysql://admin:hunter2@h/db",
     {"warning: sqlalchemy_uri: holds a password, which is not used: aws_iam is enabled. Remove it."}},
    {"Disable", "mysql://h?sslmode=disable", {"sqlalchemy_uri?sslmode: 'disable'" + kWeak}},
};
INSTANTIATE_TEST_SUITE_P(Iam, BrokenIamUri, testing::ValuesIn(kIam), test_name);

/// Wherever a password with unescaped characters is cut, no part of it is shown.
TEST(UriProblem, NeverHoldsThePassword) {
  const char* const kBefore[] = {"", "1", "a", "[", "hunter2"};
  const char* const kUnescaped[] = {
      "",   "@",   "/", "?",         "?x=1&",        "%",        ":", "#", "[", "]", "&", "=",
      "@[", "%zz", " ", "?sslmode=", "?connect_to=", "?hunter2="};
  const char* const kAfter[] = {"@h:1/db", "@h:x", "@", "@h?y=1", "&x@h", "=@h"};
  for (const std::string before : kBefore) {
    for (const std::string unescaped : kUnescaped) {
      for (const std::string after : kAfter) {
        const std::string uri = "postgresql://u:" + before + unescaped + "hunter2" + after;
        for (const bool for_iam : {true, false}) {
          for (const std::string& text : texts(parse_uri(uri, for_iam))) {
            EXPECT_THAT(text, Not(HasSubstr("hunter2"))) << uri;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace rolegate::config
