"""What the input expression of a column names: a fact, or what another decision says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rules.errors import NotAValue
from rules.interchange.drafts import name_from
from rules.values import shown

_PLAIN = re.compile(r"[^\W\d]\w*(?:[ .]\w+)*")
_FEEL_WORDS = {
    *("and", "or", "not", "in", "between", "if", "then", "else", "for", "return", "some", "every"),
    *("satisfies", "instance", "of", "function", "external", "true", "false", "null"),
}


@dataclass(frozen=True)
class Asked:
    """A decision that others may require: its table's id here, and its outputs by their names in DMN."""

    table: str
    called: Sequence[str]
    outputs: Mapping[str, str]


def asked_by(expression: str, required: Sequence[Asked]) -> tuple[str, str] | None:
    """The table and the output that an expression means, None if it means a fact. Raises `NotAValue`.

    A decision of one output is called by its name or its id, one of several by its name with the output's;
    older engines also know an output by its bare name.
    """
    meant = {
        (asked.table, name)
        for asked in required
        for called, name in asked.outputs.items()
        if expression in _ways_to_say(asked, called)
    }
    if len(meant) > 1:
        raise NotAValue(f"{shown(expression)} may mean an output of several required decisions")
    return next(iter(meant), None)


def fact_named(expression: str, declared: Sequence[str]) -> str:
    """The name of the fact that an expression is, `declared` or not. Raises `NotAValue`."""
    words = expression.replace(".", " ").split()
    if expression not in declared and (not _PLAIN.fullmatch(expression) or _FEEL_WORDS.intersection(words)):
        raise NotAValue(f"{shown(expression)} is no plain name, and FEEL expressions are not carried over")
    return name_from(expression)


def _ways_to_say(asked: Asked, output: str) -> set[str]:
    ways = {output, *(f"{called}.{output}" for called in asked.called)} if output else set()
    return ways | set(asked.called) if len(asked.outputs) == 1 else ways
