"""Lines of a stream of bytes, none of them held beyond a bound."""

import re
from collections.abc import Iterator

END = re.compile(rb"\r\n|\n|\r")
# What is kept of each end of a line that is too long: enough to make out which request it answers.
KEPT_BYTES = 1024


class Lines:
    """Cuts chunks of bytes into lines; of one with more than `longest` bytes only its two ends are kept."""

    def __init__(self, *, longest: int) -> None:
        self._longest = longest
        self._half_end = b""
        self._parts: list[bytes] = []
        self._size = 0

    def cut(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """Return the lines that end in this chunk, and of each whether it is whole."""
        chunk = self._half_end + chunk
        self._half_end = chunk[-1:] if chunk.endswith(b"\r") else b""
        first, *others = END.split(chunk[: len(chunk) - len(self._half_end)])
        self._add(first)
        for other in others:
            yield b"".join(self._parts), self._size <= self._longest
            self._parts, self._size = [], 0
            self._add(other)

    @property
    def size(self) -> int:
        """How many bytes the line under way has until now."""
        return self._size

    def _add(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._longest:
            held = b"".join(self._parts)
            self._parts = [held[:KEPT_BYTES], held[KEPT_BYTES:][-KEPT_BYTES:]]
