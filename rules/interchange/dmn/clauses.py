"""The inputs, outputs and cells of a table of ours, as the clauses and entries of DMN."""

from collections.abc import Iterator, Mapping
from functools import partial

from rules.interchange.dmn.feel import literal, unary_tests
from rules.interchange.dmn.formulas import expression_of
from rules.interchange.dmn.markup import Tag
from rules.interchange.dmn.model import Model
from rules.table import Condition, Input, Output, Rule, Table
from rules.values import (
    BooleanType,
    CodeType,
    DateType,
    DecimalType,
    EnumType,
    IntegerType,
    JsonValue,
    MoneyType,
    TextType,
    ValueType,
)

_TYPES: Mapping[type[ValueType], tuple[str, str]] = {
    DecimalType: ("number", ""),
    IntegerType: ("number", "integer"),
    MoneyType: ("number", "money"),
    EnumType: ("string", ""),
    CodeType: ("string", "code"),
    TextType: ("string", "text"),
    DateType: ("date", ""),
    BooleanType: ("boolean", ""),
}
"""What DMN calls a type, and what our own attribute says where that is not all."""


class ClauseWriter:
    """Writes the columns of one table."""

    def __init__(self, table: Table, model: Model) -> None:
        self._table = table
        self._model = model
        self._id = model.decisions[table.id]
        self._expressions: dict[str, str] = {}
        for name in (*table.given, *table.computed):
            if name in table.inputs:
                self._expressions[name] = self._expression(table.inputs[name])

    def requirements(self) -> Iterator[Tag]:
        """What the decision requires."""
        questions = [one.asks.table for one in self._table.inputs.values() if one.asks]
        for asked in dict.fromkeys(questions):
            yield self._model.require_decision(self._id, asked)
        for one in self._table.inputs.values():
            if not one.computed:
                yield self._model.require_fact(
                    self._id, one.name, self._type(one.type, f"input {one.name}")[0]
                )

    def inputs(self) -> Iterator[Tag]:
        for one in self._table.inputs.values():
            what = f"input {one.name}"
            own_id = self._model.take(f"{self._id}_input_{one.name}")
            reference, ours = self._type(one.type, what)
            named = self._expressions[one.name]
            expression = Tag(
                "inputExpression",
                {"id": self._model.take(f"{own_id}_expression"), "typeRef": reference},
                [Tag("text", {}, named)],
            )
            attributes = {
                "id": own_id,
                "label": one.label,
                "steward:name": one.name if named != one.name else "",
                "steward:derived": one.derived.text if one.derived else "",
                "steward:type": ours,
                "steward:optional": "true" if one.optional else "",
                **_said(one),
            }
            allowed = self._allowed(one.type, one.domain, what, optional=one.optional)
            yield Tag("input", attributes, [expression, self._values("inputValues", own_id, allowed)])

    def outputs(self) -> Iterator[Tag]:
        for one in self._table.outputs.values():
            what = f"output {one.name}"
            own_id = self._model.take(f"{self._id}_output_{one.name}")
            reference, ours = self._type(one.value_type, what)
            attributes = {
                "id": own_id,
                "label": one.label,
                "name": one.name,
                "typeRef": reference,
                "steward:type": "role" if one.type == "role" else ours,
                "steward:onlyWhen": "=".join(one.only_when or ()),
                **_said(one),
            }
            allowed = self._allowed(one.value_type, one.domain, what, optional=False)
            yield Tag("output", attributes, [self._values("outputValues", own_id, allowed)])

    def cells(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """The entries of a rule: of which kind each is, and its text."""
        for name, one in self._table.inputs.items():
            writer = partial(unary_tests, rule.cell(name), optional=one.optional)
            yield "inputEntry", self._model.said(self._table, rule.line, f"rule {rule.id}, {name}", writer)
        for name, output in self._table.outputs.items():
            writer = partial(_outcome, output, rule.outcome[name])
            yield "outputEntry", self._model.said(self._table, rule.line, f"rule {rule.id}, {name}", writer)

    def _expression(self, declared: Input) -> str:
        """What an input is in FEEL: the name of a fact, a decision that is asked, or a formula."""
        if declared.derived:
            writer = partial(expression_of, declared.derived, self._expressions)
            return self._model.said(self._table, 1, f"input {declared.name}", writer)
        if declared.asks is None:
            return declared.name
        asked = self._model.tables[declared.asks.table]
        return asked.id if len(asked.outputs) == 1 else f"{asked.id}.{declared.asks.output}"

    def _type(self, kind: ValueType, what: str) -> tuple[str, str]:
        if type(kind) not in _TYPES:
            self._model.note(self._table, 1, f"{what}: a set has no counterpart in a column of DMN")
        return _TYPES.get(type(kind), ("", ""))

    def _allowed(self, kind: ValueType, domain: Condition | None, what: str, *, optional: bool) -> str:
        """The values that a column allows, null among them if it may be missing."""
        if isinstance(kind, EnumType):
            if domain:
                self._model.note(self._table, 1, f"{what}: DMN has no domain beside a list of values")
            text = ", ".join(map(literal, kind.values))
        elif domain:
            writer = partial(unary_tests, domain.cell, optional=False)
            text = self._model.said(self._table, 1, f"{what}, domain", writer)
        else:
            return ""
        return f"null, {text}" if optional and not text.startswith("not(") else text

    def _values(self, tag: str, clause: str, text: str) -> Tag | None:
        if not text:
            return None
        return Tag(tag, {"id": self._model.take(f"{clause}_values")}, [Tag("text", {}, text)])


def _said(declared: Input | Output) -> dict[str, str]:
    kind = declared.type if isinstance(declared, Input) else declared.value_type
    currency = kind.currency if isinstance(kind, MoneyType) else ""
    return {"steward:unit": declared.unit, "steward:currency": currency}


def _outcome(output: Output, said: JsonValue) -> str:
    return "" if said is None else literal(output.value_type.fact(said))
