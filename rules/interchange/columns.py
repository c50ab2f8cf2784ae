"""The columns of another engine's table and what they become: a declaration of ours, and a cell for each row.

What has no counterpart is noted where it stands, and reading goes on, so that all of it is said at once.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from rules.declarations import PLAIN_TYPES, name_of, word_of
from rules.document import Findings, Place, Plain
from rules.errors import NotAValue
from rules.interchange.unary import (
    Compared,
    Dialect,
    LiteralKind,
    Literally,
    Tests,
    is_null,
    read_literal,
    read_tests,
)
from rules.interchange.unary_cells import KINDS, cell_text, literal_text
from rules.values import EnumType, MoneyType, ValueType, currency_code, shown

ReadT = TypeVar("ReadT")


class Spot(NamedTuple):
    """A text of another engine's file: where it stands, and what it is there."""

    at: Place
    what: str
    text: str


@dataclass(kw_only=True)
class Column:
    """An input or an output, with its cell of each row.

    `type` is ours, or `number` or `string` where the values decide which of ours it is, or empty where only
    the literals show it, or None if it was refused. `allowed` lists or bounds the values; where it does not,
    `words` are those of strings. `said` is what else its declaration says.
    """

    name: str
    spot: Spot
    type: str | None
    allowed: Spot | None
    cells: Sequence[Spot]
    words: Sequence[str] = ()
    said: Mapping[str, Plain] = field(default_factory=dict)


class _Declared(NamedTuple):
    """A declaration as our file says it, and what reading a cell needs of it."""

    entry: dict[str, Plain]
    type: ValueType
    literals: LiteralKind
    optional: bool


class Columns:
    """Reads columns, in the words of one dialect."""

    def __init__(self, dialect: Dialect, findings: Findings) -> None:
        self._dialect = dialect
        self._findings = findings

    def note(self, spot: Spot, message: object) -> None:
        """Note what is wrong with a text."""
        text = f", {shown(spot.text)}" if spot.text else ""
        self._findings.add(spot.at, f"{spot.what}{text}: {message}")

    def input(self, column: Column) -> tuple[dict[str, Plain], list[str]]:
        """The declaration of an input, and its cells; what is wrong stands in as `-`."""
        noted = len(self._findings.found)
        tests = [self._tests(cell) for cell in column.cells]
        literals = [literal for one in tests for literal in one.literals()]
        declared = self._declared(column, literals, word="code", readable=len(self._findings.found) == noted)
        if declared is None:
            return {}, ["-"] * len(tests)
        if declared.optional:
            declared.entry["optional"] = "true"
        cells = [self._cell(spot, one, declared) for spot, one in zip(column.cells, tests, strict=True)]
        return declared.entry, cells

    def output(self, column: Column, *, may_be_silent: bool) -> tuple[dict[str, Plain], list[str]]:
        """The declaration of an output, and what it says in each row."""
        noted = len(self._findings.found)
        silent = may_be_silent or "only_when" in column.said
        said = [self._literal(cell, silent=silent) for cell in column.cells]
        literals = [one for one in said if one]
        declared = self._declared(column, literals, word="text", readable=len(self._findings.found) == noted)
        if declared is None:
            return {}, ["-"] * len(said)
        cells = [self._word(spot, one, declared) for spot, one in zip(column.cells, said, strict=True)]
        return declared.entry, cells

    def words(self, cells: Sequence[Spot]) -> list[str]:
        """The strings that cells say; what else they say is refused where they are read."""
        said = []
        for cell in cells:
            with suppress(NotAValue):
                said.append(read_literal(cell.text, self._dialect))
        return list(dict.fromkeys(literal.text for literal in said if literal.kind == "string"))

    def values(self, column: Column) -> list[str]:
        """The values that a column lists as allowed, in their order; none if it bounds them otherwise."""
        return _listed(self._tests(column.allowed)) if column.allowed else []

    def _declared(
        self, column: Column, literals: Sequence[Literally], *, word: str, readable: bool
    ) -> _Declared | None:
        """What the column is, unless it cannot be told; `word` is our type for strings of no list."""
        allowed = self._tests(column.allowed) if column.allowed else Tests(())
        known = Tests(tuple(test for test in allowed.each if not is_null(test)), negated=allowed.negated)
        every = [*literals, *allowed.literals()]
        stated = self._type_shown_by(every, column.spot, readable) if column.type == "" else column.type
        values = (_listed(known) or [*column.words]) if stated in ("string", "enum", "role") else []
        name = {"string": "enum" if values else word, "number": "decimal"}.get(stated or "", stated)
        kind = self._read(column.spot, partial(_value_type, name, values, column.said)) if name else None
        if not name or kind is None:
            return None
        optional = "optional" in column.said or any(literal.kind == "null" for literal in every)
        entry: dict[str, Plain] = {"type": name, **({"values": [*values]} if values else {}), **column.said}
        declared = _Declared(entry, kind, KINDS[name], optional)
        if known.each and column.allowed and not values and not _is_every_boolean(known, name):
            entry["domain"] = self._cell(column.allowed, known, declared._replace(optional=False))
        return declared

    def _type_shown_by(self, literals: Sequence[Literally], spot: Spot, readable: bool) -> str | None:
        kinds = sorted({literal.kind for literal in literals} - {"null"})
        if len(kinds) == 1:
            return kinds[0]
        if readable:
            shown_by = "literals of several types" if kinds else "no literal that shows one"
            self.note(spot, f"states no type, and its cells hold {shown_by}")
        return None

    def _cell(self, spot: Spot, tests: Tests, declared: _Declared) -> str:
        reader = partial(
            cell_text, tests, declared.type, literals=declared.literals, optional=declared.optional
        )
        return self._read(spot, reader) or "-"

    def _word(self, spot: Spot, literal: Literally | None, declared: _Declared) -> str:
        if literal is None:
            return "-"
        return (
            self._read(spot, partial(literal_text, literal, declared.type, literals=declared.literals)) or "-"
        )

    def _tests(self, spot: Spot) -> Tests:
        return self._read(spot, partial(read_tests, spot.text, self._dialect)) or Tests(())

    def _literal(self, spot: Spot, *, silent: bool) -> Literally | None:
        if spot.text.strip() not in ("", "-"):
            return self._read(spot, partial(read_literal, spot.text, self._dialect))
        if not silent:
            self.note(spot, "says nothing, and a rule of ours says every output")
        return None

    def _read(self, spot: Spot, reader: Callable[[], ReadT]) -> ReadT | None:
        try:
            return reader()
        except NotAValue as refusal:
            self.note(spot, refusal)
            return None


def _value_type(name: str, values: Sequence[str], said: Mapping[str, Plain]) -> ValueType:
    if name == "money":
        return MoneyType(currency_code(str(said.get("currency", ""))))
    if name in ("enum", "role"):
        return EnumType(tuple(map(name_of if name == "role" else word_of, values)))
    return PLAIN_TYPES[name]


def _listed(tests: Tests) -> list[str]:
    """The literals of a plain list, each once."""
    plain = [test.literal.text for test in tests.each if isinstance(test, Compared) and test.sign == "="]
    return list(dict.fromkeys(plain)) if len(plain) == len(tests.each) and not tests.negated else []


def _is_every_boolean(tests: Tests, name: str) -> bool:
    return name == "boolean" and {*_listed(tests)} == {"true", "false"}
