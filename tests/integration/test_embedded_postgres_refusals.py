"""The private PostgreSQL when it cannot start: it says why, and what to do."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from server.storage.embedded import EmbeddedPostgres, EmbeddedPostgresError

BINARIES = "STEWARD_POSTGRES_BIN"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def postgres(data: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(data)
    yield postgres
    postgres.stop()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Programs whose initdb finds no space, where every account can run them."""
    scripts = {"postgres": "echo 'postgres (PostgreSQL) 18.6'", "initdb": "echo 'No space left' >&2; exit 1"}
    with tempfile.TemporaryDirectory() as folder:
        for name, script in scripts.items():
            Path(folder, name).write_text(f"#!/bin/sh\n{script}\n")
            Path(folder, name).chmod(0o755)
        Path(folder).chmod(0o755)
        monkeypatch.setenv(BINARIES, folder)
        yield


def test_short_socket_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / ("long" * 40))
    sockets = Path(parse_qs(urlsplit(postgres.start()).query)["host"][0])
    postgres.stop()
    sockets.mkdir()
    sockets.chmod(0o755)

    with pytest.raises(EmbeddedPostgresError, match="is not private"):
        postgres.start()

    sockets.rmdir()


def test_named_folder_without_programs_is_refused(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(BINARIES, str(tmp_path))

    with pytest.raises(EmbeddedPostgresError, match="no postgres and initdb there"):
        postgres.start()


def test_cluster_of_another_version_is_refused_with_both_named(
    postgres: EmbeddedPostgres, data: Path
) -> None:
    postgres.start()
    postgres.stop()
    (data / "cluster" / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 9, but .* is PostgreSQL \d\d"):
        postgres.start()


@pytest.mark.usefixtures("full_disk")
def test_failure_of_initdb_is_told_in_its_words_and_leaves_no_cluster(
    postgres: EmbeddedPostgres, data: Path
) -> None:
    with pytest.raises(EmbeddedPostgresError, match="No space left"):
        postgres.start()

    assert not (data / "cluster").exists()


def test_failure_of_the_server_is_told_in_its_words(postgres: EmbeddedPostgres, data: Path) -> None:
    postgres.start()
    postgres.stop()
    (data / "cluster" / "postgresql.conf").write_text("no_such_setting = on\n")

    with pytest.raises(EmbeddedPostgresError, match=r"(?s)ended at its start; .*no_such_setting"):
        postgres.start()


def test_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedPostgresError, match="no PostgreSQL in"):
        EmbeddedPostgres(tmp_path / "file").start()
