"""What a new text of a table changes, held against asking both texts about every case there is."""

import random
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from rules import Decision, Escalation, Table, decide, load_layers, load_table, parse_table, restore_layers
from rules.change import CaseChange, diff
from rules.change.boxes import changed_boxes
from rules.change.space import Space

TABLE = """
id: t
version: {version}
owner: o
title: t
effective: {{from: 2026-01-01}}
hit: {hit}
inputs:
{inputs}
outputs:
  word: {{type: enum, values: [yes, no, ask]}}
rules:
{rules}
"""
NUMBER = "  n: {type: integer, optional: true}"
KIND = "  kind: {type: enum, values: [a, b, c]}"
CODE = "  code: {type: code}"
DAY = "2026-10-31"
CELLS = {
    "n": ["-", "missing", "> 3", "<= 3", "[2..5]", "4", "not(4)", "< 1"],
    "kind": ["-", "a", "{a, b}", "not(c)"],
    "code": ["-", "EUR", "{EUR, USD}", "not(EUR)"],
}
FACTS: dict[str, list[Any]] = {
    "n": [None, *range(-1, 8)],
    "kind": ["a", "b", "c"],
    "code": ["EUR", "USD", "CHF"],
}


def table(
    *rows: str, hit: str = "priority", inputs: tuple[str, ...] = (NUMBER, KIND), version: str = "1"
) -> Table:
    return parse_table(
        TABLE.format(version=version, hit=hit, inputs="\n".join(inputs), rules="\n".join(rows)), "t.yaml"
    )


def row(name: str, when: str, word: str = "yes", priority: int | None = 1) -> str:
    own = "" if priority is None else f"priority: {priority}, "
    return f"- {{id: {name}, {own}when: {{{when}}}, then: {{word: {word}}}, because: so}}"


def random_rows(rng: random.Random, hit: str) -> list[str]:
    return [
        row(
            f"R{number}",
            ", ".join(f'{name}: "{rng.choice(cells)}"' for name, cells in CELLS.items()),
            rng.choice(["yes", "no", "ask"]),
            rng.randint(1, 3) if hit == "priority" else None,
        )
        for number in range(rng.randint(1, 6))
    ]


def changed_rows(rng: random.Random, rows: list[str], hit: str) -> list[str]:
    """The rows with some of them changed, gone, new or elsewhere."""
    rows = list(rows)
    for _ in range(rng.randint(1, 2)):
        match rng.choice(["replace", "remove", "swap"]):
            case "replace":
                rows[rng.randrange(len(rows))] = random_rows(rng, hit)[0].replace("id: R", "id: N")
            case "remove" if len(rows) > 1:
                rows.pop(rng.randrange(len(rows)))
            case _:
                rng.shuffle(rows)
    return list({line.split(",")[0]: line for line in rows}.values())


def said(answer: Decision | Escalation) -> Any:
    return dict(answer.outcome) if isinstance(answer, Decision) else answer.kind


def boxes_with_each_case(old: Table, new: Table) -> list[int]:
    """For every case in how many of the boxes that change it lies."""
    space = Space(old, new)
    boxes, _ = changed_boxes(old, new, space)
    axes = {axis.name: axis for axis in space.axes}
    atoms = {
        name: [
            axes[name].cut.missing if one is None else axes[name].cut.atom(axes[name].kind.fact(one))
            for one in facts
        ]
        for name, facts in FACTS.items()
    }
    order = [list(FACTS).index(axis.name) for axis in space.axes]
    return [
        sum(all(mask >> point[at] & 1 for mask, at in zip(box, order, strict=True)) for box, *_ in boxes)
        for point in product(*atoms.values())
    ]


def told(case: CaseChange) -> tuple[Any, Any]:
    before, after = (
        dict(one.outcome) if one.kind == "decision" else one.kind for one in (case.old, case.new)
    )
    return before, after


@pytest.mark.parametrize("hit", ["priority", "unique", "any", "first", "collect\naggregate: list"])
def test_the_changes_are_those_that_asking_about_every_case_finds(hit: str) -> None:
    rng = random.Random(f"diff {hit}")
    names = list(FACTS)
    for _ in range(40):
        rows = random_rows(rng, hit)
        tables = [
            table(*texts, hit=hit, inputs=(NUMBER, KIND, CODE))
            for texts in (rows, changed_rows(rng, rows, hit))
        ]

        found = diff(*tables)

        asked = [
            [said(decide(one, dict(zip(names, facts, strict=True)), as_of=DAY)) for one in tables]
            for facts in product(*FACTS.values())
        ]
        expected = {repr((old, new)) for old, new in asked if old != new}
        assert {repr(told(case)) for case in found.cases} == expected
        assert boxes_with_each_case(*tables) == [int(old != new) for old, new in asked]
        assert found.not_proved == ""
        for case in found.cases:
            assert case.facts is not None
            old, new = (said(decide(one, case.facts, as_of=DAY)) for one in tables)
            assert (old, new) == told(case)


def test_a_change_is_told_by_cells_with_an_example() -> None:
    old, new = table(row("R1", 'n: "> 10"')), table(row("R1", 'n: "> 5"'), version="2")

    found = diff(old, new)

    assert list(found.lines()) == [
        "version: 1 becomes 2",
        "rule R1 is changed: n: > 10 becomes > 5",
        "no rule becomes word yes (R1)",
        "  where n is (5..10]",
        "  for example: n 6, kind a",
    ]


def test_a_row_that_says_the_same_in_other_words_changes_no_case() -> None:
    old = table(row("R1", "kind: [a, b]"))
    new = table(row("R2", "kind: not(c)"))

    found = diff(old, new)

    assert [(one.rule, one.kind) for one in found.rows] == [("R1", "removed"), ("R2", "added")]
    assert list(found.lines())[-1] == "no case is decided otherwise"


def test_what_only_one_of_the_tables_takes_is_a_change_too() -> None:
    old = table(row("R1", ""), inputs=(NUMBER, "  kind: {type: enum, values: [a, b]}"))
    new = table(row("R1", ""), inputs=("  n: {type: integer}", KIND))

    found = diff(old, new)

    changes = [(told(case), [dict(one) for one in case.where]) for case in found.cases]
    assert changes == [(("invalid_input", {"word": "yes"}), [{"n": "not(missing)", "kind": "c"}])]
    assert found.about["input n"] == ("integer optional", "integer")
    assert found.not_proved == ""


def test_an_input_of_another_type_is_said_and_no_case_is_compared() -> None:
    old = table(row("R1", ""))
    new = table(row("R1", ""), inputs=("  n: {type: decimal, optional: true}", KIND))

    found = diff(old, new)

    assert found.about == {"input n": ("integer optional", "decimal optional")}
    assert "'n' is of another type" in found.not_proved


def test_beyond_its_bound_a_comparison_says_that_it_is_not_complete() -> None:
    shipped = load_table("invoice_to_pay")
    sources = load_layers("invoice_to_pay").sources
    text = sources[shipped.file].replace('"> 1000"', '"> 500"')
    other = restore_layers({**sources, shipped.file: text}).base

    found = diff(shipped, other, most=20)

    assert found.not_proved == "more than 20 boxes: there may be more than these"


def test_each_row_of_the_shipped_table_decides_some_case_that_no_other_row_does() -> None:
    shipped = load_table("invoice_to_pay")

    without = {
        rule.id: diff(shipped, replace(shipped, rules=tuple(one for one in shipped.rules if one is not rule)))
        for rule in shipped.rules
    }

    assert [name for name, found in without.items() if not found.cases] == []


def test_a_change_behind_a_derived_input_is_shown_with_facts_that_lead_there() -> None:
    inputs = ("  a: {type: integer}", "  b: {type: integer}", "  total: {type: integer, derived: a + b}")
    old = table(row("R1", 'total: "> 10"', "yes", 2), row("R2", "", "no"), inputs=inputs)
    new = table(row("R1", 'total: "> 20"', "yes", 2), row("R2", "", "no"), inputs=inputs)

    [change] = diff(old, new).cases

    assert [dict(one) for one in change.where] == [{"total": "(10..20]"}]
    assert change.facts is not None
    assert change.facts.keys() == {"a", "b"}
    assert [said(decide(one, change.facts, as_of=DAY)) for one in (old, new)] == list(told(change))


def test_a_change_of_a_table_that_is_asked_is_told_as_its_own() -> None:
    asking = "  word: {type: enum, values: [yes, no, ask], optional: true, from: {table: t, output: word}}"
    own = TABLE.format(version="1", hit="priority", inputs=asking, rules=row("U", "word: yes", "no"))
    tables = [
        restore_layers(
            {
                "u.yaml": own.replace("id: t\n", "id: u\n", 1),
                "t.yaml": TABLE.format(version="1", hit="priority", inputs=KIND, rules=row("R", cell)),
            }
        ).table()
        for cell in ("kind: a", "kind: b")
    ]

    found = diff(*tables)

    assert found.cases == ()
    assert {repr(told(case)) for case in found.asked["t"].cases} == {
        repr(({"word": "yes"}, "no_rule")),
        repr(("no_rule", {"word": "yes"})),
    }
    assert "table t, which it asks:" in list(found.lines())
