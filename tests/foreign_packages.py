"""Programs that nobody here wrote, installed from the registries by name and pinned version.

They are kept between runs in a folder of the user's cache, or the one that STEWARD_TEST_CACHE names.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("STEWARD_TEST_CACHE") or Path.home() / ".cache" / "steward-tests")
INSTALLING_S = 300


def npm_packages(*packages: str) -> Path:
    """Return the `node_modules` folder that holds the packages (`name@version`); skip where npm cannot."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here")
    with _folder("npm", packages) as (folder, ready):
        if not ready:
            _install(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", *packages], folder)
    return folder / "node_modules"


def python_packages(*packages: str) -> Path:
    """Return the folder of programs of an environment with the packages (`name==version`), or skip."""
    with _folder(f"python{sys.version_info.minor}", packages) as (folder, ready):
        if not ready:
            _install([sys.executable, "-m", "venv", str(folder)], folder)
            _install([str(folder / "bin" / "pip"), "install", "--quiet", *packages], folder)
    return folder / "bin"


@contextmanager
def _folder(kind: str, packages: tuple[str, ...]):
    """Lock the folder of these packages, and say whether they are there; afterwards they are."""
    name = "_".join([kind, *packages]).replace("/", "-").replace("@", "")
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "installed"
        yield folder, done.exists()
        done.touch()


def _install(command: list[str], folder: Path) -> None:
    try:
        ended = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALLING_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[0]} did not install within {INSTALLING_S} s")
    if ended.returncode:
        pytest.skip(f"{Path(command[0]).name} cannot install: {ended.stderr[-500:]}")
