"""The three outside systems as processes, for whoever drives the host against them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from evidence import Books
from system_books import Books as OwnBooks
from system_books import Contract

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "systems.py"


@dataclass(frozen=True)
class System:
    """One running system: where it is reached, and what it did."""

    name: str
    url: str
    books: Books
    process: subprocess.Popen[bytes]


@contextmanager
def running_system(contract: Contract, file: Path, *, port: int = 0) -> Iterator[System]:
    """Run one system over `file` while the body runs."""
    command = [sys.executable, str(PROGRAM), "--contract", contract, "--database", str(file)]
    command += ["--http", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline().decode()
            if "http://" not in line:
                raise AssertionError(f"the {contract} system did not start: {line}")
            yield System(contract, line.split()[-1], OwnBooks(file), process)
        finally:
            process.kill()


@contextmanager
def running_systems(folder: Path) -> Iterator[dict[str, System]]:
    """Run all three, each over a file in the folder."""
    with ExitStack() as stack:
        yield {
            contract: stack.enter_context(running_system(contract, folder / f"{contract}.sqlite3"))
            for contract in get_args(Contract)
        }


def environment_of(systems: dict[str, System]) -> dict[str, str]:
    """Return what a host needs in its environment to run the gauntlet's process against these systems."""
    urls = {f"{contract.upper()}_URL": system.url for contract, system in systems.items()}
    return {
        **os.environ,
        **urls,
        "STEWARD_PROCESSES": str(HERE / "langgraph.json"),
        "STEWARD_SERVERS": str(HERE / "servers.toml"),
        "STEWARD_POLICIES": str(HERE / "policies"),
    }
