// Goes through what a program does with npm's mysql2, and prints what came of it as NAME=VALUE lines. Where to connect
// comes in TOUR_* variables (tests/e2e/mysql_clients.py); mysql2 is found through NODE_PATH. With the argument "cancel"
// it runs a statement that lasts and, when a line comes on standard input, kills it through a second connection, by the
// id that the first one was greeted with.
'use strict';
const fs = require('fs');
const mysql = require('mysql2/promise');

const setting = process.env;

function connect() {
  return mysql.createConnection({
    ...(setting.TOUR_SOCKET ? {socketPath: setting.TOUR_SOCKET} : {host: setting.TOUR_HOST, port: Number(setting.TOUR_PORT)}),
    user: setting.TOUR_USER,
    password: setting.TOUR_PASSWORD,
    database: setting.TOUR_SCHEMA,
    charset: 'utf8mb4',
    multipleStatements: true,
    connectAttributes: {tour: 'mysql2'},
    infileStreamFactory: (path) => fs.createReadStream(path),
    ...(setting.TOUR_CA ? {ssl: {ca: fs.readFileSync(setting.TOUR_CA)}} : {}),
  });
}

const print = (name, value) => console.log(`${name}=${value}`);
const text = (rows) => rows.map((row) => Object.values(row).join(' ')).join('|');

async function query(connection, sql) {
  const [rows] = await connection.query(sql);
  return text(rows);
}

async function largeResult(connection) {
  let total = 0;
  const rows = connection.connection.query("SELECT REPEAT('z', 1048576) AS z FROM seq_1_to_100").stream();
  for await (const row of rows) total += row.z.length;
  return total;
}

async function tour(connection) {
  print('version', connection.connection._handshakePacket.serverVersion);
  print('rows', await query(connection, 'SELECT id, customer FROM orders ORDER BY id'));
  const [prepared] = await connection.execute('SELECT customer, amount FROM orders WHERE id = ?', [4]);
  print('prepared', text(prepared));
  const [several] = await connection.query('SELECT 1; SELECT 2; DO 0; SELECT 3');
  print('multi', several.filter(Array.isArray).map(text).join('|'));
  await connection.query('CREATE TEMPORARY TABLE loaded (n int, word varchar(40))');
  await connection.query({
    sql: `LOAD DATA LOCAL INFILE '${setting.TOUR_FILE}' INTO TABLE loaded FIELDS TERMINATED BY ','`,
    infileStreamFactory: (path) => fs.createReadStream(path),
  });
  print('loaded', await query(connection, 'SELECT COUNT(*), SUM(n) FROM loaded'));
  await connection.query('SELECT * FROM no_such_table').catch((error) => print('error', `1 ${error.errno} ${error.sqlState}`));
  await connection.query('CREATE TEMPORARY TABLE counted (n int) ENGINE=InnoDB');
  await connection.beginTransaction();
  await connection.query('INSERT INTO counted VALUES (1), (2)');
  print('inside', await query(connection, 'SELECT COUNT(*) FROM counted'));
  await connection.rollback();
  print('rolled_back', await query(connection, 'SELECT COUNT(*) FROM counted'));
  print('large_up', await query(connection, `SELECT LENGTH('${'y'.repeat(20 << 20)}')`));
  const [[down]] = await connection.query("SELECT REPEAT('x', 20971520) AS x");
  print('large_down', down.x.length);
  print('large_result', await largeResult(connection));
  print('attributes', await query(connection, 'SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs ' +
    "WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'tour'"));
  await connection.query('SET @kept = 5');
  await connection.reset();
  print('after_reset', await query(connection, 'SELECT @kept IS NULL, DATABASE()'));
}

async function cancel(connection) {
  const running = connection.query(setting.TOUR_SQL).then(() => 'no', (error) => `${error.errno} ${error.sqlState}`);
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const second = await connect();
  await second.query(`KILL QUERY ${connection.threadId}`);
  await second.end();
  print('cancelled', await running);
  print('after', await query(connection, 'SELECT 1'));
  process.stdin.destroy();
}

async function main() {
  const connection = await connect();
  await (process.argv[2] === 'cancel' ? cancel(connection) : tour(connection));
  await connection.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
