"""What a deciding step needs from a host: the text that its case decides by, and a record of what was said.

Both must outlast the process, which a plain graph cannot promise. A host puts its own in place with `install`
round a run. Without a host the defaults hold: the file's text, and the state alone remembers.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from rules import Decision, Escalation, LayeredTable


class Rulebook(Protocol):
    """Keeps the tables that cases decide by, and what they decided."""

    async def pinned(self, table: LayeredTable) -> LayeredTable:
        """Return the table by whose text this case decides; `table` is what the files say now."""

    async def record(
        self, said: Decision | Escalation, *, by: LayeredTable, facts: Mapping[str, object]
    ) -> None:
        """Keep what a table said, and the facts as they were given; a repeat of the step changes nothing."""


class FileRulebook:
    """The rulebook outside a host: the files are the table, and nothing is kept but the state."""

    async def pinned(self, table: LayeredTable) -> LayeredTable:
        return table

    async def record(
        self, said: Decision | Escalation, *, by: LayeredTable, facts: Mapping[str, object]
    ) -> None:
        """Keep nothing."""


# The default holds no state, so that one instance can serve every context.
_rulebook: ContextVar[Rulebook] = ContextVar("rulebook", default=FileRulebook())  # noqa: B039


def current_rulebook() -> Rulebook:
    return _rulebook.get()


@contextmanager
def install(rulebook: Rulebook) -> Iterator[None]:
    """Put a host's rulebook in place for the decisions made in this context, and in tasks begun in it."""
    token = _rulebook.set(rulebook)
    try:
        yield
    finally:
        _rulebook.reset(token)
