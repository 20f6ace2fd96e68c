# Runs a statement, waits for a line on standard input, and says what DBD::MariaDB, which is told to connect again, makes
# of the next statement. Where to connect comes in TOUR_* variables (tests/e2e/mysql_clients.py).
use strict;
use warnings;
use DBI;

$| = 1;
my $where = "dbi:MariaDB:host=$ENV{TOUR_HOST};port=$ENV{TOUR_PORT};database=$ENV{TOUR_SCHEMA}";
$where .= ";mariadb_ssl=1;mariadb_ssl_optional=1" if $ENV{TOUR_CA};
my $connection = DBI->connect($where, $ENV{TOUR_USER}, $ENV{TOUR_PASSWORD},
    {PrintError => 0, RaiseError => 0, AutoCommit => 1, mariadb_auto_reconnect => 1}) or die $DBI::errstr;
print "id=", $connection->selectrow_array("SELECT CONNECTION_ID()"), "\n";
<STDIN>;
my ($one) = $connection->selectrow_array("SELECT 1");
print "outcome=", defined $one ? "answered" : $connection->err, "\n";
($one) = $connection->selectrow_array("SELECT 1");
print "afterwards=", defined $one ? "answered" : $connection->err, "\n";
