#!/usr/bin/env python3
"""The C interface through ctypes: a fresh password for psycopg2 at every connect.

Usage: python_psycopg2.py CONFIG DATABASE SSLROOTCERT SQL
CONFIG may be '' for the file that the command line would find. SSLROOTCERT is for Aurora and RDS
PREFIX/share/rolegate/rds-ca-bundle.pem, which is installed with the library, and for Redshift the system's store,
such as /etc/ssl/certs/ca-certificates.crt.
The library is found as librolegate.so.0; set LD_LIBRARY_PATH when it is installed somewhere of your own.
"""
import ctypes
import socket
import sys

import psycopg2


class RolegateLogin(ctypes.Structure):
    _fields_ = [
        ("user", ctypes.c_char_p),
        ("password", ctypes.c_char_p),
        ("host", ctypes.c_char_p),
        ("dial_host", ctypes.c_char_p),
        ("database", ctypes.c_char_p),
        ("sslmode", ctypes.c_char_p),
        ("expires_at", ctypes.c_int64),
        ("port", ctypes.c_uint16),
        ("dial_port", ctypes.c_uint16),
    ]


def load_library() -> ctypes.CDLL:
    library = ctypes.CDLL("librolegate.so.0")
    library.rolegate_open.argtypes = [ctypes.c_char_p]
    library.rolegate_open.restype = ctypes.c_void_p
    library.rolegate_log_in.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64]
    library.rolegate_log_in.restype = ctypes.POINTER(RolegateLogin)
    library.rolegate_login_free.argtypes = [ctypes.POINTER(RolegateLogin)]
    library.rolegate_close.argtypes = [ctypes.c_void_p]
    library.rolegate_last_error.restype = ctypes.c_char_p
    return library


def main() -> int:
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        return 2
    config, database, root_cert, sql = sys.argv[1:]
    library = load_library()
    client = library.rolegate_open(config.encode())
    login = library.rolegate_log_in(client, database.encode(), 0) if client else None
    if not login:
        print(library.rolegate_last_error().decode(), file=sys.stderr)
        return 1
    given = login.contents
    host, dial_host = given.host.decode(), given.dial_host.decode()
    elsewhere = {}
    if dial_host != host:  # connect_to; libpq takes an address for it, no name
        elsewhere["hostaddr"] = socket.getaddrinfo(dial_host, given.dial_port, type=socket.SOCK_STREAM)[0][4][0]
    connection = psycopg2.connect(
        host=host,
        **elsewhere,
        port=given.dial_port,
        user=given.user.decode(),
        password=given.password.decode(),
        dbname=given.database.decode(),
        sslmode=given.sslmode.decode(),
        sslrootcert=root_cert,
    )
    library.rolegate_login_free(login)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        for row in cursor:
            print("\t".join(str(value) for value in row))
    connection.close()
    library.rolegate_close(client)
    return 0


if __name__ == "__main__":
    sys.exit(main())
