#include "connect/mariadb_library.hpp"

#include <mysql.h>

#include "base/fork_pause.hpp"
#include "connect/delay_load.hpp"

namespace rolegate::connect {
namespace {

// The functions of Connector/C that this program uses; calling one that is not here is an error of the
// linker.
#define ROLEGATE_MARIADB_FUNCTIONS(F) \
  F(mysql_init)                       \
  F(mysql_close)                      \
  F(mysql_options)                    \
  F(mysql_options4)                   \
  F(mysql_real_connect)               \
  F(mysql_errno)                      \
  F(mysql_error)                      \
  F(mysql_sqlstate)                   \
  F(mysql_get_socket)                 \
  F(mysql_get_ssl_cipher)             \
  F(mysql_client_register_plugin)     \
  F(mysql_set_server_option)          \
  F(mysql_query)                      \
  F(mysql_real_query)                 \
  F(mysql_next_result)                \
  F(mysql_use_result)                 \
  F(mysql_store_result)               \
  F(mysql_free_result)                \
  F(mysql_field_count)                \
  F(mysql_num_fields)                 \
  F(mysql_num_rows)                   \
  F(mysql_fetch_fields)               \
  F(mysql_fetch_row)                  \
  F(mysql_fetch_lengths)              \
  F(mysql_affected_rows)              \
  F(mysql_get_server_info)            \
  F(mysql_ping)                       \
  F(mysql_kill)                       \
  F(mysql_thread_id)                  \
  F(mysql_thread_end)                 \
  F(mariadb_get_info)

ROLEGATE_DELAYED_LIBRARY(ROLEGATE_MARIADB_FUNCTIONS, "libmariadb.so.3", "libmariadb3")

}  // namespace

base::Result<void> load_mariadb_library() {
  const base::ForkPause no_fork;  // a child would wait for the thread that is loading
  return library().loaded;
}

}  // namespace rolegate::connect

using rolegate::connect::functions;

extern "C" {
MYSQL* mysql_init(MYSQL* mysql) { return functions().mysql_init(mysql); }
void mysql_close(MYSQL* sock) { return functions().mysql_close(sock); }
int mysql_options(MYSQL* mysql, enum mysql_option option, const void* arg) {
  return functions().mysql_options(mysql, option, arg);
}
int mysql_options4(MYSQL* mysql, enum mysql_option option, const void* arg1, const void* arg2) {
  return functions().mysql_options4(mysql, option, arg1, arg2);
}
MYSQL* mysql_real_connect(MYSQL* mysql, const char* host, const char* user, const char* passwd,
                          const char* db, unsigned int port, const char* unix_socket,
                          unsigned long clientflag) {
  return functions().mysql_real_connect(mysql, host, user, passwd, db, port, unix_socket, clientflag);
}
unsigned int mysql_errno(MYSQL* mysql) { return functions().mysql_errno(mysql); }
const char* rolegate::upstream::mysql_error(MYSQL* mysql) { return functions().mysql_error(mysql); }
const char* mysql_sqlstate(MYSQL* mysql) { return functions().mysql_sqlstate(mysql); }
my_socket mysql_get_socket(MYSQL* mysql) { return functions().mysql_get_socket(mysql); }
const char* mysql_get_ssl_cipher(MYSQL* mysql) { return functions().mysql_get_ssl_cipher(mysql); }
struct st_mysql_client_plugin* mysql_client_register_plugin(struct st_mysql* mysql,
                                                            struct st_mysql_client_plugin* plugin) {
  return functions().mysql_client_register_plugin(mysql, plugin);
}
int mysql_set_server_option(MYSQL* mysql, enum enum_mysql_set_option option) {
  return functions().mysql_set_server_option(mysql, option);
}
int mysql_query(MYSQL* mysql, const char* q) { return functions().mysql_query(mysql, q); }
int mysql_real_query(MYSQL* mysql, const char* q, unsigned long length) {
  return functions().mysql_real_query(mysql, q, length);
}
int mysql_next_result(MYSQL* mysql) { return functions().mysql_next_result(mysql); }
MYSQL_RES* mysql_use_result(MYSQL* mysql) { return functions().mysql_use_result(mysql); }
MYSQL_RES* mysql_store_result(MYSQL* mysql) { return functions().mysql_store_result(mysql); }
void mysql_free_result(MYSQL_RES* result) { return functions().mysql_free_result(result); }
unsigned int mysql_field_count(MYSQL* mysql) { return functions().mysql_field_count(mysql); }
unsigned int mysql_num_fields(MYSQL_RES* res) { return functions().mysql_num_fields(res); }
my_ulonglong mysql_num_rows(MYSQL_RES* res) { return functions().mysql_num_rows(res); }
MYSQL_FIELD* mysql_fetch_fields(MYSQL_RES* res) { return functions().mysql_fetch_fields(res); }
MYSQL_ROW mysql_fetch_row(MYSQL_RES* result) { return functions().mysql_fetch_row(result); }
unsigned long* mysql_fetch_lengths(MYSQL_RES* result) { return functions().mysql_fetch_lengths(result); }
my_ulonglong mysql_affected_rows(MYSQL* mysql) { return functions().mysql_affected_rows(mysql); }
char* mysql_get_server_info(MYSQL* mysql) { return functions().mysql_get_server_info(mysql); }
int mysql_ping(MYSQL* mysql) { return functions().mysql_ping(mysql); }
int mysql_kill(MYSQL* mysql, unsigned long pid) { return functions().mysql_kill(mysql, pid); }
unsigned long mysql_thread_id(MYSQL* mysql) { return functions().mysql_thread_id(mysql); }
void mysql_thread_end() { return functions().mysql_thread_end(); }
my_bool mariadb_get_info(MYSQL* mysql, enum mariadb_value value, void* arg) {
  return functions().mariadb_get_info(mysql, value, arg);
}
}  // extern "C"
