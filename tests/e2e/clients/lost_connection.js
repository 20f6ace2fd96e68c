// Runs a statement, waits for a line on standard input, and says how npm's mysql2 reports that the connection was lost.
// Where to connect comes in TOUR_* variables (tests/e2e/mysql_clients.py).
'use strict';
const fs = require('fs');
const mysql = require('mysql2');

const setting = process.env;
const connection = mysql.createConnection({
  host: setting.TOUR_HOST, port: Number(setting.TOUR_PORT), user: setting.TOUR_USER, password: setting.TOUR_PASSWORD,
  database: setting.TOUR_SCHEMA,
  ...(setting.TOUR_CA ? {ssl: {ca: fs.readFileSync(setting.TOUR_CA), rejectUnauthorized: false}} : {}),
});
const lost = new Promise((resolve) => connection.once('error', resolve));
const asked = new Promise((resolve) => process.stdin.once('data', resolve));
connection.query('SELECT CONNECTION_ID() AS id', (error, rows) => {
  if (error) throw error;
  console.log(`id=${rows[0].id}`);
});
Promise.all([lost, asked]).then(([error]) => {
  console.log(`outcome=${error.code}`);
  process.exit(0);
});
