// Prints the rows of a statement ($TOUR_SQL) as npm's mysql2 streams them, one a line. Where to connect comes in TOUR_*
// variables (tests/e2e/mysql_clients.py).
'use strict';
const mysql = require('mysql2');

const setting = process.env;
const connection = mysql.createConnection({
  host: setting.TOUR_HOST, port: Number(setting.TOUR_PORT), user: setting.TOUR_USER, password: setting.TOUR_PASSWORD,
  database: setting.TOUR_SCHEMA,
});
connection.on('error', (error) => console.error(error.code));
connection.query(setting.TOUR_SQL).stream()
  .on('data', (row) => process.stdout.write(`${Object.values(row).join(' ')}\n`))
  .on('error', (error) => console.error(error.code))
  .on('close', () => connection.destroy());
