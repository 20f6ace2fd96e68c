"""What the tests of MySQL clients need of the lab's MariaDB beyond logins."""

import pymysql


def plain(lab, **more):
    return pymysql.connect(host="127.0.0.1", port=lab.kinds["aurora_mysql"]["connect_port"], database="shop",
                           ssl={"check_hostname": False}, local_infile=True, **lab.description["password_login"], **more)


def test_takes_and_sends_packets_over_16_mb(lab):
    with plain(lab) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT LENGTH(%s), REPEAT('y', 20971520)", ("x" * (20 << 20),))
        ((length, sent),) = cursor.fetchall()
    assert (length, len(sent)) == (20 << 20, 20 << 20)


def test_shows_what_clients_say_of_themselves(lab):
    with plain(lab, program_name="a name") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs "
                       "WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'program_name'")
        assert cursor.fetchall() == (("a name",),)


def test_loads_local_files(lab, tmp_path):
    (tmp_path / "numbers").write_text("1\n2\n3\n", encoding="ascii")
    with plain(lab) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE loaded (n int)")
        cursor.execute(f"LOAD DATA LOCAL INFILE '{tmp_path / 'numbers'}' INTO TABLE loaded")
        cursor.execute("SELECT SUM(n) FROM loaded")
        assert cursor.fetchall() == ((6,),)
