// What programs do with npm pg: prints one "name: value" a line, which the Python test judges.
'use strict';
const fs = require('fs');
const pg = require('pg');

const environment = process.env;
const settings = {
  host: environment.GATEWAY_HOST,
  port: Number(environment.GATEWAY_PORT),
  user: environment.GATEWAY_USER,
  password: environment.GATEWAY_PASSWORD,
  database: environment.GATEWAY_DATABASE,
  application_name: 'npm pg test',
  connectionTimeoutMillis: 30000,
  ssl: environment.GATEWAY_CA ? { ca: fs.readFileSync(environment.GATEWAY_CA, 'utf8') } : false,
};

const say = (name, value) => console.log(`${name}: ${value}`);

async function connect() {
  const client = new pg.Client(settings);
  await client.connect();
  return client;
}

async function value(client, text, values) {
  const { rows } = await client.query({ text, values, rowMode: 'array' });
  return rows[0][0];
}

async function sqlState(promise) {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return error.code;
  }
}

async function preparedStatements(client) {
  let sum = 0n;
  for (let number = 1; number <= 10; number++) {
    const { rows } = await client.query({ name: 'square', text: 'SELECT $1::bigint * $1::bigint AS square', values: [number] });
    sum += BigInt(rows[0].square);
  }
  say('sum of squares', sum);
  say('prepared at the server', await value(client, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'square'"));
}

async function transaction(client) {
  await client.query('CREATE TEMPORARY TABLE numbers (n int)');
  await client.query('BEGIN');
  await client.query('INSERT INTO numbers SELECT generate_series(1, 100)');
  say('error in a transaction', await sqlState(client.query('SELECT 1/0')));
  say('until rolled back', await sqlState(client.query('SELECT 1')));
  await client.query('ROLLBACK');
  say('rows after a rollback', await value(client, 'SELECT count(*) FROM numbers'));
}

async function notifications(client) {
  const received = new Promise((resolve) => client.once('notification', resolve));
  await client.query('LISTEN npm_test');
  const sender = await connect();
  await sender.query("NOTIFY npm_test, 'hello'");
  const { channel, payload } = await received;
  say('notification', `${channel} ${payload}`);
  await sender.end();
}

async function cancel(client) {
  const server = await value(client, 'SELECT pg_backend_pid()');
  const watcher = await connect();
  const query = new pg.Query('SELECT pg_sleep(600)');
  const outcome = new Promise((resolve) => {
    query.on('error', (error) => resolve(error.code));
    query.on('end', () => resolve('none'));
  });
  client.query(query);
  const active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid = $1";
  while ((await value(watcher, active, [server])) !== '1');
  new pg.Client(settings).cancel(client, query); // opens a connection of its own for the CancelRequest
  say('cancelled', await outcome);
  say('after the cancel', await value(client, "SELECT 'usable'"));
  await watcher.end();
}

async function pool() {
  const connections = new pg.Pool({ ...settings, max: 8 });
  const numbers = await Promise.all(Array.from({ length: 64 }, (_, n) => connections.query('SELECT $1::int AS n', [n])));
  say('answers through a pool', numbers.filter(({ rows }, n) => rows[0].n === n).length);
  await connections.end();
}

async function main() {
  const client = await connect();
  const notices = [];
  client.on('notice', (notice) => notices.push(notice.message));
  say('user', await value(client, 'SELECT current_user'));
  say('application name', await value(client, 'SHOW application_name'));
  await preparedStatements(client);
  await transaction(client);
  say('syntax error', await sqlState(client.query('SELEKT 1')));
  say('no such table', await sqlState(client.query('SELECT * FROM no_such_table')));
  await client.query("DO $$ BEGIN RAISE NOTICE 'from the server'; END $$");
  say('notice', notices);
  say('large value', (await value(client, "SELECT repeat('x', 20000000)")).length);
  await notifications(client);
  await cancel(client);
  await client.end();
  await pool();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
