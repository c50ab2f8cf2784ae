"""The step that asks a table of `rules/` and keeps its word in the state."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Protocol, TypeVar

import rules
from rules import JsonValue, load_table

StateT = TypeVar("StateT")


class Step(Protocol):
    """A node, with the parameter's name that LangGraph's types ask for."""

    def __call__(self, state: Any) -> dict[str, JsonValue]: ...


def decide(
    table_name: str,
    *,
    facts: Callable[[StateT], Mapping[str, object]] | None = None,
    as_of: Callable[[StateT], date | str | None] | None = None,
) -> Step:
    """Make a step that decides by `rules/<table_name>.yaml` and returns `{"decision": {...}}`.

    The facts and the day come from the state's fields `facts` and `as_of`, unless a function of the state
    is given for them. The table is read here, while the graph is built, so a malformed one stops the start
    and not a case. An escalation (`kind` other than `decision`) is kept in the same field for the graph to
    route: a table that cannot decide is a question for a person, not an error.

    Raises:
        TableError: the table is malformed; its findings say where.
        TableNotFound: there is no table of this name.
    """
    table = load_table(table_name)

    def step(state: StateT) -> dict[str, JsonValue]:
        given = facts(state) if facts else _field(state, "facts")
        day = as_of(state) if as_of else _field(state, "as_of")
        return {"decision": rules.decide(table, given, as_of=day).as_json()}

    step.__name__ = step.__qualname__ = "decide"
    step.__doc__ = f"Decide by table {table.id}, version {table.version}: {table.title}."
    return step


def _field(state: object, name: str) -> Any:
    """A field of a state, which is a model or a mapping."""
    return state[name] if isinstance(state, Mapping) else getattr(state, name)
