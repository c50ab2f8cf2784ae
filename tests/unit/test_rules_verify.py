"""What verification finds in a table, with the case that shows it, and what it leaves alone."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from string import ascii_uppercase

import pytest

from rules import Table, decide, list_tables, load_layers, parse_table
from rules.verify import Flaw, check_layers, check_table

HEAD = """\
id: limits
version: 2
owner: Finance
title: What is paid
effective: {from: 2026-01-01, to: 2026-12-31}
inputs:
  amount: {type: money, currency: EUR, domain: ">= 0"}
  kind: {type: enum, values: [a, b, c]}
  country: {type: code, optional: true}
  days: {type: integer}
  tags: {type: set, values: [new, big, old]}
outputs:
  route: {type: enum, values: [pay, ask, reject]}
  hint: {type: text, only_when: {route: ask}}
"""
LOW = '{amount: "< 1000"}, then: {route: pay}, because: Low'
HIGH = '{amount: ">= 1000"}, then: {route: ask, hint: Call}, because: High'


def table(hit: str, *rows: str) -> Table:
    """A table whose rows are named A, B, C and so on; of priority, the rows begin with theirs."""
    lines = (f"- {{id: {name}, {row}}}\n" for name, row in zip(ascii_uppercase, rows, strict=False))
    return parse_table(f"{HEAD}hit: {hit}\nrules:\n{''.join(lines)}", "rules/limits.yaml")


def listed(*whens: str) -> Table:
    return table("first", *(f"when: {when}" for when in whens))


def told(flaws: list[Flaw]) -> list[tuple[str, tuple[str, ...]]]:
    return [(flaw.kind, flaw.rules) for flaw in flaws]


def answer(checked: Table, flaw: Flaw) -> Mapping[str, object]:
    assert flaw.witness is not None
    return decide(checked, flaw.witness.facts, as_of=flaw.witness.as_of).as_json()


def test_a_sound_table_has_no_flaw() -> None:
    assert check_table(listed(LOW, HIGH)) == []


def test_a_gap_is_told_as_wide_as_it_goes_and_with_a_case_that_no_rule_fits() -> None:
    gappy = listed(LOW, '{amount: "> 2500", kind: [a, b]}, then: {route: reject}, because: High')

    [first, second] = check_table(gappy)

    assert str(first) == 'rules/limits.yaml:18: error: gap: no rule fits {amount: "[1000..2500]"}'
    assert second.message == 'no rule fits {amount: ">= 1000", kind: c}'
    assert "add a rule with when: {amount:" in first.suggestion
    assert [answer(gappy, flaw)["kind"] for flaw in (first, second)] == ["no_rule", "no_rule"]


@pytest.mark.parametrize(
    ("row", "gap"),
    [
        ("{kind: a}", '{kind: "{b, c}"}'),
        ("{kind: not(a)}", "{kind: a}"),
        ("{country: [NO, SE]}", '{country: "not(NO, SE) or missing"}'),
        ("{country: not(NO)}", "{country: NO or missing}"),
        ("{country: not(missing)}", "{country: missing}"),
        ("{country: missing}", "{country: not(missing)}"),
        ('{days: "<= 5"}', '{days: "> 5"}'),
        ('{days: ">= 5"}', "{days: < 5}"),
        ('{days: not(missing), amount: "not([1..5))"}', '{amount: "[1..5)"}'),
        ("{days: not(5)}", "{days: 5}"),
        ("{tags: [new, big]}", '{tags: "not({big, new})"}'),
        ('{tags: "not({big, new})"}', '{tags: "{big, new}"}'),
        ('{tags: "not(all(big, new))"}', '{tags: "all(big, new)"}'),
    ],
)
def test_a_gap_is_written_as_the_cell_that_closes_it(row: str, gap: str) -> None:
    [first, *_] = check_table(listed(f"{row}, then: {{route: pay}}, because: Why not"))

    assert first.message == f"no rule fits {gap}"


def test_a_gap_of_several_stretches_is_told_whole() -> None:
    [flaw] = check_table(listed('{days: "not({2, 4, 6, 8, 10})"}, then: {route: pay}, because: So'))

    assert flaw.message == "no rule fits {days: 2 or 4 or 6 or 8 or others}"


def holed(count: int) -> Table:
    """A table with so many gaps, none of them beside another."""
    rows = (
        f"{{days: {n}, amount: not({n})}}, then: {{route: pay}}, because: N{n}" for n in range(1, count + 1)
    )
    others = ", ".join(map(str, range(1, count + 1)))
    return listed(*rows, f'{{days: "not({others})"}}, then: {{route: ask, hint: Call}}, because: Else')


def test_each_of_several_gaps_is_told_once() -> None:
    flaws = check_table(holed(3))

    assert sorted(flaw.message for flaw in flaws) == [
        f"no rule fits {{amount: {n}, days: {n}}}" for n in (1, 2, 3)
    ]


def test_many_gaps_end_with_the_word_that_there_are_more() -> None:
    flaws = check_table(holed(12))

    assert [flaw.kind for flaw in flaws] == ["gap"] * 11
    assert flaws[-1].message == "there are more cases that no rule fits"


CLASH = (
    'when: {amount: "< 1000"}, then: {route: pay}, because: Low',
    "when: {kind: a}, then: {route: reject}, because: Why not",
    'when: {amount: ">= 1000", kind: not(a)}, then: {route: ask, hint: Call}, because: High',
)


@pytest.mark.parametrize("hit", ["unique", "any"])
def test_rows_that_may_not_both_fit_contradict_each_other(hit: str) -> None:
    clashing = table(hit, *CLASH)

    [flaw] = check_table(clashing)

    assert (flaw.kind, flaw.severity, flaw.rules) == ("contradiction", "error", ("A", "B"))
    assert flaw.places == ("rules/limits.yaml:17", "rules/limits.yaml:18")
    assert "fit at once where {amount: < 1000, kind: a}" in flaw.message
    assert (answer(clashing, flaw)["kind"], answer(clashing, flaw)["rules"]) == ("conflict", ["A", "B"])


@pytest.mark.parametrize("number", [0, 1])
def test_rows_that_contradict_each_other_on_purpose_are_no_flaw(number: int) -> None:
    rows = [
        f"contradicts: [{'BA'[row]}], {text}" if row == number else text for row, text in enumerate(CLASH)
    ]
    clashing = table("any", *rows)

    assert check_table(clashing) == []


def test_by_unique_hit_even_rows_that_say_the_same_contradict_each_other() -> None:
    same = [row.replace("{route: reject}", "{route: pay}") for row in CLASH]

    assert told(check_table(table("unique", *same))) == [("contradiction", ("A", "B"))]
    assert told(check_table(table("any", *same))) == []


def test_equal_priorities_contradict_each_other_only_where_no_rule_above_decides() -> None:
    rows = [f"priority: 1, {row}" for row in CLASH]
    settled = 'priority: 2, when: {amount: "<= 1000", kind: a}, then: {route: ask, hint: Call}, because: Both'

    assert told(check_table(table("priority", *rows))) == [("contradiction", ("A", "B"))]
    assert told(check_table(table("priority", *rows, settled))) == []


def test_a_row_below_one_that_fits_wherever_it_does_is_unreachable() -> None:
    shadowed = listed(LOW, '{amount: "[5..10]"}, then: {route: reject}, because: Odd', HIGH)

    [flaw] = check_table(shadowed)

    assert (flaw.kind, flaw.severity, flaw.rules) == ("unreachable", "error", ("B", "A"))
    assert flaw.message == "B never decides: what it fits is decided above it, by A"
    assert "B" in [row["rule"] for row in answer(shadowed, flaw)["why_not"] if row["yields_to"] == "A"]


def test_a_row_that_several_others_cover_together_is_unreachable() -> None:
    flaws = check_table(listed(LOW, HIGH, '{amount: "[5..2000]"}, then: {route: reject}, because: Odd'))

    assert told(flaws) == [("unreachable", ("C", "A", "B"))]


def test_a_row_that_no_value_of_the_domain_passes_is_unreachable() -> None:
    flaws = check_table(listed(LOW, HIGH, '{amount: "< 0"}, then: {route: reject}, because: Odd'))

    assert told(flaws) == [("unreachable", ("C",))]
    assert flaws[0].message == "C never fits: no value of amount that can be passes its cell"


def test_a_row_that_a_lower_one_could_stand_in_for_is_redundant() -> None:
    doubled = listed('{amount: "< 5"}, then: {route: pay}, because: Low', LOW, HIGH)

    [flaw] = check_table(doubled)

    assert (flaw.kind, flaw.severity, flaw.rules) == ("redundant", "warning", ("A", "B"))
    assert answer(doubled, flaw)["rule"] == "A"


def test_a_redundant_row_with_a_reason_of_its_own_is_but_a_note() -> None:
    [flaw] = check_table(listed('{amount: "< 5"}, then: {route: pay}, because: Tiny', LOW, HIGH))

    assert (flaw.kind, flaw.severity) == ("redundant", "note")


def test_a_row_that_keeps_another_from_deciding_is_not_redundant() -> None:
    odd = '{amount: "< 50", kind: a}, then: {route: reject}, because: Odd'

    assert check_table(listed('{amount: "< 5"}, then: {route: pay}, because: Low', odd, LOW, HIGH)) == []


def test_of_two_rows_that_are_alike_the_lower_is_redundant() -> None:
    rows = [f"priority: 1, when: {row}" for row in (LOW, LOW, HIGH)]

    assert told(check_table(table("priority", *rows))) == [("redundant", ("B", "A"))]


def test_rows_that_one_could_stand_for_are_mergeable() -> None:
    split = listed(LOW.replace("< 1000", "<= 5"), LOW.replace("< 1000", "(5..1000)"), HIGH)

    [flaw] = check_table(split)

    assert (flaw.kind, flaw.severity, flaw.rules) == ("mergeable", "note", ("A", "B"))
    assert flaw.suggestion == "write them as one row with amount: < 1000"
    assert answer(split, flaw)["rule"] == "B"


@pytest.mark.parametrize(
    "second",
    [
        '{amount: "(5..1000)"}, then: {route: pay}, because: Not so low',
        '{amount: "(5..1000)", days: "> 0"}, then: {route: pay}, because: Low',
        '{amount: "(6..1000)"}, then: {route: pay}, because: Low',
    ],
)
def test_rows_that_differ_in_more_than_one_stretch_are_not_mergeable(second: str) -> None:
    flaws = check_table(
        listed(LOW.replace("< 1000", "<= 5"), second, "{}, then: {route: reject}, because: Else")
    )

    assert flaws == []


def test_rows_with_another_between_that_decides_otherwise_are_not_mergeable() -> None:
    between = "{days: 3}, then: {route: reject}, because: Odd"

    flaws = check_table(
        listed(LOW.replace("< 1000", "<= 5"), between, LOW.replace("< 1000", "(5..1000)"), HIGH)
    )

    assert flaws == []


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2025, 12, 31), "not_in_force"),
        (date(2026, 12, 1), None),
        (date(2026, 12, 2), "expiring"),
        (date(2026, 12, 31), "expiring"),
        (date(2027, 1, 1), "not_in_force"),
    ],
)
def test_a_table_that_is_or_soon_will_be_out_of_force_is_told(day: date, kind: str | None) -> None:
    dated = listed(LOW, HIGH)

    flaws = check_table(dated, on=day, within=timedelta(days=30))

    assert [flaw.kind for flaw in flaws] == ([kind] if kind else [])
    assert [answer(dated, flaw)["kind"] for flaw in flaws] == ["not_in_force"] * len(flaws)


def test_inputs_that_nobody_delivers_and_outputs_that_nobody_reads_are_told() -> None:
    used = listed(LOW, HIGH)

    flaws = check_table(used, delivered=["kind", "days", "tags", "amount2"], read=["route"])

    assert [(flaw.kind, flaw.severity) for flaw in flaws] == [
        ("undeliverable_input", "error"),
        ("undeliverable_input", "warning"),
        ("unread_output", "warning"),
    ]
    assert answer(used, flaws[0])["inputs"] == ["amount"]
    assert answer(used, flaws[2])["outcome"] == {"route": "ask", "hint": "Call"}


def test_what_takes_too_long_to_tell_is_not_proved_and_never_silent() -> None:
    rows = (
        f'{{amount: "[{n}..{n + 7}]", days: "> {n}", kind: a}}, then: {{route: pay}}, because: N{n}'
        for n in range(5)
    )

    flaws = check_table(listed(*rows, "{}, then: {route: ask, hint: Call}, because: Else"), budget=1)

    assert {flaw.proved for flaw in flaws} == {False}
    assert {flaw.severity for flaw in flaws} == {"warning"}
    assert "takes too long to tell" in flaws[0].message


def test_a_flaw_is_json() -> None:
    [flaw, *_] = check_table(listed(LOW))

    record = json.loads(json.dumps(flaw.as_json()))

    assert record["witness"] == {
        "facts": {
            "amount": {"amount": "1000", "currency": "EUR"},
            "kind": "a",
            "country": "OTHER",
            "days": 0,
            "tags": [],
        },
        "as_of": "2026-01-01",
    }
    assert (record["kind"], record["proved"], record["line"]) == ("gap", True, 17)


@pytest.mark.parametrize("name", list_tables())
def test_a_shipped_table_has_no_flaw(name: str) -> None:
    assert list(map(str, check_layers(load_layers(name)))) == []
