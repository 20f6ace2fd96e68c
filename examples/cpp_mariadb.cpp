// An open MariaDB Connector/C connection, logged in with an IAM role.
// Usage: cpp_mariadb CONFIG DATABASE SQL
#include <cstdio>
#include <memory>

#include <mysql.h>
#include <rolegate/rolegate.hpp>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s CONFIG DATABASE SQL\n", argv[0]);
    return 2;
  }
  try {
    rolegate::Options options;
    options.config_file = argv[1];
    rolegate::Client client(std::move(options));
    const rolegate::MysqlConnection connection = client.connect_mysql(argv[2]);

    if (mysql_query(connection.get(), argv[3]) != 0) {
      std::fprintf(stderr, "%s\n", mysql_error(connection.get()));
      return 1;
    }
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(
        mysql_store_result(connection.get()), &mysql_free_result);
    while (result) {
      const MYSQL_ROW row = mysql_fetch_row(result.get());
      if (row == nullptr) break;
      for (unsigned column = 0; column < mysql_num_fields(result.get()); ++column) {
        std::printf("%s%s", column > 0 ? "\t" : "", row[column] != nullptr ? row[column] : "NULL");
      }
      std::printf("\n");
    }
    return 0;
  } catch (const rolegate::Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.code().c_str(), error.what());
    return 1;
  }
}
