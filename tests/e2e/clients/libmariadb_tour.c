/* Goes through what a program does with MariaDB Connector/C, and prints what came of it as NAME=VALUE lines.
   Where to connect comes in TOUR_* variables (tests/e2e/mysql_clients.py). The first thing that goes wrong
   ends it with status 1 and the library's own error on stderr. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* All rows of the current result, fields by a space, rows by '|'. */
static void print_rows(void) {
  MYSQL_RES* result = mysql_store_result(db);
  if (!result) fail("no result");
  unsigned columns = mysql_num_fields(result);
  int first = 1;
  for (MYSQL_ROW row; (row = mysql_fetch_row(result)); first = 0) {
    if (!first) putchar('|');
    for (unsigned i = 0; i < columns; ++i) printf("%s%s", i ? " " : "", row[i] ? row[i] : "NULL");
  }
  mysql_free_result(result);
}

static void print_query(const char* name, const char* sql) {
  printf("%s=", name);
  run(sql);
  print_rows();
  putchar('\n');
}

static void open_session(void) {
  my_bool on = 1;
  unsigned long packet = 64UL << 20;
  unsigned local_files = 1;
  db = mysql_init(NULL);
  mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(db, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
  mysql_options(db, MYSQL_OPT_LOCAL_INFILE, &local_files);
  mysql_options4(db, MYSQL_OPT_CONNECT_ATTR_ADD, "tour", "libmariadb");
  if (setting("TOUR_AUTH")) mysql_options(db, MYSQL_DEFAULT_AUTH, setting("TOUR_AUTH"));
  if (setting("TOUR_CA")) {
    mysql_optionsv(db, MYSQL_OPT_SSL_CA, setting("TOUR_CA"));
    mysql_optionsv(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
  }
  const char* port = setting("TOUR_PORT");
  if (!mysql_real_connect(db, setting("TOUR_HOST"), setting("TOUR_USER"), setting("TOUR_PASSWORD"),
                          setting("TOUR_SCHEMA"), port ? (unsigned)atoi(port) : 0, setting("TOUR_SOCKET"),
                          CLIENT_MULTI_STATEMENTS))
    fail("connect");
}

static void prepared(void) {
  MYSQL_STMT* statement = mysql_stmt_init(db);
  const char* sql = "SELECT customer, amount FROM orders WHERE id = ?";
  if (mysql_stmt_prepare(statement, sql, strlen(sql))) fail(mysql_stmt_error(statement));
  int id = 4;
  MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &id};
  char customer[80], amount[32];
  unsigned long customer_size = 0, amount_size = 0;
  MYSQL_BIND out[2] = {{.buffer_type = MYSQL_TYPE_STRING,
                        .buffer = customer,
                        .buffer_length = sizeof customer,
                        .length = &customer_size},
                       {.buffer_type = MYSQL_TYPE_STRING,
                        .buffer = amount,
                        .buffer_length = sizeof amount,
                        .length = &amount_size}};
  if (mysql_stmt_bind_param(statement, &in) || mysql_stmt_execute(statement) ||
      mysql_stmt_bind_result(statement, out) || mysql_stmt_fetch(statement))
    fail(mysql_stmt_error(statement));
  printf("prepared=%.*s %.*s\n", (int)customer_size, customer, (int)amount_size, amount);
  mysql_stmt_close(statement);
}

/* One COM_STMT_BULK_EXECUTE for 1,000 rows: an extended capability of MariaDB. */
static void bulk(void) {
  enum { kRows = 1000 };
  static int numbers[kRows];
  unsigned rows = kRows;
  for (int i = 0; i < kRows; ++i) numbers[i] = i + 1;
  run("CREATE TEMPORARY TABLE bulk (n int)");
  MYSQL_STMT* statement = mysql_stmt_init(db);
  const char* sql = "INSERT INTO bulk VALUES (?)";
  if (mysql_stmt_prepare(statement, sql, strlen(sql))) fail(mysql_stmt_error(statement));
  MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_LONG, .buffer = numbers};
  mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &rows);
  if (mysql_stmt_bind_param(statement, &in) || mysql_stmt_execute(statement))
    fail(mysql_stmt_error(statement));
  mysql_stmt_close(statement);
  print_query("bulk", "SELECT COUNT(*), SUM(n) FROM bulk");
}

static void several_statements(void) {
  run("SELECT 1; SELECT 2; DO 0; SELECT 3");
  printf("multi=");
  int status = 0, first = 1;
  do {
    if (mysql_field_count(db)) {
      if (!first) putchar('|');
      first = 0;
      print_rows();
    }
  } while ((status = mysql_next_result(db)) == 0);
  if (status > 0) fail("mysql_next_result");
  putchar('\n');
}

static void load_local_file(void) {
  char sql[1024];
  run("CREATE TEMPORARY TABLE loaded (n int, word varchar(40))");
  snprintf(sql, sizeof sql, "LOAD DATA LOCAL INFILE '%s' INTO TABLE loaded FIELDS TERMINATED BY ','",
           setting("TOUR_FILE"));
  run(sql);
  print_query("loaded", "SELECT COUNT(*), SUM(n) FROM loaded");
}

static void transaction(void) {
  run("CREATE TEMPORARY TABLE counted (n int) ENGINE=InnoDB");
  run("START TRANSACTION");
  run("INSERT INTO counted VALUES (1), (2)");
  print_query("inside", "SELECT COUNT(*) FROM counted");
  run("ROLLBACK");
  print_query("rolled_back", "SELECT COUNT(*) FROM counted");
}

static void large_packets(void) {
  const unsigned long size = 20UL << 20;
  char* sql = malloc(size + 64);
  int head = sprintf(sql, "SELECT LENGTH('");
  memset(sql + head, 'y', size);
  strcpy(sql + head + size, "')");
  print_query("large_up", sql);
  free(sql);
  run("SELECT REPEAT('x', 20971520)");
  MYSQL_RES* result = mysql_store_result(db);
  if (!result || !mysql_fetch_row(result)) fail("large_down");
  printf("large_down=%lu\n", mysql_fetch_lengths(result)[0]);
  mysql_free_result(result);
}

static void large_result(void) {
  run("SELECT REPEAT('z', 1048576) FROM seq_1_to_100");
  MYSQL_RES* result = mysql_use_result(db);
  if (!result) fail("large_result");
  unsigned long total = 0;
  while (mysql_fetch_row(result)) total += mysql_fetch_lengths(result)[0];
  if (mysql_errno(db)) fail("large_result");
  printf("large_result=%lu\n", total);
  mysql_free_result(result);
}

int main(void) {
  open_session();
  printf("version=%s\n", mysql_get_server_info(db));
  print_query("rows", "SELECT id, customer FROM orders ORDER BY id");
  prepared();
  bulk();
  several_statements();
  load_local_file();
  int refused = mysql_query(db, "SELECT * FROM no_such_table");
  printf("error=%d %u %s\n", refused != 0, mysql_errno(db), mysql_sqlstate(db));
  transaction();
  large_packets();
  large_result();
  print_query("attributes",
              "SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs "
              "WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'tour'");
  run("SET @kept = 5");
  if (mysql_reset_connection(db)) fail("mysql_reset_connection");
  print_query("after_reset", "SELECT @kept IS NULL, DATABASE()");
  mysql_close(db);
  return 0;
}
