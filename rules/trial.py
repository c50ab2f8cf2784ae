"""Running the examples of a table: what it answers beside what is expected, and what no example reaches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rules.decision import Decision, Escalation
from rules.evaluation import decide
from rules.table import Example, Rule, Table
from rules.values import JsonValue, in_words


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
    """An example and what the table answers."""

    example: Example
    answer: Decision | Escalation
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "name": self.example.name,
            "line": self.example.line,
            "passed": self.passed,
            "differences": [dict(vars(one)) for one in self.differences],
            "answer": self.answer.kind,
            "rules": list(self.answer.rules),
        }


@dataclass(frozen=True, kw_only=True)
class Trial:
    """All examples of a table, tried."""

    table: Table
    tried: tuple[Tried, ...]

    @property
    def failed(self) -> tuple[Tried, ...]:
        return tuple(one for one in self.tried if not one.passed)

    @cached_property
    def unreached(self) -> tuple[Rule, ...]:
        """The rules that no example lets decide, alone or with others, and none brings into a conflict."""
        reached = {rule for one in self.tried for rule in one.answer.rules}
        return tuple(rule for rule in self.table.rules if rule.id not in reached)

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "table": self.table.id,
            "version": self.table.version,
            "digest": self.table.digest,
            "passed": not self.failed,
            "examples": [one.as_json() for one in self.tried],
            "unreached": [rule.id for rule in self.unreached],
        }


def try_examples(table: Table) -> Trial:
    """Ask the table what its examples are given, and compare."""
    return Trial(table=table, tried=tuple(_try(example, table) for example in table.examples))


def _try(example: Example, table: Table) -> Tried:
    answer = decide(table, example.given, as_of=example.as_of)
    return Tried(example=example, answer=answer, differences=tuple(_differences(example, answer)))


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
