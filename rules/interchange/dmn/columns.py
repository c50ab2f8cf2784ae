"""The inputs and outputs of a DMN table, as columns of a draft."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from rules.document import Plain
from rules.errors import NotAValue
from rules.formulas import parse_formula
from rules.interchange.answers import answer_of
from rules.interchange.columns import Column, Columns, Spot
from rules.interchange.dmn.elements import Element
from rules.interchange.dmn.formulas import expression_of
from rules.interchange.dmn.names import Asked, asked_by, fact_named
from rules.interchange.dmn.types import ColumnType, Types
from rules.interchange.dmn.vocabulary import said_by
from rules.interchange.drafts import name_from
from rules.interchange.unary_cells import KINDS, literals_of
from rules.table import Table
from rules.values import shown

_SAID = ("optional", "unit", "currency")


@dataclass(frozen=True)
class Surroundings:
    """What a table is read with.

    The file's types, its input data with theirs, the decisions required and the tables that they became, and
    which of the table's own outputs others ask for.
    """

    types: Types
    facts: Mapping[str, str]
    required: Sequence[Asked]
    tables: Mapping[str, Table]
    asked_for: Set[str]


class ColumnReader:
    """Reads the columns of one table, with the cells of its rules in the order given."""

    def __init__(self, table: Element, around: Surroundings, columns: Columns) -> None:
        self._table = table
        self._around = around
        self._columns = columns
        texts = [(one, one.text_at("inputExpression", "text")) for one in table.all("input")]
        self._expressions = {said_by(one, "name") or text: text for one, text in texts}

    def inputs(self, rules: Sequence[Element]) -> list[Column]:
        return [self._input(n, one, rules) for n, one in enumerate(self._table.all("input"))]

    def outputs(self, rules: Sequence[Element], names: Mapping[str, str]) -> list[Column]:
        """The outputs, under these names of ours by the names that DMN gives them."""
        return [self._output(n, one, rules, names) for n, one in enumerate(self._table.all("output"))]

    def _input(self, n: int, element: Element, rules: Sequence[Element]) -> Column:
        spot = Spot(element.at, f"input {element.id}", element.text_at("inputExpression", "text"))
        cells = _cells("inputEntry", n, rules)
        try:
            if formula := said_by(element, "derived"):
                return self._derived(element, spot, cells, formula)
            if question := asked_by(spot.text, self._around.required):
                return self._answered(element, spot, cells, *question)
            name = fact_named(spot.text, tuple(self._around.facts))
        except NotAValue as refusal:
            self._columns.note(spot, refusal)
            return Column(name=spot.what, spot=spot, type=None, allowed=None, cells=cells)
        kind = self._input_type(element, spot)
        said = _said(element, spot.text, name)
        return Column(name=name, spot=spot, type=kind.name, allowed=kind.allowed, cells=cells, said=said)

    def _derived(self, element: Element, spot: Spot, cells: Sequence[Spot], formula: str) -> Column:
        """An input that our own formula derives, as long as the expression beside it is the same."""
        if expression_of(parse_formula(formula), self._expressions) != spot.text:
            raise NotAValue(f"is another expression than the formula {shown(formula)} that stands beside it")
        name, kind = said_by(element, "name"), self._input_type(element, spot)
        said = {**_said(element, spot.text, name), "derived": formula}
        return Column(name=name, spot=spot, type=kind.name, allowed=kind.allowed, cells=cells, said=said)

    def _answered(
        self, element: Element, spot: Spot, cells: Sequence[Spot], table: str, output: str
    ) -> Column:
        """An input that another decision answers, and so decides the type of."""
        name = said_by(element, "name") or name_from(spot.text)
        kind = self._input_type(element, spot)
        answer = answer_of(self._around.tables[table], output) if table in self._around.tables else None
        if answer and kind.name and literals_of(kind.name) != literals_of(answer.type):
            self._columns.note(spot, f"is a {kind.name}, and decision {table!r} says a {answer.type}")
        said = _said(element, spot.text, name) | {"from": {"table": table, "output": output}}
        return Column(
            name=name,
            spot=spot,
            type=answer.type if answer else None,
            allowed=kind.allowed,
            cells=cells,
            words=answer.words if answer else (),
            said={**said, **(answer.said if answer else {})},
        )

    def _output(self, n: int, element: Element, rules: Sequence[Element], names: Mapping[str, str]) -> Column:
        called = element.attributes.get("name", "")
        spot = Spot(element.at, f"output {element.id}", called)
        name = names.get(called, "")
        said = _said(element, called, name)
        if only_when := said_by(element, "onlyWhen"):
            other, _, value = only_when.partition("=")
            said["only_when"] = {other: value}
        kind = self._type(element.attributes.get("typeRef", ""), element, "outputValues", spot)
        cells = _cells("outputEntry", n, rules)
        words = self._columns.words(cells) if name in self._around.asked_for else ()
        return Column(
            name=name,
            spot=spot,
            type=kind.name,
            allowed=kind.allowed,
            cells=cells,
            words=words,
            said=said,
        )

    def _input_type(self, element: Element, spot: Spot) -> ColumnType:
        typed = element.first("inputExpression") or element
        reference = typed.attributes.get("typeRef") or self._around.facts.get(spot.text, "")
        return self._type(reference, element, "inputValues", spot)

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
        if ours not in KINDS or literals_of(ours) != literals_of(found.name):
            self._columns.note(
                spot, f"is a {found.name or 'column without a type'} and not our {shown(ours)}"
            )
            return found
        return ColumnType(ours, found.allowed)


def _said(element: Element, called: str, name: str) -> dict[str, Plain]:
    """What our own attributes say of a column, and its label, which else is what DMN calls it."""
    said: dict[str, Plain] = {key: text for key in _SAID if (text := said_by(element, key))}
    is_ours = called == name or said_by(element, "name")
    label = element.attributes.get("label") or ("" if is_ours else called)
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
