"""Why a table said what it said, worked out when somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from rules.decision import Basis, NotTaken, Overridden
from rules.precedence import outranks
from rules.relevance import could_change
from rules.table import Condition, Rule, Values
from rules.values import in_words
from rules.verdict import Verdict


@dataclass(frozen=True)
class Grounds:
    """What an answer rests on: `unknown` are inputs whatever whose value the verdicts come to the same."""

    basis: Basis
    values: Values
    unknown: tuple[str, ...]
    verdicts: Sequence[Verdict]
    said: Verdict

    def why_not(self, most: int | None = None) -> tuple[NotTaken, ...]:
        """For each rule but those that have the say, why it has not.

        In a table of more rules than `most` it is said of those that fit and yield, and then of the first of
        the others.
        """
        failures = [(rule, self._first_failure(rule)) for rule in self._others(most)]
        return tuple(
            self._failed(rule, failure) if failure else self._yielding(rule)
            for rule, failure in failures
            if failure or self.said.kind == "decision"
        )

    def _others(self, most: int | None) -> list[Rule]:
        table, taken = self.basis.table, {rule.id for rule in self.said.rules}
        if most is None or len(table.rules) <= most:
            return [rule for rule in table.rules if rule.id not in taken]
        fitting = {rule.id: rule for rule in (table.rules[n] for n in table.grid.fitting(self.values))}
        failing = (rule for rule in table.rules if rule.id not in fitting and rule.id not in taken)
        yielding = [rule for rule in fitting.values() if rule.id not in taken]
        return [*islice((*yielding, *islice(failing, most)), most)]

    def could_change(self) -> tuple[str, ...]:
        """The missing facts of which some value would have led to another answer, each by itself."""
        table = self.basis.table
        missing = [
            name for name in table.given if self.basis.facts[name] is None and name not in self.unknown
        ]
        return tuple(name for name in missing if could_change(table, self.values, name, unknown=self.unknown))

    def overridden(self) -> tuple[Overridden, ...]:
        """What would have been decided, but for overlays and mandatory rules."""
        table, taken = self.basis.table, self.said.rules[0]
        replaced = [
            Overridden.by_rule(old, new) for old, new in table.replaced if not old.first_failure(self.values)
        ]
        if not table.overrides:
            return tuple(replaced)
        outranked = [
            Overridden.by_rule(rule, taken)
            for rule in table.rules
            if outranks(taken, rule) and rule not in self.said.rules and not rule.first_failure(self.values)
        ]
        return (*replaced, *outranked)

    def _first_failure(self, rule: Rule) -> Condition | None:
        if not self.unknown:
            return rule.first_failure(self.values)
        for condition in rule.conditions:
            if condition.input not in self.unknown and not condition.cell.holds(self.values[condition.input]):
                return condition
        return None

    def _failed(self, rule: Rule, condition: Condition) -> NotTaken:
        value = self.basis.value(condition.input)
        return NotTaken(
            rule=rule.id,
            input=condition.input,
            cell=condition.text,
            value=value,
            reason=f"{condition.input} is {self._words[condition.input]}, the rule wants {condition.text}",
        )

    @cached_property
    def _words(self) -> dict[str, str]:
        return {name: in_words(self.basis.value(name)) for name in self.basis.table.inputs}

    def _yielding(self, rule: Rule) -> NotTaken:
        taken = self.said.rules[0]
        unknown = [one.input for one in rule.conditions if one.input in self.unknown]
        if rule.id in self._deciders:
            tested = {one.input for one in (*rule.conditions, *taken.conditions)}
            between = " and ".join(name for name in self.unknown if name in tested)
            reason = f"{between} would decide between it and {taken.id}, and they say the same"
        elif unknown:
            reason = f"{' and '.join(unknown)} is missing, and wherever it fits another rule decides"
        else:
            reason = _yields(rule, taken, hit=self.basis.table.hit)
        return NotTaken(rule=rule.id, yields_to=taken.id, reason=reason)

    @cached_property
    def _deciders(self) -> set[str]:
        return {rule.id for verdict in self.verdicts for rule in verdict.rules}


def _yields(rule: Rule, taken: Rule, *, hit: str) -> str:
    if outranks(taken, rule):
        return f"overridden by {taken.id}, {'a mandatory rule' if taken.mandatory else 'an overlay'}"
    if hit == "first":
        return f"stands below {taken.id}"
    if hit == "any":
        return f"same outcome as {taken.id}"
    if rule.priority < taken.priority:
        return f"lower priority than {taken.id}"
    return f"same priority and outcome as {taken.id}"
