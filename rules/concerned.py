"""The rows that an escalation is about, for whoever decides instead: what each says, and what it lacks."""

from collections.abc import Collection, Iterator, Mapping

from rules.decision import Escalation
from rules.errors import NotAValue
from rules.table import Condition, Rule, Table, Values
from rules.values import JsonValue, Value

MOST_ROWS = 8


def rows_concerned(said: Escalation, *, most: int = MOST_ROWS) -> list[JsonValue]:
    """Show the rows that clash, or else those that come nearest, as plain JSON: `needs` says what each lacks.

    Where a fact is missing or none, those come first that it alone keeps from fitting. An escalation of a
    table that was asked is about that table's rows.
    """
    for below in said.basis.asked.values():
        if isinstance(below, Escalation) and below.kind == said.kind:
            return rows_concerned(below, most=most)
    table = said.basis.table
    if said.kind == "not_in_force":
        return []
    if said.kind == "conflict":
        return [_shown(rule, table, ()) for rule in table.rules if rule.id in said.rules]
    values = _values(said)
    wrong = said.inputs if said.kind == "invalid_input" else ()
    lacking = {rule.id: tuple(_needs(rule, values, wrong)) for rule in table.rules}
    nearest = sorted(table.rules, key=lambda rule: _distance(lacking[rule.id], values))
    return [_shown(rule, table, lacking[rule.id], said) for rule in nearest[:most]]


def _values(said: Escalation) -> Values:
    """The inputs as they were read; None for one that is missing, or no value of its type."""
    told = {**said.basis.facts, **said.basis.derived}
    return {name: _value(said.basis.table, name, told.get(name)) for name in said.basis.table.inputs}


def _value(table: Table, name: str, fact: JsonValue) -> Value | None:
    try:
        return None if fact is None else table.inputs[name].type.fact(fact)
    except NotAValue:
        return None


def _needs(rule: Rule, values: Values, wrong: Collection[str]) -> Iterator[Condition]:
    """What keeps a row from fitting; a fact that is no value of its type is not missing, and fits nothing."""
    for condition in rule.conditions:
        if condition.input in wrong or not condition.cell.holds(values[condition.input]):
            yield condition


def _distance(needs: tuple[Condition, ...], values: Values) -> tuple[int, int]:
    """What is known otherwise weighs more than what is not known."""
    known = sum(values[condition.input] is not None for condition in needs)
    return known, len(needs)


def _shown(
    rule: Rule, table: Table, needs: tuple[Condition, ...], said: Escalation | None = None
) -> JsonValue:
    told: Mapping[str, JsonValue] = {**said.basis.facts, **said.basis.derived} if said else {}
    return {
        "table": table.id,
        "rule": rule.id,
        "when": {condition.input: condition.text for condition in rule.conditions},
        "then": {name: one for name, one in rule.outcome.items() if one is not None},
        "because": rule.because,
        "needs": [{"input": one.input, "cell": one.text, "value": told.get(one.input)} for one in needs],
    }
