"""The files of a private PostgreSQL: made once by initdb, and made ready for each start of their server."""

import contextlib
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from server.storage.embedded_binaries import BINARIES_VARIABLE, Account, Binaries, EmbeddedPostgresError

OWNER = "steward"
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103  # what macOS takes; Linux takes 107
LOG_LINES = 20

SETTINGS = {
    "port": "5432",  # only the name of the socket
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class Cluster:
    """PostgreSQL's data directory `folder`, and the file that its server logs to."""

    folder: Path
    log: Path

    @property
    def sockets(self) -> Path:
        """Where the socket is: in the cluster, which is private, or below /tmp if clients could not go there.

        An address has a limit, and libpq takes a comma for the end of a first host.
        """
        if len(os.fsencode(self.folder / SOCKET)) <= SOCKET_PATH_BYTES and "," not in str(self.folder):
            return self.folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path("/tmp", f"steward-{digest}")  # noqa: S108  made private or refused by _make_private

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self.sockets), safe='')}&port=5432"

    def prepare(self, binaries: Binaries, account: Account, *, lock: int) -> None:
        """Make the cluster if there is none, and clear the way for its server.

        `lock` is the descriptor of the held server lock. initdb gets it, too, so that one whose starter was
        killed has ended before the next starter comes here.
        """
        if not self.folder.exists():
            self._initialise(binaries, account, lock=lock)
        self._check_version(binaries)
        self._remove_stale_files()
        if self.sockets != self.folder:
            _make_private(self.sockets, account)

    def server_options(self) -> list[str]:
        """The settings as arguments: they hold for an old cluster as for a new one."""
        sockets = "." if self.sockets == self.folder else str(self.sockets)  # `.` is the cluster for a server
        settings = SETTINGS | {"unix_socket_directories": sockets}
        return [f"--{name}={value}" for name, value in settings.items()]

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def logged(self, since: int) -> str:
        """The last lines of the log, but none before byte `since`, as the end of a message."""
        with self.log.open("rb") as log:
            log.seek(since)
            return f"{self.log} ends with:{_end_of(log.read().decode(errors='replace'))}"

    def _initialise(self, binaries: Binaries, account: Account, *, lock: int) -> None:
        """Run initdb in a draft, so that a cluster is whole or not there."""
        draft = self.folder.with_name("cluster.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        os.chown(draft, account.uid, account.gid)
        with reachable(draft) as (path, directory):
            command = [str(binaries.folder / "initdb"), f"--pgdata={path}", *_initdb_options(binaries)]
            done = account.run(command, pass_fds=(lock, directory))
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"PostgreSQL's initdb failed:{_end_of(done.stdout)}")
        draft.rename(self.folder)
        _sync(self.folder.parent)

    def _check_version(self, binaries: Binaries) -> None:
        maker = int((self.folder / "PG_VERSION").read_text())
        if maker != binaries.major:
            raise EmbeddedPostgresError(
                f"{self.folder} was made by PostgreSQL {maker}, but {binaries.folder} is PostgreSQL "
                f"{binaries.major}: set {BINARIES_VARIABLE} to the programs of {maker}; to move to "
                f"{binaries.major}, dump the data with those and restore it into a new data directory"
            )

    def _remove_stale_files(self) -> None:
        """Remove the pid files of a server that was cut off.

        PostgreSQL would not start if another process had been given the number in them. The server lock is
        ours, so none of its processes lives; and should somebody run the cluster by hand, PostgreSQL notices
        by the shared memory block that is named after the directory.
        """
        for file in (self.folder / "postmaster.pid", self.sockets / f"{SOCKET}.lock"):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def reachable(folder: Path) -> Iterator[tuple[str, int]]:
    """The folder as an argument to a program, and the descriptor to pass with it.

    If we are root, a directory above may be closed to the account that runs the server. Through the
    descriptor the account gets to this folder and to nothing beside it.
    """
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    by_descriptor = os.geteuid() == 0 and sys.platform == "linux"
    try:
        yield f"/proc/self/fd/{directory}" if by_descriptor else str(folder), directory
    finally:
        os.close(directory)


def _end_of(output: str) -> str:
    return "\n".join(["", *output.splitlines()[-LOG_LINES:]])


def _initdb_options(binaries: Binaries) -> list[str]:
    """Text sorts by code point, on every machine; from 17 on, upper and lower case know all of Unicode."""
    unicode_case = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if binaries.major >= 17 else []
    return [
        f"--username={OWNER}",
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--no-locale",
        *unicode_case,
        "--data-checksums",
        "--no-instructions",
    ]


def _make_private(folder: Path, account: Account) -> None:
    """Make the account a directory of its own, and refuse one that somebody else put there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid in {os.geteuid(), account.uid}
    if not ours or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise EmbeddedPostgresError(f"{folder} is not private: remove it, or choose a shorter data directory")
    os.chown(folder, account.uid, account.gid)


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
