"""Asking a table: the facts are read by its types, its rows are tried, and nothing is ever assumed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial

from rules.decision import Basis, Decision, Escalation, EscalationKind
from rules.errors import NotAValue
from rules.facts import Known, Lack, complete, plain_facts, read_facts
from rules.grounds import Grounds
from rules.relevance import weigh
from rules.table import Table, Values
from rules.values import DateType
from rules.verdict import Verdict, judge

AS_OF = "as_of"
NOTHING: Mapping[str, Lack] = {}

_STANDING = {
    "priority": "none has priority",
    "unique": "only one may",
    "any": "they do not say the same",
}


def decide(
    table: Table,
    facts: Mapping[str, object],
    *,
    as_of: date | str | None,
    sources: Mapping[str, str] | None = None,
) -> Decision | Escalation:
    """Decide by the table's rule that fits these facts on this day, or say why no rule decides.

    `facts` are plain JSON by the name of the input; `rules.values` says which form each type has. An optional
    fact may be absent or None. A value outside the domain of its input is refused, and so is a name that is
    no input of the table: a fact misspelt would otherwise be a fact missing. Tables that this one asks get
    what they need of the facts. `as_of` is a day, or its ISO text; `sources` say where facts come from.

    A fact that the table must have may be missing if no value of it could change the decision, which then
    names it in `without`. Otherwise the escalation names what could, and nothing else.
    """
    day, wrong_day = _day(as_of)
    known = read_facts(table, facts)
    basis_of = partial(_basis, table, known, day, sources or {})
    if day is None or known.wrong:
        return _invalid(basis_of(), wrong_day | known.wrong)
    if not table.in_force(day):
        message = f"table {table.id!r}, version {table.version}, is not in force on {day}"
        return Escalation(basis=basis_of(), kind="not_in_force", message=message)
    complete(table, known, partial(decide, as_of=day, sources=sources))
    basis = basis_of()
    if known.wrong:
        return _invalid(basis, known.wrong)
    if known.lacks:
        return _unknown(basis, known)
    return _said(basis, known.values, [_judged(table, known.values)])


def _basis(table: Table, known: Known, day: date | None, sources: Mapping[str, str]) -> Basis:
    computed = {name: table.inputs[name] for name in table.computed}
    return Basis(
        table=table,
        facts=plain_facts(table.given, known.values),
        derived=plain_facts(computed, known.values),
        asked=known.answers,
        sources={name: source for name, source in sources.items() if name in table.given},
        as_of=day,
    )


def _invalid(basis: Basis, wrong: Mapping[str, str]) -> Escalation:
    message = "; ".join(f"{name}: {reason}" for name, reason in wrong.items())
    return Escalation(basis=basis, kind="invalid_input", message=message, inputs=tuple(wrong))


def _unknown(basis: Basis, known: Known) -> Decision | Escalation:
    """Decide without what could not change it, or name what could."""
    found = weigh(basis.table, known.values, known.lacks)
    if not found.inputs:
        return _said(basis, known.values, found.verdicts, lacks=known.lacks)
    for name in found.inputs:
        if below := known.lacks[name].escalation:
            asked = known.lacks[name].asked
            message = f"{asked}: {below.message}"
            return Escalation(
                basis=basis, kind=below.kind, message=message, inputs=(asked,), rules=below.rules
            )
    facts = _facts_of(known.lacks[name] for name in found.inputs)
    message = f"{', '.join(facts)}: missing, and table {basis.table.id!r} cannot decide without"
    return Escalation(basis=basis, kind="missing_input", message=message, inputs=facts)


def _facts_of(lacks: Iterable[Lack]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for lack in lacks for name in lack.facts or (lack.asked,)))


def _day(as_of: object) -> tuple[date | None, dict[str, str]]:
    if isinstance(as_of, date) and not isinstance(as_of, datetime):
        return as_of, {}
    try:
        return date.fromisoformat(str(DateType().fact(as_of))), {}
    except NotAValue as refusal:
        return None, {AS_OF: str(refusal)}


def _judged(table: Table, values: Values) -> Verdict:
    return judge(table, [table.rules[number] for number in table.grid.fitting(values)])


def _said(
    basis: Basis, values: Values, verdicts: Sequence[Verdict], *, lacks: Mapping[str, Lack] = NOTHING
) -> Decision | Escalation:
    """Answer with verdicts that all come to the same, whatever the inputs that are lacking may be."""
    table = basis.table
    order = {rule.id: number for number, rule in enumerate(table.rules)} if len(verdicts) > 1 else {}
    said = min(verdicts, key=lambda one: order[one.rules[0].id]) if order else verdicts[0]
    grounds = Grounds(basis, values, unknown=tuple(lacks), verdicts=verdicts, said=said)
    if said.kind != "decision":
        return _refused(grounds)
    return Decision(
        basis=basis,
        rule=said.rules[0].id,
        rules=tuple(rule.id for rule in said.rules),
        because="; ".join(dict.fromkeys(rule.because for rule in said.rules)),
        outcome=said.outcome,
        explain=grounds.why_not,
        doubt=grounds.could_change,
        without=_facts_of(lacks.values()),
        overridden=grounds.overridden(),
    )


def _refused(grounds: Grounds) -> Escalation:
    ids, table = tuple(rule.id for rule in grounds.said.rules), grounds.basis.table
    kind: EscalationKind = "conflict" if ids else "no_rule"
    if ids:
        message = f"{' and '.join(ids)} of table {table.id!r} fit at once, and {_STANDING[table.hit]}"
    else:
        message = f"no rule of table {table.id!r} fits these facts"
    return Escalation(
        basis=grounds.basis,
        kind=kind,
        message=message,
        rules=ids,
        explain=grounds.why_not,
        could_change=grounds.could_change(),
    )
