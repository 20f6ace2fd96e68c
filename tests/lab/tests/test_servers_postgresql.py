"""What the load tests need of the lab's PostgreSQL beyond logins."""

from login_tools import token

import psycopg2


def test_iam_users_may_make_tables(lab):
    kind = lab.kinds["aurora_postgresql"]
    connection = psycopg2.connect(host="127.0.0.1", port=kind["connect_port"], user="superset_iam_user", dbname="app",
                                  password=token(lab, "aurora_postgresql", "superset_iam_user"), sslmode="require")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE made (n int)")
        cursor.execute("DROP TABLE made")
    connection.close()
