"""Trytons for tests: copies of one that was set up once, and what Tryton itself reads in their books."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.tryton.books import TrytonBooks
from tools.tryton.client import Client
from tools.tryton.settings import load_settings
from tools.tryton.setup.installation import DATABASE, PROGRAMS, Installation
from tools.tryton.setup.template import copy_template

ORACLE = Path(__file__).with_name("tryton_oracle.py")
needs_tryton = pytest.mark.skipif(
    not (PROGRAMS / "trytond").exists(), reason="there is no .tryton: `make test` installs it"
)


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
        return read_books(self.installation)


@contextmanager
def running_tryton(folder: Path) -> Iterator[Tryton]:
    """Run a fresh Tryton in a folder that is not there yet."""
    installation = copy_template(folder)
    with installation.running():
        yield Tryton(installation)


def read_books(installation: Installation) -> dict[str, list[dict[str, Any]]]:
    configuration = installation.folder / "trytond.conf"
    command = [str(PROGRAMS / "python"), str(ORACLE), DATABASE, str(configuration)]
    environment = {**os.environ, "TRYTOND_CONFIG": str(configuration)}
    output = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=120
    ).stdout
    books: dict[str, list[dict[str, Any]]] = json.loads(output)
    return books
