"""The source of a process: its own module and what it imports of this project, however far."""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from server.packages import PACKAGES

_FOREIGN = {"site-packages", "dist-packages"}


def sources_of(modules: Iterable[ModuleType]) -> dict[str, str]:
    """Return the text of the modules, by name, and of every module of ours that they import.

    Ours are the packages of the process side and whatever else is neither installed, nor the standard
    library's, nor the host's. No path is in the result and lines end alike, so it is the same in every
    checkout.
    """
    found: dict[str, str] = {}
    waiting = {module.__name__: Path(module.__file__) for module in modules if module.__file__}
    while waiting:
        name, file = waiting.popitem()
        found[name] = file.read_text("utf-8")
        for imported in _imports_of(found[name]):
            if imported not in found and (path := _file_of(imported)):
                waiting[imported] = path
    return found


@cache
def _imports_of(text: str) -> frozenset[str]:
    """Name everything that the text imports and that may be a module, with the packages round it."""
    return frozenset(name for node in ast.walk(ast.parse(text)) for name in _named_by(node))


def _named_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=aliases):
            names = [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            names = [module, *(f"{module}.{alias.name}" for alias in aliases)]
        case _:
            return
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _file_of(name: str) -> Path | None:
    """Return the file of a module of ours; None for others, and for names that are no module."""
    if not is_ours(name):
        return None
    spec = _find(name)
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


@cache
def is_ours(name: str) -> bool:
    """Say whether a module belongs to the process side of this project."""
    top = name.partition(".")[0]
    if top in PACKAGES:
        return True
    if top == "server" or top in sys.stdlib_module_names:
        return False
    spec = _find(top)
    return bool(spec and spec.origin and _FOREIGN.isdisjoint(Path(spec.origin).parts))


def _find(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # a name inside a module, or a module that was made by hand
        return None
