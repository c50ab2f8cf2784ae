"""One Tryton in a folder: its configuration, its database, its server."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from tools.tryton.setup.access import make_user
from tools.tryton.setup.houses import make_house
from tools.tryton.setup.rpc import Admin
from tools.tryton.setup.trade import make_trade

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / ".tryton" / "bin"
SEED = ROOT / "tools" / "erp" / "seed.toml"
SQLITE = "sqlite://"
DATABASE = "steward"
MODULES = (
    "account_invoice",
    "account_invoice_stock",
    "account_payment",
    "bank",
    "purchase",
    "purchase_blanket_agreement",
)
SEED_YEAR = 2026
START_S = 120.0


class Installation:
    """A Tryton whose everything is in `folder`, but for its database if `uri` names a PostgreSQL."""

    def __init__(self, folder: Path, *, uri: str = SQLITE) -> None:
        self.folder = folder.resolve()
        self._uri = uri
        self.port = _free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key_file(self) -> Path:
        return self.folder / "key"

    @property
    def environment(self) -> dict[str, str]:
        """What our server needs to know of it."""
        return {
            "TRYTON_URL": self.url,
            "TRYTON_DATABASE": DATABASE,
            "TRYTON_KEY_FILE": str(self.key_file),
            "TRYTON_CLAIMS": str(self.folder / "claims.sqlite3"),
        }

    @property
    def complete(self) -> bool:
        """Whether it was set up to the end: the key is made last."""
        return self.key_file.exists()

    def set_up(self) -> None:
        """Make the database, the house, its trade and the user, unless that was done before.

        What a set-up left behind that did not come to its end is thrown away first.
        """
        if self.complete:
            return
        shutil.rmtree(self.folder / "database", ignore_errors=True)
        (self.folder / "database").mkdir(parents=True)
        password = secrets.token_urlsafe(24)
        _write_secret(self.folder / "admin-password", password)
        self._make_database()
        with self.running():
            self._fill(password)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the server while the body runs; it ends with this process, however that ends."""
        self._configure()
        command = [str(PROGRAMS / "trytond"), "-c", str(self._configuration), "-d", DATABASE]
        keeper = [sys.executable, "-m", "tools.tryton.setup.keeper", *command]
        with (self.folder / "trytond.log").open("ab") as log:
            process = subprocess.Popen(
                keeper, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        with process:
            try:
                self._wait(process)
                yield
            finally:
                if process.stdin is not None:
                    process.stdin.close()
                process.wait()

    @property
    def _configuration(self) -> Path:
        return self.folder / "trytond.conf"

    def _configure(self) -> None:
        self._configuration.write_text(
            f"[database]\nuri = {self._uri}\npath = {self.folder / 'database'}\n"
            f"[web]\nlisten = 127.0.0.1:{self.port}\n",
            encoding="utf-8",
        )

    def _make_database(self) -> None:
        self._configure()
        if self._uri == SQLITE:
            (self.folder / "database" / f"{DATABASE}.sqlite").touch()
        self._administer("--all", "-l", "en", "--email", "admin@localhost")
        self._administer("-u", *MODULES, "--activate-dependencies")

    def _administer(self, *arguments: str) -> None:
        program = [str(PROGRAMS / "trytond-admin"), "-c", str(self._configuration), "-d", DATABASE]
        environment = {**os.environ, "TRYTONPASSFILE": str(self.folder / "admin-password")}
        subprocess.run([*program, *arguments], env=environment, check=True, stdin=subprocess.DEVNULL)

    def _fill(self, password: str) -> None:
        seed = tomllib.loads(SEED.read_text(encoding="utf-8"))
        admin = Admin(self.url, DATABASE, password=password)
        make_house(admin, seed, years=sorted({SEED_YEAR, datetime.now(UTC).year}))
        make_trade(admin, seed)
        _write_secret(self.key_file, make_user(admin))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        port = urlsplit(self.url).port
        deadline = time.monotonic() + START_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port or 0), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"Tryton does not start; see {self.folder / 'trytond.log'}")


def _write_secret(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
