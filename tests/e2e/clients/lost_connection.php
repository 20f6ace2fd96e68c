<?php
// Runs a statement, waits for a line on standard input, and says what PHP makes of the next statement. Where to connect
// comes in TOUR_* variables (tests/e2e/mysql_clients.py).
mysqli_report(MYSQLI_REPORT_OFF);
$connection = mysqli_init();
$flags = 0;
if (getenv('TOUR_CA')) {
    $connection->ssl_set(null, null, getenv('TOUR_CA'), null, null);
    $flags = MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT;
}
$connection->real_connect(getenv('TOUR_HOST'), getenv('TOUR_USER'), getenv('TOUR_PASSWORD'), getenv('TOUR_SCHEMA'),
    (int) getenv('TOUR_PORT'), null, $flags);
echo 'id=', $connection->query('SELECT CONNECTION_ID()')->fetch_row()[0], "\n";
fgets(STDIN);
$result = @$connection->query('SELECT 1');
echo 'outcome=', $result ? 'answered' : "$connection->errno $connection->error", "\n";
