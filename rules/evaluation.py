"""Asking a table: the facts are read by its types, its rows are tried, and nothing is ever assumed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from rules.decision import Basis, Decision, Escalation, NotTaken, Overridden
from rules.errors import NotAValue
from rules.precedence import outranks, with_the_say
from rules.table import Condition, Rule, Table, Values
from rules.values import NAME, DateType, JsonValue, Value, shown

AS_OF = "as_of"


def decide(table: Table, facts: Mapping[str, object], *, as_of: date | str | None) -> Decision | Escalation:
    """Decide by the table's rule that fits these facts on this day, or say why no rule decides.

    `facts` are plain JSON by the name of the input; `rules.values` says which form each type has. An optional
    fact may be absent or None. A name that is no input of the table is refused like a wrong value: a fact
    misspelt would otherwise be a fact missing. `as_of` is a day or its ISO text.
    """
    day, wrong_day = _day(as_of)
    values, wrong = _read(table, facts)
    basis = Basis(table=table, facts=_plain(table, values), as_of=day)
    if day is None or wrong:
        wrong = wrong_day | wrong
        message = "; ".join(f"{name}: {reason}" for name, reason in wrong.items())
        return Escalation(basis=basis, kind="invalid_input", message=message, inputs=tuple(wrong))
    if not table.in_force(day):
        message = f"table {table.id!r}, version {table.version}, is not in force on {day}"
        return Escalation(basis=basis, kind="not_in_force", message=message)
    lacking = tuple(name for name, one in table.inputs.items() if values[name] is None and not one.optional)
    if lacking:
        message = f"{', '.join(lacking)}: missing, and table {table.id!r} cannot decide without"
        return Escalation(basis=basis, kind="missing_input", message=message, inputs=lacking)
    return _by_rule(basis, values)


def _day(as_of: object) -> tuple[date | None, dict[str, str]]:
    if isinstance(as_of, date) and not isinstance(as_of, datetime):
        return as_of, {}
    try:
        return date.fromisoformat(str(DateType().fact(as_of))), {}
    except NotAValue as refusal:
        return None, {AS_OF: str(refusal)}


def _read(table: Table, facts: Mapping[str, object]) -> tuple[dict[str, Value | None], dict[str, str]]:
    values: dict[str, Value | None] = {}
    unknown = sorted(facts.keys() - table.inputs.keys())
    wrong = {_safe(name): f"is no input of table {table.id!r}" for name in unknown}
    for name, declared in table.inputs.items():
        raw = facts.get(name)
        try:
            values[name] = None if raw is None else declared.type.fact(raw)
        except NotAValue as refusal:
            wrong[name] = str(refusal)
    return values, wrong


def _safe(name: str) -> str:
    return name if NAME.fullmatch(name) else shown(name)


def _plain(table: Table, values: Values) -> dict[str, JsonValue]:
    return {
        name: None if value is None else table.inputs[name].type.plain(value)
        for name, value in values.items()
    }


def _by_rule(basis: Basis, values: Values) -> Decision | Escalation:
    table = basis.table
    fitting = [table.rules[number] for number in table.grid.fitting(values)]
    if not fitting:
        message = f"no rule of table {table.id!r} fits these facts"
        return Escalation(basis=basis, kind="no_rule", message=message, why_not=_failing(basis, values))
    best = with_the_say(table.hit, fitting)
    if _contradict(table.hit, best):
        return _conflict(basis, best, why_not=_failing(basis, values))
    taken = best[0]
    return Decision(
        basis=basis,
        rule=taken.id,
        because=taken.because,
        outcome=taken.outcome,
        explain=lambda: _others(basis, values, taken),
        overridden=_overridden(table, taken, fitting, values),
    )


def _failing(basis: Basis, values: Values) -> tuple[NotTaken, ...]:
    failures = [(rule, rule.first_failure(values)) for rule in basis.table.rules]
    return tuple(_failed(rule, failure, basis) for rule, failure in failures if failure)


def _others(basis: Basis, values: Values, taken: Rule) -> tuple[NotTaken, ...]:
    failures = [(rule, rule.first_failure(values)) for rule in basis.table.rules if rule is not taken]
    return tuple(
        _failed(rule, failure, basis) if failure else _yielding(rule, taken, hit=basis.table.hit)
        for rule, failure in failures
    )


def _overridden(table: Table, taken: Rule, fitting: Sequence[Rule], values: Values) -> tuple[Overridden, ...]:
    """What would have been decided, but for overlays and mandatory rules."""
    replaced = [Overridden.by_rule(old, new) for old, new in table.replaced if not old.first_failure(values)]
    outranked = [Overridden.by_rule(rule, taken) for rule in fitting if outranks(taken, rule)]
    return (*replaced, *outranked)


def _contradict(hit: str, best: Sequence[Rule]) -> bool:
    return len(best) > 1 and (hit == "unique" or any(rule.outcome != best[0].outcome for rule in best))


def _conflict(basis: Basis, best: Sequence[Rule], *, why_not: tuple[NotTaken, ...]) -> Escalation:
    ids = tuple(rule.id for rule in best)
    standing = "only one may" if basis.table.hit == "unique" else "none has priority"
    message = f"{' and '.join(ids)} of table {basis.table.id!r} fit at once, and {standing}"
    return Escalation(basis=basis, kind="conflict", message=message, rules=ids, why_not=why_not)


def _failed(rule: Rule, condition: Condition, basis: Basis) -> NotTaken:
    value = basis.facts[condition.input]
    return NotTaken(
        rule=rule.id,
        input=condition.input,
        cell=condition.text,
        value=value,
        reason=f"{condition.input} is {_words(value)}, the rule wants {condition.text}",
    )


def _yielding(rule: Rule, taken: Rule, *, hit: str) -> NotTaken:
    if outranks(taken, rule):
        reason = f"overridden by {taken.id}, {'a mandatory rule' if taken.mandatory else 'an overlay'}"
    elif hit == "first":
        reason = f"stands below {taken.id}"
    elif rule.priority < taken.priority:
        reason = f"lower priority than {taken.id}"
    else:
        reason = f"same priority and outcome as {taken.id}"
    return NotTaken(rule=rule.id, yields_to=taken.id, reason=reason)


def _words(value: JsonValue) -> str:
    if value is None:
        return "missing"
    if isinstance(value, dict):
        return " ".join(map(str, value.values()))
    return str(value).lower() if isinstance(value, bool) else str(value)
