"""Reading the examples of a table: cases with the answer that its author expects."""

from collections.abc import Mapping, Sequence
from datetime import date

from rules.decision import ESCALATIONS
from rules.declarations import Inputs
from rules.document import Findings, Listing, Node
from rules.errors import NotAValue
from rules.section import Section, filled, text_of
from rules.table import Example, Expectation
from rules.values import RESERVED, DateType, JsonValue, SetType, ValueType, shown

Answers = Mapping[str, ValueType | None]  # the type of each output; None for one that is declared wrongly


class Examples:
    """Reads the examples against what the table declares.

    One without a day is of the table's first day. One that is like an earlier one is given all that the other
    is given, but for what it says itself.
    """

    def __init__(
        self,
        findings: Findings,
        inputs: Inputs,
        answers: Answers,
        *,
        rules: Sequence[str],
        first_day: date,
    ) -> None:
        self._findings = findings
        self._inputs = inputs
        self._answers = answers
        self._rules = rules
        self._first_day = first_day
        self._given: dict[str, dict[str, JsonValue]] = {}

    def read(self, nodes: Sequence[Node]) -> tuple[Example, ...]:
        sections = [Section(node, self._findings, what=f"example {n}") for n, node in enumerate(nodes, 1)]
        return tuple(map(self._example, sections))

    def _example(self, section: Section) -> Example:
        name = section.read("name", self._name, stand_in="")
        like = section.read("like", self._earlier, stand_in=dict[str, JsonValue](), optional=True)
        self._given[name] = like | _given(section.section("given"), self._inputs)
        example = Example(
            name=name,
            given=self._given[name],
            as_of=section.read("as_of", DateType().literal, stand_in=self._first_day, optional=True),
            expect=self._expectation(section.section("expect")),
            file=self._findings.file,
            line=section.at.line,
        )
        section.close()
        return example

    def _name(self, text: str) -> str:
        if filled(text) in self._given:
            raise NotAValue(f"{shown(text)} is the name of an earlier example")
        return filled(text)

    def _earlier(self, text: str) -> dict[str, JsonValue]:
        if text not in self._given:
            raise NotAValue(f"there is no earlier example {shown(text)}")
        return self._given[text]

    def _expectation(self, section: Section) -> Expectation:
        if section.known and section.empty:
            section.note("expects nothing: name outputs, a rule or an escalation")
        escalation = section.word("escalation", ESCALATIONS, optional=True)
        rule = section.read("rule", self._rule, stand_in="", optional=True)
        outcome = {name: self._said(name, node, section) for name, node in section.entries().items()}
        return Expectation(outcome=outcome, rule=rule or None, escalation=escalation or None)

    def _rule(self, text: str) -> str:
        if text not in self._rules:
            raise NotAValue(f"there is no rule {shown(text)}")
        return text

    def _said(self, name: str, node: Node, section: Section) -> JsonValue:
        if name not in self._answers:
            section.note(f"{shown(name)} is not an output", at=section.place(name))
        elif kind := self._answers[name]:
            try:
                return _said(node, kind)
            except NotAValue as refusal:
                section.note(f"{name!r}: {refusal}", at=node.at)
        return None


def _given(section: Section, inputs: Inputs) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {}
    for name, node in section.entries().items():
        if name not in inputs:
            section.note(f"{shown(name)} is no input that is given", at=section.place(name))
        elif declared := inputs[name]:
            try:
                given[name] = _fact(node, declared.type)
            except NotAValue as refusal:
                section.note(f"{name!r}: {refusal}", at=node.at)
    return given


def _fact(node: Node, kind: ValueType) -> JsonValue:
    if isinstance(kind, SetType) and isinstance(node, Listing):
        return kind.plain(kind.fact([text_of(item) for item in node.items]))
    text = text_of(node).strip()
    if text == RESERVED:
        return None
    if isinstance(kind, SetType):
        raise NotAValue("must be a list of words")
    return kind.plain(kind.literal(text))


def _said(node: Node, kind: ValueType) -> JsonValue:
    if isinstance(node, Listing):
        return [_said(item, kind) for item in node.items]
    text = text_of(node).strip()
    return None if text == "-" else kind.plain(kind.literal(text))
