"""The step that asks a table of `rules/` and keeps its word in the state."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date
from typing import Any, Protocol, TypeVar

import rules
from nodes.ports import current_rulebook
from rules import (
    Escalation,
    Finding,
    JsonValue,
    LayeredTable,
    Table,
    TableError,
    load_layers,
    rows_concerned,
)
from rules.verify import check_table

StateT = TypeVar("StateT")


class Step(Protocol):
    """A node, with the parameter's name that LangGraph's types ask for."""

    def __call__(self, state: Any) -> Awaitable[dict[str, JsonValue]]: ...


def decide(
    table: str | LayeredTable,
    *,
    facts: Callable[[StateT], Mapping[str, object]] | None = None,
    as_of: Callable[[StateT], date | str | None] | None = None,
    context: Callable[[StateT], Mapping[str, str | None]] | None = None,
    sources: Mapping[str, str] | None = None,
    reads: Collection[str] | None = None,
    into: str = "decision",
) -> Step:
    """Make a step that decides by a table and returns `{"decision": {...}}`, or another field than that.

    `table` is the name of a file in `rules/`, or a table that was loaded from elsewhere. The facts and the
    day come from the state's fields `facts` and `as_of`, unless a function of the state is given for them;
    `context` says which overlays apply, and without it none does; `sources` say where each fact comes from,
    and are kept with the decision; `reads` names the outputs that the graph acts on. The table is read here,
    while the graph is built, so a malformed one stops the start and not a case; a case that began under an
    earlier text decides by that to its end, where a host keeps it (see `nodes.ports`). An escalation (`kind`
    other than `decision`) is kept in the same field for the graph to route, with the rows that it is about in
    `concerned`: a table that cannot decide is a question for a person, not an error.

    Raises:
        TableError: the table is malformed, asks for a fact without a source, or says what nobody reads; its
            findings say where.
        TableNotFound: there is no table of this name.
    """
    layers = load_layers(table) if isinstance(table, str) else table
    _check_use(layers.base, sources=sources, reads=reads)

    async def step(state: StateT) -> dict[str, JsonValue]:
        given = facts(state) if facts else _field(state, "facts")
        day = as_of(state) if as_of else _field(state, "as_of")
        rulebook = current_rulebook()
        text = await rulebook.pinned(layers)
        effective = text.table(context(state) if context else {}, _day(day))
        said = rules.decide(effective, given, as_of=day, sources=sources)
        await rulebook.record(said, by=text, facts=given)
        if isinstance(said, Escalation):
            return {into: {**said.as_json(), "concerned": rows_concerned(said)}}
        return {into: said.as_json()}

    step.__name__ = step.__qualname__ = "decide"
    step.__doc__ = f"Decide by table {layers.base.id}, version {layers.base.version}: {layers.base.title}."
    return step


def _check_use(table: Table, *, sources: Mapping[str, str] | None, reads: Collection[str] | None) -> None:
    if sources is None and reads is None:
        return
    flaws = check_table(table, delivered=sources, read=reads)
    if findings := [
        Finding(flaw.file, flaw.line, 1, f"{flaw.message}: {flaw.suggestion}")
        for flaw in flaws
        if flaw.kind in ("undeliverable_input", "unread_output")
    ]:
        raise TableError(findings)


def _field(state: object, name: str) -> Any:
    """A field of a state, which is a model or a mapping."""
    return state[name] if isinstance(state, Mapping) else getattr(state, name)


def _day(as_of: date | str | None) -> date | None:
    """The day on which overlays are looked for; what is none, the table itself refuses."""
    try:
        return date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError:
        return None
