"""Trytons to run against: copies of one that was set up once, and what Tryton itself reads in their books."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.tryton.books import TrytonBooks
from tools.tryton.client import Client
from tools.tryton.settings import load_settings
from tools.tryton.setup.installation import DATABASE, PROGRAMS, ROOT, Installation
from tools.tryton.setup.template import copy_template

ORACLE = Path(__file__).with_name("tryton_oracle.py")
INSTALLED = (PROGRAMS / "trytond").exists()
MISSING = "there is no .tryton: `make test` installs it"


@dataclass(frozen=True)
class Tryton:
    """A running Tryton."""

    installation: Installation

    @property
    def environment(self) -> dict[str, str]:
        return self.installation.environment

    @property
    def client(self) -> Client:
        settings = load_settings(self.environment)
        return Client(settings.url, settings.database, key=settings.key)

    @property
    def books(self) -> TrytonBooks:
        return TrytonBooks(load_settings(self.environment))

    def told(self) -> dict[str, list[dict[str, Any]]]:
        """What Tryton's own client library reads in its books: documents and payments, in any state."""
        configuration = self.installation.folder / "trytond.conf"
        command = [str(PROGRAMS / "python"), str(ORACLE), DATABASE, str(configuration)]
        environment = {**os.environ, "TRYTOND_CONFIG": str(configuration)}
        output = subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=120
        ).stdout
        books: dict[str, list[dict[str, Any]]] = json.loads(output)
        return books

    def applied(self) -> list[dict[str, Any]]:
        """The posted documents, as the judges want them."""
        return [one for one in self.told()["documents"] if one["posted"]]


@contextmanager
def running_tryton(folder: Path) -> Iterator[Tryton]:
    """Run a fresh Tryton in a folder that is not there yet."""
    installation = copy_template(folder)
    with installation.running():
        yield Tryton(installation)


@contextmanager
def running_server(tryton: Tryton, *, url: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run our MCP server over a Tryton that it reaches at `url`; gives where it is reached itself."""
    environment = {**os.environ, **tryton.environment, "TRYTON_URL": url}
    # Callers may come through a proxy, whose port is not the server's own.
    command = [sys.executable, "-m", "tools.tryton", "--http", "127.0.0.1:0", "--allow-host", "127.0.0.1:*"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline().decode()
            if "http://" not in line:
                raise AssertionError(f"the server over Tryton did not start: {line}")
            yield line.split()[-1], process
        finally:
            process.kill()
