/* Changes the user of a session with MariaDB Connector/C, and prints what is left of the session before as
   NAME=VALUE lines. Where to connect comes in TOUR_* variables (tests/e2e/mysql_clients.py), whom to become
   in CHANGE_*. What goes wrong ends it with status 1 and the library's own error on stderr. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>

static MYSQL* db;

static const char* setting(const char* name) {
  const char* value = getenv(name);
  return value && *value ? value : NULL;
}

static void fail(const char* what) {
  fprintf(stderr, "%s: %u (%s) %s\n", what, mysql_errno(db), mysql_sqlstate(db), mysql_error(db));
  exit(1);
}

static void run(const char* sql) {
  if (mysql_query(db, sql)) fail(sql);
}

static void print_value(const char* name, const char* sql) {
  run(sql);
  MYSQL_RES* result = mysql_store_result(db);
  MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
  if (!row) fail("no row");
  printf("%s=%s\n", name, row[0] ? row[0] : "NULL");
  mysql_free_result(result);
}

int main(void) {
  my_bool on = 1;
  const char* port = setting("TOUR_PORT");
  db = mysql_init(NULL);
  mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (setting("TOUR_AUTH")) mysql_options(db, MYSQL_DEFAULT_AUTH, setting("TOUR_AUTH"));
  if (setting("TOUR_CA")) {
    mysql_optionsv(db, MYSQL_OPT_SSL_CA, setting("TOUR_CA"));
    mysql_optionsv(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
  }
  if (!mysql_real_connect(db, setting("TOUR_HOST"), setting("TOUR_USER"), setting("TOUR_PASSWORD"),
                          setting("TOUR_SCHEMA"), port ? (unsigned)atoi(port) : 0, setting("TOUR_SOCKET"), 0))
    fail("connect");
  for (int i = 0; i < 2; ++i) {
    run("SET @kept = 5");
    run("CREATE TEMPORARY TABLE kept (n int)");
    if (mysql_change_user(db, setting("CHANGE_USER"), setting("CHANGE_PASSWORD"), setting("CHANGE_SCHEMA")))
      fail("change");
  }
  print_value("variable", "SELECT @kept");
  print_value("user", "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)");
  print_value("schema", "SELECT DATABASE()");
  print_value("charset", "SELECT @@character_set_client");
  printf("table=%d\n", mysql_query(db, "SELECT * FROM kept") ? (int)mysql_errno(db) : 0);
  printf("ping=%d\n", mysql_ping(db));
  mysql_close(db);
  return 0;
}
