import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** What programs do over JDBC: prints one "name: value" a line, which the Python test judges. */
public class PostgresqlClient {
  private static Connection connect() throws SQLException {
    Properties settings = new Properties();
    settings.setProperty("user", System.getenv("GATEWAY_USER"));
    settings.setProperty("password", System.getenv("GATEWAY_PASSWORD"));
    settings.setProperty("ApplicationName", "JDBC test");
    settings.setProperty("prepareThreshold", "2"); // the server prepares at the second execution
    settings.setProperty("connectTimeout", "30");
    settings.setProperty("socketTimeout", "60");
    settings.setProperty("sslmode", System.getenv("GATEWAY_SSLMODE"));
    if (System.getenv("GATEWAY_CA") != null) settings.setProperty("sslrootcert", System.getenv("GATEWAY_CA"));
    String url = "jdbc:postgresql://" + System.getenv("GATEWAY_HOST") + ":" + System.getenv("GATEWAY_PORT") + "/"
        + System.getenv("GATEWAY_DATABASE");
    return DriverManager.getConnection(url, settings);
  }

  private static String value(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static void say(String name, Object value) { System.out.println(name + ": " + value); }

  private interface Step { void run() throws Exception; }

  private static String sqlState(Step step) throws Exception {
    try {
      step.run();
      return "none";
    } catch (SQLException error) {
      return error.getSQLState();
    }
  }

  private static void preparedStatements(Connection connection) throws SQLException {
    long sum = 0;
    try (PreparedStatement square = connection.prepareStatement("SELECT ?::bigint * ?::bigint")) {
      for (long number = 1; number <= 10; number++) {
        square.setLong(1, number);
        square.setLong(2, number);
        try (ResultSet rows = square.executeQuery()) {
          rows.next();
          sum += rows.getLong(1);
        }
      }
    }
    say("sum of squares", sum);
    say("prepared at the server", value(connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%bigint *%'"));
  }

  private static void batchAndCursor(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMPORARY TABLE numbers (n int, label text) ON COMMIT PRESERVE ROWS");
    }
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO numbers VALUES (?, ?)")) {
      for (int number = 0; number < 5000; number++) {
        insert.setInt(1, number);
        insert.setString(2, "number \u2116 " + number);
        insert.addBatch();
      }
      insert.executeBatch();
    }
    connection.commit();
    long rowsSeen = 0;
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(100); // a portal that is read in 50 pieces
      try (ResultSet rows = statement.executeQuery("SELECT n, label FROM numbers ORDER BY n")) {
        while (rows.next()) {
          if (rows.getString(2).equals("number \u2116 " + rowsSeen)) rowsSeen++;
        }
      }
    }
    say("rows through a cursor", rowsSeen);
    Savepoint before = connection.setSavepoint();
    say("error in a transaction", sqlState(() -> value(connection, "SELECT 1/0")));
    say("until rolled back", sqlState(() -> value(connection, "SELECT 1")));
    connection.rollback(before);
    try (Statement statement = connection.createStatement()) {
      statement.execute("DELETE FROM numbers");
    }
    connection.rollback();
    connection.setAutoCommit(true);
    say("rows after a rollback", value(connection, "SELECT count(*) FROM numbers"));
  }

  private static void copy(Connection connection) throws Exception {
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMPORARY TABLE copied (n int, label text)");
    }
    StringBuilder lines = new StringBuilder();
    for (int number = 0; number < 20000; number++) lines.append(number).append("\tlabel ").append(number).append('\n');
    say("copied in", copies.copyIn("COPY copied FROM STDIN", new StringReader(lines.toString())));
    StringWriter out = new StringWriter();
    say("copied out", copies.copyOut("COPY (SELECT * FROM copied ORDER BY n) TO STDOUT", out));
    say("copies agree", out.toString().contentEquals(lines));
    say("error in a copy", sqlState(() -> copies.copyIn("COPY copied FROM STDIN", new StringReader("no number\tx\n"))));
  }

  private static void notifications(Connection connection) throws SQLException {
    try (Connection sender = connect(); Statement listen = connection.createStatement(); Statement notify = sender.createStatement()) {
      listen.execute("LISTEN jdbc_test");
      notify.execute("NOTIFY jdbc_test, 'hello'");
      PGNotification[] received = connection.unwrap(PGConnection.class).getNotifications(30_000);
      say("notification", received == null ? "none" : received[0].getName() + " " + received[0].getParameter());
      listen.execute("UNLISTEN *");
    }
  }

  private static void cancel(Connection connection) throws Exception {
    try (Connection watcher = connect(); Statement running = connection.createStatement()) {
      String server = value(connection, "SELECT pg_backend_pid()");
      CompletableFuture<String> outcome = CompletableFuture.supplyAsync(() -> {
        try {
          return sqlState(() -> running.executeQuery("SELECT pg_sleep(600)"));
        } catch (Exception error) {
          return error.toString();
        }
      });
      String active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid = " + server;
      while (!value(watcher, active).equals("1") && !outcome.isDone()) Thread.onSpinWait();
      running.cancel();
      say("cancelled", outcome.get());
    }
    say("after the cancel", value(connection, "SELECT 'usable'"));
  }

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = connect()) {
      say("user", value(connection, "SELECT current_user"));
      say("application name", value(connection, "SHOW application_name"));
      say("server", connection.getMetaData().getDatabaseProductVersion());
      preparedStatements(connection);
      batchAndCursor(connection);
      copy(connection);
      say("syntax error", sqlState(() -> value(connection, "SELEKT 1")));
      say("no such table", sqlState(() -> value(connection, "SELECT * FROM no_such_table")));
      notifications(connection);
      cancel(connection);
    }
  }
}
