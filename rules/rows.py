"""Reading the rows of a table against the inputs and outputs that it declares."""

from rules.cells import Anything, Missing
from rules.declarations import Inputs, Outputs, cell_of, name_of
from rules.document import Findings, Node
from rules.errors import NotAValue
from rules.section import Section, text_of
from rules.table import Condition, Input, Outcome, Output, Rule
from rules.values import IntegerType, JsonValue, shown


class Rows:
    """Reads the rows against what the table declares."""

    def __init__(self, findings: Findings, inputs: Inputs, outputs: Outputs, *, hit: str) -> None:
        self._findings = findings
        self._inputs = inputs
        self._outputs = outputs
        self._hit = hit
        self._lines: dict[str, int] = {}

    def read(self, nodes: tuple[Node, ...]) -> tuple[Rule, ...]:
        sections = [Section(node, self._findings, what=f"rule {n}") for n, node in enumerate(nodes, start=1)]
        rules = tuple(map(self._rule, sections))
        for rule, section in zip(rules, sections, strict=True):
            self._check_contradicts(rule, section)
        return rules

    def _rule(self, section: Section) -> Rule:
        rule = Rule(
            id=self._id(section),
            priority=self._priority(section),
            conditions=self._conditions(section.section("when")),
            outcome=self._outcome(section.section("then")),
            because=section.text("because"),
            mandatory=section.word("mandatory", ("false", "true"), optional=True) == "true",
            contradicts=section.names("contradicts"),
            origin=self._findings.file,
            line=section.at.line,
        )
        section.close()
        return rule

    def _check_contradicts(self, rule: Rule, section: Section) -> None:
        for other in rule.contradicts:
            if other == rule.id or other not in self._lines:
                at = section.place("contradicts")
                section.note(f"'contradicts': {shown(other)} is no other rule of this file", at=at)

    def _priority(self, section: Section) -> int:
        # Under a hit policy that is none, what is said of priorities is not judged.
        if self._hit not in ("priority", ""):
            return 0
        return section.read("priority", IntegerType().literal, stand_in=0)

    def _id(self, section: Section) -> str:
        name = section.read("id", name_of, stand_in="")
        if name in self._lines:
            section.note(f"id {name!r} is taken by line {self._lines[name]}", at=section.place("id"))
        elif name:
            self._lines[name] = section.at.line
            section.what = f"rule {name}"
        return name

    def _conditions(self, section: Section) -> tuple[Condition, ...]:
        conditions = []
        for name, node in section.entries().items():
            if name not in self._inputs:
                section.note(f"{shown(name)} is not an input", at=section.place(name))
            elif declared := self._inputs[name]:
                conditions += _condition(declared, node, section)
        # By the inputs and not by the row: the digest knows no order of a row, so no answer may depend on it.
        order = list(self._inputs)
        return tuple(sorted(conditions, key=lambda one: order.index(one.input)))

    def _outcome(self, section: Section) -> Outcome:
        if not section.known:
            return {}
        given = section.entries()
        for name in given.keys() - self._outputs.keys():
            section.note(f"{shown(name)} is not an output", at=section.place(name))
        outcome: dict[str, JsonValue] = {}
        for name, output in self._outputs.items():
            if output:
                outcome[name] = self._said(output, given.get(name), outcome, section)
        return outcome

    def _said(self, output: Output, node: Node | None, earlier: Outcome, section: Section) -> JsonValue:
        try:
            text = text_of(node).strip() if node else "-"
            if text != "-":
                return _word(output, text, earlier)
            if output.applies(earlier) and not (node and self._hit == "collect"):
                raise NotAValue("is missing")
        except NotAValue as refusal:
            section.note(f"{output.name!r}: {refusal}", at=node.at if node else section.at)
        return None


def _condition(declared: Input, node: Node, section: Section) -> list[Condition]:
    try:
        cell, text = cell_of(node, declared.type)
        if cell == Missing() and not declared.optional:
            raise NotAValue("an input that is not optional is never missing")
    except NotAValue as refusal:
        section.note(f"{declared.name!r}: {refusal}", at=node.at)
        return []
    return [] if cell == Anything() else [Condition(input=declared.name, cell=cell, text=text)]


def _word(output: Output, text: str, earlier: Outcome) -> JsonValue:
    if output.only_when and not output.applies(earlier):
        raise NotAValue(f"is said only when {' is '.join(output.only_when)}")
    value = output.value_type.literal(text)
    if output.domain and not output.domain.cell.holds(value):
        raise NotAValue(f"{shown(text)} is outside {output.domain.text}")
    return output.value_type.plain(value)
