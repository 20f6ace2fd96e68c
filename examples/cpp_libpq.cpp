// An open libpq connection, logged in with an IAM role.
// Usage: cpp_libpq CONFIG DATABASE SQL
#include <cstdio>
#include <memory>

#include <libpq-fe.h>
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
    const rolegate::PgConnection connection = client.connect_postgresql(argv[2]);

    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), argv[3]), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
      std::fprintf(stderr, "%s", PQresultErrorMessage(result.get()));
      return 1;
    }
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      for (int column = 0; column < PQnfields(result.get()); ++column) {
        std::printf("%s%s", column > 0 ? "\t" : "", PQgetvalue(result.get(), row, column));
      }
      std::printf("\n");
    }
    return 0;
  } catch (const rolegate::Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.code().c_str(), error.what());
    return 1;
  }
}
