#include <gtest/gtest.h>

#include "config/read/parse_uri.hpp"

namespace rolegate::config {
namespace {

ParsedUri good(std::string_view text, bool for_iam = false) {
  ParsedUri parsed = parse_uri(text, for_iam);
  for (const UriProblem& problem : parsed.problems) {
    const bool weak = problem.field == "sqlalchemy_uri?sslmode" && parsed.uri.ssl_mode == SslMode::require;
    if (!weak || !problem.warning) ADD_FAILURE() << text << ": " << problem.message;
  }
  EXPECT_TRUE(parsed.engine_known);
  return parsed;
}

TEST(Uri, IsTakenApart) {
  const Uri uri = good(
                      "postgresql+psycopg2://app:secret@orders.example.com:6432/"
                      "app?sslmode=verify-ca&sslrootcert=/etc/ca.pem&connect_timeout=7")
                      .uri;
  EXPECT_EQ(uri.engine, Engine::postgresql);
  EXPECT_EQ(uri.user, "app");
  EXPECT_TRUE(uri.password.equals("secret"));
  EXPECT_EQ(uri.host, "orders.example.com");
  EXPECT_EQ(uri.port, 6432);
  EXPECT_EQ(uri.database, "app");
  EXPECT_EQ(uri.ssl_mode, SslMode::verify_ca);
  EXPECT_EQ(uri.ssl_root_cert, "/etc/ca.pem");
  EXPECT_EQ(uri.connect_timeout, std::chrono::seconds(7));
  EXPECT_FALSE(uri.connect_to);
}

TEST(Uri, HasDefaults) {
  const Uri uri = good("mysql://h").uri;
  EXPECT_EQ(uri.ssl_mode, SslMode::verify_full);
  EXPECT_FALSE(uri.port);
  EXPECT_EQ(uri.port_or_default(), 3306);
  EXPECT_EQ(good("postgresql://h").uri.port_or_default(), 5432);
  EXPECT_EQ(good("redshift://h").uri.port_or_default(), 5439);
  EXPECT_EQ(uri.database, "");
  EXPECT_EQ(uri.user, "");
  EXPECT_FALSE(uri.connect_timeout);
}

TEST(Uri, TakesEveryDriverSuffix) {
  for (const char* scheme : {"postgresql", "postgresql+psycopg2", "postgresql+asyncpg"}) {
    EXPECT_EQ(good(std::string(scheme) + "://h").uri.engine, Engine::postgresql);
  }
  for (const char* scheme : {"mysql", "mysql+mysqldb", "mysql+pymysql"}) {
    EXPECT_EQ(good(std::string(scheme) + "://h").uri.engine, Engine::mysql);
  }
  for (const char* scheme : {"redshift", "redshift+psycopg2", "redshift+redshift_connector"}) {
    EXPECT_EQ(good(std::string(scheme) + "://h").uri.engine, Engine::redshift);
  }
}

TEST(Uri, KeepsTheHostsCase) { EXPECT_EQ(good("mysql://DB.Example.com").uri.host, "DB.Example.com"); }

TEST(Uri, TakesIpv6InBrackets) {
  const Uri uri = good("mysql://u@[::1]:3307/db").uri;
  EXPECT_EQ(uri.host, "::1");
  EXPECT_EQ(uri.port, 3307);
  EXPECT_EQ(good("mysql://[2001:db8::1]").uri.host, "2001:db8::1");
}

TEST(Uri, DecodesUserPasswordAndDatabase) {
  const Uri uri = good("mysql://a%40b%3Ac:p%2Fq%25r+s@h/d%C3%A4%2Fb").uri;
  EXPECT_EQ(uri.user, "a@b:c");
  EXPECT_TRUE(uri.password.equals("p/q%r+s"));
  EXPECT_EQ(uri.database, "dä/b");
}

// sqlalchemy.engine.make_url cuts these so.
TEST(Uri, IsCutWhereSqlAlchemyCutsIt) {
  EXPECT_TRUE(good("mysql://u:a/b@h/db").uri.password.equals("a/b"));
  EXPECT_TRUE(good("mysql://u:a?b@h/db").uri.password.equals("a?b"));
  EXPECT_TRUE(good("mysql://u:a:b@h/db").uri.password.equals("a:b"));
  EXPECT_TRUE(good("mysql://u:a#b@h/db").uri.password.equals("a#b"));
  EXPECT_EQ(good("mysql://user@domain@h/db").uri.user, "user@domain");
  EXPECT_EQ(good("mysql://user@domain:p@h/db").uri.user, "user@domain");
  EXPECT_EQ(good("mysql://h:/db").uri.port, std::nullopt);
  EXPECT_EQ(good("mysql://h?sslmode=require").uri.ssl_mode, SslMode::require);
  EXPECT_EQ(good("mysql://h/?sslmode=require").uri.database, "");
  EXPECT_EQ(good("mysql://h/a/b").uri.database, "a/b");
  EXPECT_EQ(good("mysql://h/db?").uri.database, "db");
  EXPECT_EQ(good("mysql://h/db?&&sslmode=require&").uri.ssl_mode, SslMode::require);
}

TEST(Uri, DecodesParametersAsAForm) {
  EXPECT_EQ(good("mysql://h?sslrootcert=%2Fa+b%2Bc%26d.pem").uri.ssl_root_cert, "/a b+c&d.pem");
  EXPECT_EQ(good("mysql://h?sslrootcert=ca/x=y.pem").uri.ssl_root_cert, "ca/x=y.pem");
  EXPECT_EQ(good("mysql://h:1/db?sslrootcert=/a@b.pem").uri.ssl_root_cert, "/a@b.pem");
}

TEST(Uri, TakesConnectTo) {
  EXPECT_EQ(good("mysql://h?connect_to=127.0.0.1:13306").uri.connect_to, (HostPort{"127.0.0.1", 13306}));
  EXPECT_EQ(good("mysql://h?connect_to=[::1]:13306").uri.connect_to, (HostPort{"::1", 13306}));
  EXPECT_EQ(good("mysql://h?connect_to=%5B%3A%3A1%5D%3A1").uri.connect_to, (HostPort{"::1", 1}));
}

TEST(Uri, NeedsNoHostForRedshiftWithIam) {
  EXPECT_EQ(good("redshift://", true).uri.host, "");
  EXPECT_EQ(good("redshift:///dev", true).uri.database, "dev");
  EXPECT_EQ(good("redshift://:5440/dev", true).uri.port, 5440);
}

TEST(Uri, TakesTheLongestOnes) {
  const std::string host(253, 'h');
  EXPECT_EQ(good("mysql://" + host).uri.host, host);
  const std::string most = "mysql://h/" + std::string(1014, 'd');
  EXPECT_EQ(good(most).uri.database.size(), 1014u);
  EXPECT_EQ(good("mysql://h:65535?connect_timeout=600").uri.port, 65535);
}

}  // namespace
}  // namespace rolegate::config
