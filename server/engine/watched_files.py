"""Files that decide about what leaves the house, read again when they change."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from server.errors import StartRefused

LOOK_EVERY_S = 1.0

_ContentT = TypeVar("_ContentT")
_Stamp = tuple[int, int, int]


class WatchedFiles(Generic[_ContentT]):
    """What `read` makes of the files that `find` names, made anew when one of them changes.

    They are looked at once a second at most.

    What cannot be read any more is not replaced by what was read before: whoever changed a file meant to
    change what may be done, perhaps to forbid it.

    Raises:
        StartRefused: they cannot be read now.
    """

    def __init__(self, find: Callable[[], Sequence[Path]], read: Callable[[], _ContentT]) -> None:
        self._find = find
        self._read = read
        self._stamps = self._look()
        self._looked_at = time.monotonic()
        self._content: _ContentT | StartRefused = read()

    def current(self) -> _ContentT:
        """Return what the files say now.

        Raises:
            StartRefused: they cannot be read.
        """
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._look_again()
        if isinstance(self._content, StartRefused):
            raise self._content
        return self._content

    def _look_again(self) -> None:
        try:
            stamps = self._look()
            if stamps == self._stamps:
                return
            gone = [file for file, stamp in stamps.items() if self._stamps.get(file) and not stamp]
            self._stamps = stamps
            self._content = StartRefused(f"{gone[0]} is gone") if gone else self._read()
        except StartRefused as refusal:
            self._content = refusal

    def _look(self) -> dict[Path, _Stamp | None]:
        return {file: _stamp(file) for file in self._find()}


def _stamp(file: Path) -> _Stamp | None:
    """What changes when the file does; None while there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
