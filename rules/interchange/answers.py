"""What a decision that is asked says, as the column that asks for it has it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rules.document import Plain
from rules.errors import NotAValue
from rules.table import Table
from rules.values import MoneyType


class Answer(NamedTuple):
    """A type of ours, its words if it is an enumeration, and what else a declaration says of it."""

    type: str
    words: Sequence[str]
    said: Mapping[str, Plain]


def answer_of(table: Table, name: str) -> Answer:
    """What a table says in one output. Raises `NotAValue`."""
    output = table.outputs[name]
    if table.aggregate == "list":
        raise NotAValue(f"decision {table.id!r} says a list, and a column of ours holds one value")
    if table.aggregate == "count":
        return Answer("integer", (), {})
    said: dict[str, Plain] = {}
    if isinstance(output.value_type, MoneyType):
        said["currency"] = output.value_type.currency
    if table.aggregate in ("min", "max"):  # of nothing there is none
        said["optional"] = "true"
    return Answer("enum" if output.type == "role" else output.type, output.values, said)
