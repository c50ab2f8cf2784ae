"""The inputs and outputs of a DMN table, as columns of a draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rules.document import Plain
from rules.errors import NotAValue
from rules.interchange.columns import Column, Columns, Spot
from rules.interchange.dmn.elements import Element
from rules.interchange.dmn.names import Asked, asked_by, fact_named
from rules.interchange.dmn.types import ColumnType, Types
from rules.interchange.dmn.vocabulary import said_by
from rules.interchange.drafts import name_from
from rules.interchange.unary_cells import KINDS
from rules.values import shown

_SAID = ("optional", "unit", "currency")


@dataclass(frozen=True)
class Surroundings:
    """What a table is read with: types, input data with their types, and the decisions that it requires."""

    types: Types
    facts: Mapping[str, str]
    required: Sequence[Asked]


class ColumnReader:
    """Reads the columns of one table, with the cells of its rules in the order given."""

    def __init__(self, table: Element, around: Surroundings, columns: Columns) -> None:
        self._table = table
        self._around = around
        self._columns = columns

    def inputs(self, rules: Sequence[Element]) -> list[Column]:
        return [self._input(n, one, rules) for n, one in enumerate(self._table.all("input"))]

    def outputs(self, rules: Sequence[Element], names: Mapping[str, str]) -> list[Column]:
        """The outputs, under these names of ours by the names that DMN gives them."""
        return [self._output(n, one, rules, names) for n, one in enumerate(self._table.all("output"))]

    def _input(self, n: int, element: Element, rules: Sequence[Element]) -> Column:
        expression = element.text_at("inputExpression", "text")
        spot = Spot(element.at, f"input {element.id}", expression)
        name, asked = self._named(element, spot)
        typed = element.first("inputExpression") or element
        reference = typed.attributes.get("typeRef") or self._around.facts.get(expression, "")
        label = element.attributes.get("label") or (expression if expression != name else "")
        said = {**_said(element, label), **({"from": asked} if asked else {})}
        return self._column(
            name,
            spot,
            self._type(reference, element, "inputValues", spot),
            said,
            _cells("inputEntry", n, rules),
        )

    def _output(self, n: int, element: Element, rules: Sequence[Element], names: Mapping[str, str]) -> Column:
        called = element.attributes.get("name", "")
        spot = Spot(element.at, f"output {element.id}", called)
        name = names.get(called, "")
        label = element.attributes.get("label") or (called if called != name else "")
        said = _said(element, label)
        if only_when := said_by(element, "onlyWhen"):
            other, _, value = only_when.partition("=")
            said["only_when"] = {other: value}
        reference = element.attributes.get("typeRef", "")
        return self._column(
            name,
            spot,
            self._type(reference, element, "outputValues", spot),
            said,
            _cells("outputEntry", n, rules),
        )

    def _named(self, element: Element, spot: Spot) -> tuple[str, dict[str, Plain] | None]:
        try:
            if asked := asked_by(spot.text, self._around.required):
                return said_by(element, "name") or name_from(spot.text), {
                    "table": asked[0],
                    "output": asked[1],
                }
            return fact_named(spot.text, tuple(self._around.facts)), None
        except NotAValue as refusal:
            self._columns.note(spot, refusal)
            return spot.what, None

    def _type(self, reference: str, element: Element, values: str, spot: Spot) -> ColumnType:
        """The type that DMN states, or ours that the column states besides, with the values allowed."""
        try:
            found = self._around.types.find(reference)
        except NotAValue as refusal:
            self._columns.note(spot, refusal)
            found = ColumnType(None)
        own = element.first(values)
        if own and own.text_at("text"):
            found = ColumnType(found.name, Spot(own.at, f"{values} {own.id}", own.text_at("text")))
        ours = said_by(element, "type")
        if not ours or found.name is None:
            return found
        if KINDS.get(ours) != KINDS.get(found.name, found.name):
            self._columns.note(
                spot, f"is a {found.name or 'column without a type'} and not our {shown(ours)}"
            )
            return found
        return ColumnType(ours, found.allowed)

    def _column(
        self, name: str, spot: Spot, kind: ColumnType, said: Mapping[str, Plain], cells: Sequence[Spot]
    ) -> Column:
        return Column(name=name, spot=spot, type=kind.name, allowed=kind.allowed, cells=cells, said=said)


def _said(element: Element, label: str) -> dict[str, Plain]:
    said: dict[str, Plain] = {name: text for name in _SAID if (text := said_by(element, name))}
    return {**said, "label": label} if label else said


def _cells(tag: str, n: int, rules: Sequence[Element]) -> list[Spot]:
    """The n-th cell of each rule; a rule that is too short is refused by itself."""
    cells = []
    for rule in rules:
        entries = list(rule.all(tag))
        cell = entries[n] if n < len(entries) else rule
        cells.append(
            Spot(cell.at, f"{cell.name} {cell.id}", cell.text_at("text") if cell is not rule else "-")
        )
    return cells
