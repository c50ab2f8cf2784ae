"""Verification of a table with its overlays, in every context and on every day that changes what applies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from rules.decision import Decision
from rules.evaluation import decide
from rules.facts import Answer
from rules.layers import LayeredTable
from rules.table import Outcome, Output, Rule, Table
from rules.values import in_words
from rules.verify.contradictions import find_contradictions
from rules.verify.flaw import DIVIDE, Flaw, Witness, flaw_of, place_of
from rules.verify.gaps import find_gaps
from rules.verify.idle import find_idle
from rules.verify.space import OutOfBudget
from rules.verify.subject import Subject


def find_layered(layers: LayeredTable, *, budget: int) -> Iterator[Flaw]:
    """Tell what overlays bring in: gaps, contradictions, idle rows of theirs, and what they loosen."""
    base = Subject(layers.base, budget=budget)
    seen = {str(flaw) for flaw in (*find_gaps(base), *find_contradictions(base))}
    idle: dict[str, list[Flaw | None]] = {}  # by the place of an overlay's row, for each table that has it
    for table in layers.tables():
        if not table.overlays:
            continue
        subject = Subject(table, budget=budget)
        own = [number for number, rule in enumerate(subject.rules) if rule.origin != layers.base.file]
        for flaw in (*find_gaps(subject), *find_contradictions(subject), *_loosened(subject, base, own)):
            if str(flaw) not in seen:
                seen.add(str(flaw))
                yield _with(table, flaw)
        found = {flaw.places[0]: _with(table, flaw) for flaw in find_idle(subject)}
        for place in (place_of(subject.rules[number]) for number in own):
            idle.setdefault(place, []).append(found.get(place))
    yield from (flaws[0] for flaws in idle.values() if flaws[0] and all(flaws))


def _with(table: Table, flaw: Flaw) -> Flaw:
    return replace(flaw, overlays=tuple(overlay.id for overlay in table.overlays))


def _loosened(subject: Subject, base: Subject, own: Sequence[int]) -> Iterator[Flaw]:
    """Tell the overlays' rows that decide more freely than the table at large, if only in one case.

    The values of an enumeration are listed from the freest to the strictest, and nothing is stricter than to
    leave it to a person, because no rule fits.
    """
    both = Subject(_side_by_side(subject, base), budget=subject.budget)
    shift = len(subject.rules)
    for row in own:
        rule = subject.rules[row]
        strict = [_is_freer(rule, other, subject.table.outputs.values()) for other in base.rules]
        bad = sum(1 << number for number, is_bad in enumerate(strict, shift) if is_bad)
        others = subject.above[row] | ((1 << len(base.rules)) - 1) << shift
        try:
            point = both.space.find(both.boxes[row], others & both.meeting[row], bad=bad)
        except OutOfBudget:
            message = f"whether {rule.id} is freer than the table at large takes too long to tell"
            yield flaw_of("loosened", "note", [rule], message=message, suggestion=DIVIDE, proved=False)
            continue
        decides = partial(_decided_otherwise, rule, subject, base)
        if point and (witness := both.witness(both.boxes[row], decides, point=point)):
            yield _freer(rule, subject, base, witness)


def _side_by_side(subject: Subject, base: Subject) -> Table:
    """The rows of both, one below the other, only to cut the same space by all of them."""
    rows = (*subject.rules, *base.rules)
    level = tuple(replace(rule, mandatory=False, standing=0, priority=0) for rule in rows)
    return replace(subject.table, hit="first", rules=level)


def _is_freer(one: Rule, other: Rule, outputs: Iterable[Output]) -> bool:
    return any(
        _rank(output, one.outcome) < _rank(output, other.outcome)
        for output in outputs
        if output.type == "enum" and None not in (one.outcome[output.name], other.outcome[output.name])
    )


def _rank(output: Output, outcome: Outcome) -> int:
    return output.values.index(str(outcome[output.name]))


def _decided_otherwise(rule: Rule, subject: Subject, base: Subject, answer: Answer) -> bool:
    """Whether the rule decides this case, and the table at large does not decide it so."""
    here, at_large = _asked(subject, answer), _asked(base, answer)
    if not isinstance(here, Decision) or rule.id not in here.rules:
        return False
    return not isinstance(at_large, Decision) or at_large.outcome != here.outcome


def _asked(subject: Subject, answer: Answer) -> Answer:
    return decide(subject.table, answer.basis.facts, as_of=answer.basis.as_of)


def _freer(rule: Rule, subject: Subject, base: Subject, witness: Witness) -> Flaw:
    at_large = decide(base.table, witness.facts, as_of=witness.as_of)
    if isinstance(at_large, Decision):
        other = next(one for one in base.rules if one.id == at_large.rule)
        rules, instead = [rule, other], f"{_in_words(other.outcome)} ({other.id})"
    else:
        rules, instead = [rule], f"nothing ({at_large.kind})"
    return flaw_of(
        "loosened",
        "note",
        rules,
        message=f"{rule.id} says {_in_words(rule.outcome)} where the table at large says {instead}",
        suggestion="see that whoever owns the table agrees, or make the table's row mandatory",
        witness=witness,
    )


def _in_words(outcome: Outcome) -> str:
    return ", ".join(f"{name} {in_words(said)}" for name, said in outcome.items() if said is not None)
