"""What a new text of a table changes: its rows, and what becomes of which cases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rules.change.boxes import MOST_BOXES, Changed, Said, changed_boxes, merged
from rules.change.space import Incomparable, Space
from rules.decision import Decision
from rules.evaluation import decide
from rules.rendering import input_type
from rules.table import Facts, Rule, Table
from rules.values import JsonValue, in_words
from rules.verify.cases import find_case

_SHOWN_BOXES = 5


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """A row that only one of the tables has, or that is another one in each; `fields` says what, in words."""

    rule: str
    kind: Literal["added", "removed", "changed"]
    fields: Mapping[str, tuple[str, str]]

    def as_json(self) -> JsonValue:
        fields: dict[str, JsonValue] = {name: [old, new] for name, (old, new) in self.fields.items()}
        return {"rule": self.rule, "kind": self.kind, "fields": fields}


@dataclass(frozen=True, kw_only=True)
class CaseChange:
    """Cases that one thing was said of and another will be.

    `where` describes some of the `boxes` by cells; `facts` are one case, which both tables were asked about.
    They are None if the tables did not say of it what was found: something else decides it too.
    """

    old: Said
    new: Said
    boxes: int
    where: tuple[Mapping[str, str], ...]
    facts: Facts | None

    def as_json(self) -> JsonValue:
        return {
            "old": self.old.as_json(),
            "new": self.new.as_json(),
            "boxes": self.boxes,
            "where": [dict(one) for one in self.where],
            "facts": None if self.facts is None else dict(self.facts),
        }


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All that differs between two texts of a table, and in the tables that both ask.

    `not_proved` says why there may be more.
    """

    old: str
    new: str
    about: Mapping[str, tuple[str, str]]
    rows: tuple[RowChange, ...]
    cases: tuple[CaseChange, ...]
    asked: Mapping[str, "Difference"]
    not_proved: str

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "old": self.old,
            "new": self.new,
            "about": {name: list(pair) for name, pair in self.about.items()},
            "rows": [row.as_json() for row in self.rows],
            "cases": [case.as_json() for case in self.cases],
            "asked": {name: one.as_json() for name, one in self.asked.items()},
            "not_proved": self.not_proved,
        }

    def lines(self) -> Iterator[str]:
        """It in words, a line each."""
        yield from (f"{name}: {old or '-'} becomes {new or '-'}" for name, (old, new) in self.about.items())
        for row in self.rows:
            changes = "; ".join(f"{name}: {old} becomes {new}" for name, (old, new) in row.fields.items())
            yield f"rule {row.rule} is {row.kind}{f': {changes}' if changes else ''}"
        for case in self.cases:
            yield from _case_lines(case)
        if not (self.cases or self.asked or self.not_proved):
            yield "no case is decided otherwise"
        if self.not_proved:
            yield f"not proved: {self.not_proved}"
        for name, one in self.asked.items():
            yield f"table {name}, which it asks:"
            yield from (f"  {line}" for line in one.lines())


def diff(old: Table, new: Table, *, most: int = MOST_BOXES) -> Difference:
    """Compare two texts of a table: all cases whose facts both need are there, or may be missing in both."""
    not_proved = ""
    cases: tuple[CaseChange, ...] = ()
    try:
        space = Space(old, new)
        found, is_all = changed_boxes(old, new, space, most=most)
        cases = tuple(_cases(old, new, space, found))
        not_proved = "" if is_all else f"more than {most:,} boxes: there may be more than these"
    except Incomparable as refusal:
        not_proved = str(refusal)
    return Difference(
        old=old.digest,
        new=new.digest,
        about=_about(old, new),
        rows=tuple(_rows(old, new)),
        cases=cases,
        asked={
            name: diff(one, new.asked[name], most=most)
            for name, one in old.asked.items()
            if name in new.asked and new.asked[name].digest != one.digest
        },
        not_proved=not_proved or _unlinked(cases),
    )


def _cases(old: Table, new: Table, space: Space, found: Sequence[Changed]) -> Iterator[CaseChange]:
    """Group the boxes by what becomes of them."""
    groups: dict[tuple[str, str], list[Changed]] = {}
    for change in found:
        groups.setdefault((change.old.mark, change.new.mark), []).append(change)
    for changes in groups.values():
        boxes = merged([change.box for change in changes])
        shown = sorted(map(space.words, boxes), key=len)[:_SHOWN_BOXES]
        first = changes[0]
        yield CaseChange(
            old=first.old.also_by(rule for change in changes for rule in change.old.rules),
            new=first.new.also_by(rule for change in changes for rule in change.new.rules),
            boxes=len(boxes),
            where=tuple(shown),
            facts=_witness(old, new, space, first),
        )


def _witness(old: Table, new: Table, space: Space, change: Changed) -> Facts | None:
    """A case of a box of which both tables say what was found; None if no such case is found."""

    def shows(facts: Facts) -> bool:
        return _says(old, facts, change.old) and _says(new, facts, change.new)

    plainest = space.facts(change.box)
    if shows(plainest):
        return plainest
    if not new.computed:
        return None
    atoms = space.atoms_of(change.box, new)
    return find_case(new, atoms, atoms, shows)


def _says(table: Table, facts: Facts, said: Said) -> bool:
    told = {name: fact for name, fact in facts.items() if name in table.given}
    answer = decide(table, told, as_of=max(table.effective_from, date.min))
    if said.kind == "invalid_input":
        return answer.kind == "invalid_input"
    return answer.kind == said.kind and (
        not isinstance(answer, Decision) or dict(answer.outcome) == dict(said.outcome)
    )


def _unlinked(cases: Sequence[CaseChange]) -> str:
    unsure = sum(case.facts is None for case in cases)
    return f"{unsure} of the changes hang on inputs that are worked out of others" if unsure else ""


def _about(old: Table, new: Table) -> dict[str, tuple[str, str]]:
    """What the tables say of themselves, where it differs."""
    said = [_heading(table) for table in (old, new)]
    names = dict.fromkeys([*said[0], *said[1]])
    pairs = {name: (said[0].get(name, ""), said[1].get(name, "")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _heading(table: Table) -> dict[str, str]:
    until = f" to {table.effective_to}" if table.effective_to else ""
    inputs = {
        f"input {one.name}": " ".join([input_type(one), *(["optional"] if one.optional else [])])
        for one in table.inputs.values()
    }
    outputs = {f"output {one.name}": ", ".join((one.type, *one.values)) for one in table.outputs.values()}
    return {
        "version": table.version,
        "owner": table.owner,
        "in force": f"from {table.effective_from}{until}",
        "hit policy": f"{table.hit} {table.aggregate or ''}".strip(),
        **inputs,
        **outputs,
    }


def _rows(old: Table, new: Table) -> Iterator[RowChange]:
    before, after = ({rule.id: rule for rule in table.rules} for table in (old, new))
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            yield RowChange(rule=name, kind="removed", fields={})
        elif name not in before:
            yield RowChange(rule=name, kind="added", fields={})
        elif fields := _fields(before[name], after[name]):
            yield RowChange(rule=name, kind="changed", fields=fields)


def _fields(old: Rule, new: Rule) -> dict[str, tuple[str, str]]:
    said = [_row(rule) for rule in (old, new)]
    names = dict.fromkeys([*said[0], *said[1]])
    pairs = {name: (said[0].get(name, "-"), said[1].get(name, "-")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _row(rule: Rule) -> dict[str, str]:
    return {
        "priority": str(rule.priority),
        "mandatory": str(rule.mandatory).lower(),
        **{condition.input: condition.text for condition in rule.conditions},
        **{f"then {name}": in_words(said) for name, said in rule.outcome.items()},
        "because": rule.because,
    }


def _case_lines(case: CaseChange) -> Iterator[str]:
    yield f"{case.old.in_words()} becomes {case.new.in_words()}"
    for where in case.where:
        yield f"  where {', '.join(f'{name} is {text}' for name, text in where.items()) or 'ever'}"
    if case.boxes > len(case.where):
        yield f"  and in {case.boxes - len(case.where)} more places"
    if case.facts is not None:
        facts = ", ".join(f"{name} {in_words(fact)}" for name, fact in case.facts.items())
        yield f"  for example: {facts}"
