"""The public library, used as other people's programs use it: against an installed copy, in C++17, C and Python."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from test_descriptors import OPEN_DESCRIPTORS, beyond_the_standard_ones

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
PG = "aurora_postgresql_cross_account"


def sh(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    sh("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


@pytest.fixture(scope="session")
def examples(installed, tmp_path_factory):
    """The examples and this folder's C++ programs, built by g++ against the installed copy with find_package."""
    folder = tmp_path_factory.mktemp("examples")
    for source, name in ((ROOT / "examples", "examples"), (ROOT / "tests" / "e2e" / "cpp", "tests")):
        sh("cmake", "-S", source, "-B", folder / name, "-G", "Ninja", "-DCMAKE_C_COMPILER=gcc", "-DCMAKE_CXX_COMPILER=g++",
           f"-DCMAKE_PREFIX_PATH={installed}", "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
        sh("cmake", "--build", folder / name)
    return folder


def library_path(installed):
    (library,) = installed.glob("lib/**/librolegate.so.0")
    return str(library.parent)


@pytest.mark.parametrize("compiler", ("g++", "clang++-19"))
@pytest.mark.parametrize("standard", ("c++17", "c++20", "c++23"))
@pytest.mark.parametrize("header", ("rolegate.hpp", "rolegate.h"))
def test_headers_compile_alone(installed, tmp_path, compiler, standard, header):
    source = tmp_path / "alone.cpp"
    source.write_text(f"#include <rolegate/{header}>\nint main() {{}}\n", encoding="utf-8")
    sh(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{installed}/include", "-fsyntax-only", source)


@pytest.mark.parametrize("compiler", ("gcc", "clang-19"))
def test_c_header_compiles_as_c(installed, tmp_path, compiler):
    source = tmp_path / "alone.c"
    source.write_text("#include <rolegate/rolegate.h>\nint main(void) { return 0; }\n", encoding="utf-8")
    sh(compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{installed}/include", "-fsyntax-only", source)


def test_pkg_config(installed, tmp_path):
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{library_path(installed)}/pkgconfig"}
    flags = sh("pkg-config", "--cflags", "--libs", "rolegate", env=environment).split()
    sh("g++", "-std=c++17", ROOT / "examples" / "cpp_libpq.cpp", "-o", tmp_path / "example", "-I/usr/include/postgresql",
       *flags, "-lpq")


def test_only_the_public_interface_is_exported(installed):
    """Nothing of the inside, and above all none of libpq's or Connector/C's names: a program's own calls must not land here."""
    library = Path(library_path(installed)) / "librolegate.so.0"
    public = re.compile(r"(typeinfo for |typeinfo name for |vtable for )?"
                        r"(rolegate::(Client|Error|Secret|PgClose|MysqlClose|version)\b|rolegate_[a-z_]+$)")
    lines = [line.split(" ", 2)[1:] for line in sh("nm", "-D", "--defined-only", "-C", library).splitlines()]
    # W and V are the compiler's own copies of standard library templates.
    strong = [name for kind, name in lines if kind not in "WVu"]
    assert any(name.startswith("rolegate::Client::login") for name in strong)
    assert [name for name in strong if not public.match(name)] == []


def test_cpp_with_libpq(lab, examples):
    out = sh(examples / "examples" / "cpp_libpq", lab.description["config"], PG, "SELECT current_user", env=lab.environment())
    assert out == "superset_iam_user\n"


def test_cpp_with_mariadb(lab, examples):
    out = sh(examples / "examples" / "cpp_mariadb", lab.description["config"], "aurora_mysql_cross_account",
             "SELECT substring_index(user(), '@', 1)", env=lab.environment())
    assert out == "superset_iam_user\n"


def test_c(lab, examples):
    out = sh(examples / "examples" / "c_login", lab.description["config"], PG, env=lab.environment())
    assert out.startswith("user=superset_iam_user host=orders.cluster-abc.eu-west-1.rds.amazonaws.com port=5432 dial=127.0.0.1:")


def test_c_reports_errors(lab, examples):
    done = subprocess.run([str(examples / "examples" / "c_login"), lab.description["config"], "nonsense"],
                          env=lab.environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stderr.startswith("database_not_found: ")


def test_python_with_psycopg2(lab, installed):
    environment = {**lab.environment(), "LD_LIBRARY_PATH": library_path(installed)}
    out = sh("/usr/bin/python3", ROOT / "examples" / "python_psycopg2.py", lab.description["config"], PG, lab.ca,
             "SELECT current_user", env=environment)
    assert out == "superset_iam_user\n"


def test_python_dials_a_name_too(lab, installed, rolegate):
    """Outside of the lab what is dialled is a name: the endpoint itself, or a tunnel's end."""
    uri = lab.databases[PG]["sqlalchemy_uri"]
    assert "connect_to=127.0.0.1:" in uri
    config = rolegate.config(rolegate.database(PG, uri=uri.replace("connect_to=127.0.0.1:", "connect_to=localhost:")))
    environment = {**lab.environment(), "LD_LIBRARY_PATH": library_path(installed)}
    out = sh("/usr/bin/python3", ROOT / "examples" / "python_psycopg2.py", config, "db", lab.ca, "SELECT 1", env=environment)
    assert out == "1\n"


def program(lab, examples, name, *arguments):
    return json.loads(sh(examples / "tests" / name, lab.description["config"], *arguments, env=lab.environment()))


def test_64_threads_on_a_cold_cache_assume_the_role_once(lab, examples):
    # The slow answer keeps the first call open until all the others have asked.
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None, "fault": {"delay": 0.5}}])
    answer = program(lab, examples, "many_threads", PG, "64")
    assert answer == {"logins": 64, "failures": 0, "distinct_principals": 1}
    assert lab.calls()["sts:AssumeRole"] == 1


def test_a_second_key_is_one_call_more(lab, examples):
    answer = program(lab, examples, "many_threads", f"{PG},redshift_cluster_cross_account", "64")
    assert answer["failures"] == 0
    assert lab.calls()["sts:AssumeRole"] == 2


def test_renewal_in_the_background(lab, examples):
    """With AWS's and the program's clock moved on together: renewed before the TTL ends, and no login waits for it."""
    answer = program(lab, examples, "renewal", PG, lab.endpoint)
    assert answer["assume_role_calls_after_renewal"] == 2
    assert answer["logins_while_sts_is_slow"] > 0
    assert answer["logins_that_waited"] == 0


def test_sts_down(lab, examples):
    """Credentials that are still valid go on being used; expired ones are not."""
    answer = program(lab, examples, "sts_down", PG, lab.endpoint)
    assert answer == {"while_valid": "ok", "after_expiry": "service_unavailable"}


def test_own_provider_and_clock(lab, examples):
    answer = program(lab, examples, "own_provider", PG)
    assert answer == {"login": "ok", "provider_calls": 1, "failing_provider": "credentials_unavailable",
                      "empty_provider": "credentials_invalid", "failing_clock_and_log": "ok"}


def test_a_configuration_of_the_current_folder_is_named(examples, tmp_path):
    """It may be one that nobody meant: a program that reads it says so, unless it was told to."""
    config = tmp_path / "rolegate.yaml"
    config.write_text("databases: []\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    here = "using ./rolegate.yaml of the current folder"
    assert here in sh(examples / "tests" / "found_here", cwd=tmp_path, env=environment)
    assert here not in sh(examples / "tests" / "found_here", cwd=tmp_path, env={**environment, "ROLEGATE_CONFIG": str(config)})


@pytest.mark.parametrize("moment", ("after", "idle", "during", "often"))
def test_both_sides_of_a_fork(lab, examples, moment):
    """The child has none of the library's threads: it gets working ones of its own, and whoever closes harms nobody."""
    if moment == "during":
        lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": 1, "fault": {"delay": 5}}])
    assert program(lab, examples, "forks", PG, moment, lab.endpoint) == {"child": "0", "parent": "0"}


FORKING = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from python_psycopg2 import load_library
library = load_library()
client = library.rolegate_open(sys.argv[2].encode())

def log_in():
    login = library.rolegate_log_in(client, sys.argv[3].encode(), 0)
    assert login, library.rolegate_last_error()
    library.rolegate_login_free(login)

log_in()
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        log_in()
        library.rolegate_close(client)
        sys.exit(0)
    children.append(child)
log_in()
library.rolegate_close(client)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def test_python_forks_its_workers(lab, installed):
    """As `gunicorn --preload` and Celery do: the application is loaded and used once, then forked."""
    environment = {**lab.environment(), "LD_LIBRARY_PATH": library_path(installed)}
    sh("/usr/bin/python3", "-c", FORKING, ROOT / "examples", lab.description["config"], PG, env=environment)


def test_programs_that_a_program_starts_inherit_nothing(lab, examples):
    out = sh(examples / "tests" / "open_descriptors", lab.description["config"], PG, "aurora_mysql_cross_account", OPEN_DESCRIPTORS,
             env=lab.environment())
    assert beyond_the_standard_ones(out) == {}


def test_the_links_of_the_installed_documentation_lead_somewhere(installed):
    (documents,) = installed.glob("share/doc/*")
    pages = sorted(documents.rglob("*.md"))
    assert {page.name for page in pages} >= {"README.md", "gateway.md", "gateway-operations.md", "errors.md"}
    links = [(page, target) for page in pages
             for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))]
    assert links and [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []


def test_the_service_is_documented_where_it_says(installed):
    (documents,) = installed.glob("share/doc/*")
    unit = (documents / "packaging/rolegate.service").read_text(encoding="utf-8")
    (page,) = re.findall(r"^Documentation=file:/usr/(\S+)$", unit, re.MULTILINE)
    assert (installed / page).is_file(), "an installation with the prefix /usr has no such page"
