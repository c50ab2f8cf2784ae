"""A guard: the five packages must be ours.

`tools` and `rules` are plain words, and distributions on PyPI ship top-level packages of these names.
"""

from importlib.util import find_spec
from pathlib import Path

from server.errors import StartRefused

PACKAGES = ("graphs", "nodes", "rules", "tools")


def check_packages(home: Path | None = None) -> None:
    """Refuse to start when a package does not come from beside `server`.

    Raises:
        StartRefused: naming the package and where it came from.
    """
    expected = home or Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = find_spec(name)
        origin = spec.origin if spec else None
        if origin is None or Path(origin).resolve().parent.parent != expected:
            raise StartRefused(
                f"package {name!r} comes from {origin}, not from {expected}: uninstall the other one"
            )
