"""A Tryton that was set up once, to be copied: setting one up takes a minute, copying it a moment."""

import hashlib
import os
import shutil
from pathlib import Path

from tools.tryton.setup.installation import PROGRAMS, ROOT, SEED, Installation

CACHE = PROGRAMS.parent / "templates"


def copy_template(folder: Path) -> Installation:
    """Return a fresh installation in `folder`, with the house and trade of the seed."""
    template = CACHE / _version()
    if not Installation(template).complete:
        _make(template)
    shutil.copytree(template, folder)
    return Installation(folder)


def _make(template: Path) -> None:
    """Set one up beside its place and move it there whole; who does the same meanwhile may be first."""
    making = template.with_name(f"{template.name}.{os.getpid()}")
    Installation(making).set_up()
    try:
        making.rename(template)
    except OSError:
        shutil.rmtree(making)


def _version() -> str:
    """Return a digest of all that a set-up depends on."""
    sources = [ROOT / "requirements" / "tryton.txt", SEED, *sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
