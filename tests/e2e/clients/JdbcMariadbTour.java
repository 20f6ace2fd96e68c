import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Goes through what a program does with MariaDB's JDBC driver, and prints what came of it as NAME=VALUE lines. Where to
 * connect comes in TOUR_* variables (tests/e2e/mysql_clients.py). With the argument "cancel" it runs a statement that
 * lasts, prints a line, and cancels it when a line comes on standard input.
 */
public final class JdbcMariadbTour {
  public static void main(String[] arguments) throws Exception {
    System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
    try (Connection connection = connect()) {
      if (arguments.length > 0 && arguments[0].equals("cancel")) {
        cancel(connection);
      } else {
        tour(connection);
      }
    }
  }

  private static Connection connect() throws SQLException {
    Properties properties = new Properties();
    properties.put("user", System.getenv("TOUR_USER"));
    properties.put("password", System.getenv("TOUR_PASSWORD"));
    properties.put("allowMultiQueries", "true");
    properties.put("allowLocalInfile", "true");
    properties.put("useServerPrepStmts", "true");
    properties.put("allowPublicKeyRetrieval", "true");
    properties.put("connectionAttributes", "tour:jdbc");
    if (System.getenv("TOUR_CA") != null) {
      properties.put("useSsl", "true");
      properties.put("serverSslCert", System.getenv("TOUR_CA"));
    }
    String place = System.getenv("TOUR_HOST") + ":" + System.getenv("TOUR_PORT");
    return DriverManager.getConnection("jdbc:mariadb://" + place + "/" + System.getenv("TOUR_SCHEMA"), properties);
  }

  private static void tour(Connection connection) throws SQLException {
    print("version", connection.getMetaData().getDatabaseProductVersion());
    print("rows", query(connection, "SELECT id, customer FROM orders ORDER BY id"));
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT customer, amount FROM orders WHERE id = ?")) {
      statement.setInt(1, 4);
      try (ResultSet rows = statement.executeQuery()) {
        print("prepared", text(rows));
      }
    }
    bulk(connection);
    print("multi", several(connection));
    run(connection, "CREATE TEMPORARY TABLE loaded (n int, word varchar(40))");
    run(connection, "LOAD DATA LOCAL INFILE '" + System.getenv("TOUR_FILE")
        + "' INTO TABLE loaded FIELDS TERMINATED BY ','");
    print("loaded", query(connection, "SELECT COUNT(*), SUM(n) FROM loaded"));
    try {
      run(connection, "SELECT * FROM no_such_table");
    } catch (SQLException error) {
      print("error", "1 " + error.getErrorCode() + " " + error.getSQLState());
    }
    run(connection, "CREATE TEMPORARY TABLE counted (n int) ENGINE=InnoDB");
    connection.setAutoCommit(false);
    run(connection, "INSERT INTO counted VALUES (1), (2)");
    print("inside", query(connection, "SELECT COUNT(*) FROM counted"));
    connection.rollback();
    connection.setAutoCommit(true);
    print("rolled_back", query(connection, "SELECT COUNT(*) FROM counted"));
    print("large_up", query(connection, "SELECT LENGTH('" + "y".repeat(20 << 20) + "')"));
    print("large_down", String.valueOf(query(connection, "SELECT REPEAT('x', 20971520)").length()));
    print("large_result", String.valueOf(streamed(connection)));
    print("attributes", query(connection, "SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs "
        + "WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'tour'"));
  }

  /** addBatch with MariaDB's COM_STMT_BULK_EXECUTE, where server and client agree on it. */
  private static void bulk(Connection connection) throws SQLException {
    run(connection, "CREATE TEMPORARY TABLE bulk (n int)");
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO bulk VALUES (?)")) {
      for (int i = 1; i <= 1000; ++i) {
        statement.setInt(1, i);
        statement.addBatch();
      }
      statement.executeBatch();
    }
    print("bulk", query(connection, "SELECT COUNT(*), SUM(n) FROM bulk"));
  }

  private static String several(Connection connection) throws SQLException {
    StringBuilder all = new StringBuilder();
    try (Statement statement = connection.createStatement()) {
      boolean rows = statement.execute("SELECT 1; SELECT 2; DO 0; SELECT 3");
      while (rows || statement.getUpdateCount() != -1) {
        if (rows) {
          all.append(all.length() == 0 ? "" : "|").append(text(statement.getResultSet()));
        }
        rows = statement.getMoreResults();
      }
    }
    return all.toString();
  }

  private static long streamed(Connection connection) throws SQLException {
    long total = 0;
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(1);
      try (ResultSet rows = statement.executeQuery("SELECT REPEAT('z', 1048576) FROM seq_1_to_100")) {
        while (rows.next()) {
          total += rows.getBytes(1).length;
        }
      }
    }
    return total;
  }

  private static void cancel(Connection connection) throws Exception {
    AtomicReference<SQLException> ended = new AtomicReference<>();
    try (Statement statement = connection.createStatement()) {
      Thread running = new Thread(() -> {
        try {
          statement.executeQuery(System.getenv("TOUR_SQL")).close();
        } catch (SQLException error) {
          ended.set(error);
        }
      });
      running.start();
      System.in.read();
      statement.cancel();
      running.join(20000);
    }
    SQLException error = ended.get();
    print("cancelled", error == null ? "no" : error.getErrorCode() + " " + error.getSQLState());
    print("after", query(connection, "SELECT 1"));
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String query(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      return text(rows);
    }
  }

  private static String text(ResultSet rows) throws SQLException {
    StringBuilder all = new StringBuilder();
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      all.append(all.length() == 0 ? "" : "|");
      for (int i = 1; i <= columns; ++i) {
        all.append(i == 1 ? "" : " ").append(rows.getString(i));
      }
    }
    return all.toString();
  }

  private static void print(String name, String value) {
    System.out.println(name + "=" + value);
  }
}
