"""Asking a table: the facts are read by its types, its rows are tried, and nothing is ever assumed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial

from rules.decision import Basis, Decision, Escalation, EscalationKind, NotTaken, Overridden
from rules.errors import NotAValue
from rules.facts import Known, Lack, complete, plain_facts, read_facts
from rules.precedence import outranks
from rules.table import Condition, Rule, Table, Values
from rules.values import DateType, in_words
from rules.verdict import Verdict, judge

AS_OF = "as_of"

_STANDING = {
    "priority": "none has priority",
    "unique": "only one may",
    "any": "they do not say the same",
}


def decide(table: Table, facts: Mapping[str, object], *, as_of: date | str | None) -> Decision | Escalation:
    """Decide by the table's rule that fits these facts on this day, or say why no rule decides.

    `facts` are plain JSON by the name of the input; `rules.values` says which form each type has. An optional
    fact may be absent or None. A value outside the domain of its input is refused, and so is a name that is
    no input of the table: a fact misspelt would otherwise be a fact missing. Tables that this one asks get
    what they need of the facts. `as_of` is a day, or its ISO text.
    """
    day, wrong_day = _day(as_of)
    known = read_facts(table, facts)
    if day is None or known.wrong:
        return _invalid(_basis(table, known, day), wrong_day | known.wrong)
    if not table.in_force(day):
        message = f"table {table.id!r}, version {table.version}, is not in force on {day}"
        return Escalation(basis=_basis(table, known, day), kind="not_in_force", message=message)
    complete(table, known, partial(decide, as_of=day))
    basis = _basis(table, known, day)
    if known.wrong:
        return _invalid(basis, known.wrong)
    if known.lacks:
        return _lacking(basis, known.lacks)
    return _by_rule(basis, known.values)


def _basis(table: Table, known: Known, day: date | None) -> Basis:
    computed = {name: table.inputs[name] for name in table.computed}
    return Basis(
        table=table,
        facts=plain_facts(table.given, known.values),
        derived=plain_facts(computed, known.values),
        asked=known.answers,
        as_of=day,
    )


def _invalid(basis: Basis, wrong: Mapping[str, str]) -> Escalation:
    message = "; ".join(f"{name}: {reason}" for name, reason in wrong.items())
    return Escalation(basis=basis, kind="invalid_input", message=message, inputs=tuple(wrong))


def _lacking(basis: Basis, lacks: Mapping[str, Lack]) -> Escalation:
    """Name the facts that are missing, and the table that was asked and escalated for another reason."""
    for name, lack in lacks.items():
        if lack.escalation and lack.escalation.kind != "missing_input":
            below = lack.escalation
            message = f"{name}: {below.message}"
            return Escalation(
                basis=basis, kind=below.kind, message=message, inputs=(name,), rules=below.rules
            )
    facts = tuple(dict.fromkeys(name for lack in lacks.values() for name in lack.facts))
    message = f"{', '.join(facts)}: missing, and table {basis.table.id!r} cannot decide without"
    return Escalation(basis=basis, kind="missing_input", message=message, inputs=facts)


def _day(as_of: object) -> tuple[date | None, dict[str, str]]:
    if isinstance(as_of, date) and not isinstance(as_of, datetime):
        return as_of, {}
    try:
        return date.fromisoformat(str(DateType().fact(as_of))), {}
    except NotAValue as refusal:
        return None, {AS_OF: str(refusal)}


def _by_rule(basis: Basis, values: Values) -> Decision | Escalation:
    table = basis.table
    fitting = [table.rules[number] for number in table.grid.fitting(values)]
    said = judge(table, fitting)
    if said.kind != "decision":
        return _refused(basis, values, said)
    return Decision(
        basis=basis,
        rule=said.rules[0].id,
        rules=tuple(rule.id for rule in said.rules),
        because="; ".join(dict.fromkeys(rule.because for rule in said.rules)),
        outcome=said.outcome,
        explain=lambda: _others(basis, values, said),
        overridden=_overridden(table, said, fitting, values),
    )


def _refused(basis: Basis, values: Values, said: Verdict) -> Escalation:
    ids, table = tuple(rule.id for rule in said.rules), basis.table
    kind: EscalationKind = "conflict" if ids else "no_rule"
    if ids:
        message = f"{' and '.join(ids)} of table {table.id!r} fit at once, and {_STANDING[table.hit]}"
    else:
        message = f"no rule of table {table.id!r} fits these facts"
    failures = [(rule, rule.first_failure(values)) for rule in table.rules]
    why_not = tuple(_failed(rule, failure, basis) for rule, failure in failures if failure)
    return Escalation(basis=basis, kind=kind, message=message, rules=ids, why_not=why_not)


def _others(basis: Basis, values: Values, said: Verdict) -> tuple[NotTaken, ...]:
    others = [rule for rule in basis.table.rules if rule not in said.rules]
    failures = [(rule, rule.first_failure(values)) for rule in others]
    return tuple(
        _failed(rule, failure, basis) if failure else _yielding(rule, said.rules[0], hit=basis.table.hit)
        for rule, failure in failures
    )


def _overridden(
    table: Table, said: Verdict, fitting: Sequence[Rule], values: Values
) -> tuple[Overridden, ...]:
    """What would have been decided, but for overlays and mandatory rules."""
    replaced = [Overridden.by_rule(old, new) for old, new in table.replaced if not old.first_failure(values)]
    taken = said.rules[0]
    outranked = [
        Overridden.by_rule(rule, taken)
        for rule in fitting
        if rule not in said.rules and outranks(taken, rule)
    ]
    return (*replaced, *outranked)


def _failed(rule: Rule, condition: Condition, basis: Basis) -> NotTaken:
    value = basis.value(condition.input)
    return NotTaken(
        rule=rule.id,
        input=condition.input,
        cell=condition.text,
        value=value,
        reason=f"{condition.input} is {in_words(value)}, the rule wants {condition.text}",
    )


def _yielding(rule: Rule, taken: Rule, *, hit: str) -> NotTaken:
    if outranks(taken, rule):
        reason = f"overridden by {taken.id}, {'a mandatory rule' if taken.mandatory else 'an overlay'}"
    elif hit == "first":
        reason = f"stands below {taken.id}"
    elif hit == "any":
        reason = f"same outcome as {taken.id}"
    elif rule.priority < taken.priority:
        reason = f"lower priority than {taken.id}"
    else:
        reason = f"same priority and outcome as {taken.id}"
    return NotTaken(rule=rule.id, yields_to=taken.id, reason=reason)
