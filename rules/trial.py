"""Running the examples of a table and its overlays: what was expected, what is said, what none reaches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rules.decision import Decision, Escalation
from rules.evaluation import decide
from rules.layers import LayeredTable
from rules.table import Example, Rule, Table
from rules.values import JsonValue, in_words

_PLACE = ("file", "line", "rule")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that an example expects and the table says otherwise."""

    what: str
    expected: JsonValue
    found: JsonValue

    def __str__(self) -> str:
        return f"{self.what} is {in_words(self.found)}, expected {in_words(self.expected)}"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An example and what the table answers, with the overlays of the example's context."""

    table: Table
    example: Example
    answer: Decision | Escalation
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "name": self.example.name,
            "file": self.example.file,
            "line": self.example.line,
            "passed": self.passed,
            "differences": [dict(vars(one)) for one in self.differences],
            "answer": self.answer.kind,
            "rules": list(self.answer.rules),
        }


@dataclass(frozen=True, kw_only=True)
class Trial:
    """All examples of a table and its overlays, tried."""

    layers: LayeredTable
    tried: tuple[Tried, ...]

    @property
    def failed(self) -> tuple[Tried, ...]:
        return tuple(one for one in self.tried if not one.passed)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the table and those of its overlays."""
        return (*self.layers.base.rules, *(rule for one in self.layers.overlays for rule in one.rules))

    @cached_property
    def unreached(self) -> tuple[Rule, ...]:
        """The rules that no example lets decide, alone or with others, and none brings into a conflict."""
        tables = [(one.table, one.answer.rules) for one in self.tried]
        reached = {_place(rule) for table, ids in tables for rule in table.rules if rule.id in ids}
        return tuple(rule for rule in self.rules if _place(rule) not in reached)

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "table": self.layers.base.id,
            "version": self.layers.base.version,
            "digest": self.layers.digest,
            "passed": not self.failed,
            "examples": [one.as_json() for one in self.tried],
            "unreached": [dict(zip(_PLACE, _place(rule), strict=True)) for rule in self.unreached],
        }


def try_examples(layers: LayeredTable) -> Trial:
    """Ask the table what its examples and those of its overlays are given, and compare."""
    return Trial(layers=layers, tried=tuple(_try(example, table) for table, example in layers.examples()))


def _place(rule: Rule) -> tuple[str, int, str]:
    return rule.origin, rule.line, rule.id


def _try(example: Example, table: Table) -> Tried:
    answer = decide(table, example.given, as_of=example.as_of)
    differences = tuple(_differences(example, answer))
    return Tried(table=table, example=example, answer=answer, differences=differences)


def _differences(example: Example, answer: Decision | Escalation) -> Iterator[Difference]:
    expect = example.expect
    kind = expect.escalation or "decision"
    if answer.kind != kind:
        yield Difference(what="the answer", expected=kind, found=answer.kind)
    if expect.rule and expect.rule not in answer.rules:
        yield Difference(what="the rule", expected=expect.rule, found=list(answer.rules))
    if isinstance(answer, Decision):
        for name, wanted in expect.outcome.items():
            if answer.outcome[name] != wanted:
                yield Difference(what=name, expected=wanted, found=answer.outcome[name])
