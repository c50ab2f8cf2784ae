"""The private PostgreSQL when its users, its keeper or the server itself are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_users import USE, WRITE, User, ask, eventually, is_zombie, parent_of, postmaster_of, serving

from server.storage.embedded import EmbeddedPostgres

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

# As the first process of a container often is: orphans become its children, and it never looks after them.
NEGLECTFUL_PARENT = """
import ctypes

pr_set_child_subreaper = 36
ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def postgres(data: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(data)
    yield postgres
    postgres.stop()


@pytest.fixture
def user(data: Path) -> Iterator[Callable[..., User]]:
    """Processes that use the PostgreSQL of this test."""
    users = []

    def begin(**options: str) -> User:
        users.append(User(data, **options))
        return users[-1]

    yield begin
    for process in users:
        process.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_user_leaves_nothing_behind(user: Callable[..., User], data: Path, number: int) -> None:
    owner = user()
    owner.line()
    assert serving(data)

    owner.send(number)

    assert eventually(lambda: not serving(data))
    assert not (data / "cluster" / "postmaster.pid").exists()


def test_acknowledged_rows_survive_the_kill(
    user: Callable[..., User], postgres: EmbeddedPostgres, data: Path
) -> None:
    writer = user(program=WRITE)
    while writer.line() != "50":
        pass

    writer.send(signal.SIGKILL)

    acknowledged = int(["50", *writer.lines()][-1])
    rows = int(ask(postgres.start(), "SELECT count(*) FROM entry"))
    assert rows in {acknowledged + 1, acknowledged + 2}  # counted from 0, and the last one may be unheard


def test_server_goes_on_for_the_joined_when_its_starter_is_killed(
    user: Callable[..., User], postgres: EmbeddedPostgres, data: Path
) -> None:
    owner = user()
    started = ask(owner.line(), "SELECT pg_postmaster_start_time()")
    url = postgres.start()

    owner.send(signal.SIGKILL)
    time.sleep(0.5)

    assert ask(url, "SELECT pg_postmaster_start_time()") == started
    postgres.stop()
    assert serving(data) == set()


@pytest.mark.parametrize("delay_s", [0.3, 0.5, 0.7])
def test_starter_killed_at_its_first_start_does_not_harm_the_next(
    user: Callable[..., User], postgres: EmbeddedPostgres, delay_s: float
) -> None:
    starter = user()
    time.sleep(delay_s)
    starter.send(signal.SIGKILL)

    assert ask(postgres.start(), "SELECT 1") == "1"


def test_start_during_the_end_of_the_server_gets_a_new_one(
    user: Callable[..., User], postgres: EmbeddedPostgres
) -> None:
    for _ in range(3):
        owner = user()
        owner.line()
        owner.send(signal.SIGKILL)

        assert ask(postgres.start(), "SELECT 1") == "1"
        postgres.stop()


def test_pid_file_with_the_number_of_another_process_is_no_server(
    postgres: EmbeddedPostgres, data: Path
) -> None:
    postgres.start()
    pid_file = (data / "cluster" / "postmaster.pid").read_text().splitlines()
    owner = (data / "cluster").stat()
    postgres.stop()
    other = subprocess.Popen(["/bin/sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None)
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / "cluster" / name).write_text("\n".join([str(other.pid), *pid_file[1:], ""]))
        os.chown(data / "cluster" / name, owner.st_uid, owner.st_gid)

    url = postgres.start()

    assert ask(url, "SELECT 1") == "1"
    other.kill()
    other.wait()


def test_killed_server_is_started_again_by_the_next_user(
    user: Callable[..., User], postgres: EmbeddedPostgres, data: Path
) -> None:
    user().line()
    killed = postmaster_of(data)
    os.kill(killed, signal.SIGKILL)

    url = postgres.start()

    assert ask(url, "SELECT 1") == "1"
    assert postmaster_of(data) != killed


def test_server_ends_with_its_killed_keeper_and_its_zombie_is_no_server(
    user: Callable[..., User], postgres: EmbeddedPostgres, data: Path
) -> None:
    user(program=NEGLECTFUL_PARENT + USE).line()
    zombie = postmaster_of(data)
    os.kill(parent_of(zombie), signal.SIGKILL)
    assert eventually(lambda: is_zombie(zombie))

    url = postgres.start()

    assert ask(url, "SELECT 1") == "1"
    assert postmaster_of(data) != zombie
