"""Sets, domains and typed outputs: what a table accepts of them and what it says."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Decision, Escalation, TableError, decide, parse_table
from rules.cells import parse_cell
from rules.errors import NotAValue
from rules.values import SetType

FLAGS = SetType(("hold", "dispute", "urgent"))
SETS = st.frozensets(st.sampled_from(FLAGS.values))
TABLE = """\
id: discounts
version: 1
owner: Finance
title: What is taken off
effective: {from: 2026-01-01}
hit: unique
inputs:
  rate: {type: decimal, domain: "[0..100]"}
  country: {type: code, domain: [DE, NO]}
  flags: {type: set, values: [hold, dispute, urgent], optional: true, domain: not(dispute)}
outputs:
  discount: {type: money, currency: EUR, domain: ">= 0"}
  share: {type: decimal, unit: "%"}
  days: {type: integer}
  until: {type: date}
  ask: {type: boolean}
  reason: {type: text}
rules:
- {id: R1, when: {rate: "> 5"}, then: {discount: "1.50", share: "2.0", days: 14, until: 2026-12-31, ask: false, reason: Early}, because: High}
- {id: R2, when: {rate: "<= 5", flags: hold}, then: {discount: 0, share: 0, days: 0, until: 2026-01-01, ask: true, reason: Held}, because: Hold}
"""  # noqa: E501


def ask(**facts: object) -> Decision | Escalation:
    return decide(parse_table(TABLE), {"rate": "6", "country": "DE"} | facts, as_of="2026-06-01")


def finding_of(old: str, new: str) -> str:
    assert TABLE.count(old) == 1
    with pytest.raises(TableError) as refused:
        parse_table(TABLE.replace(old, new))
    [finding] = refused.value.findings
    return f"{finding.line}: {finding.message}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hold", lambda words: "hold" in words),
        ("{hold, urgent}", lambda words: bool(words & {"hold", "urgent"})),
        ("all(hold, urgent)", lambda words: words >= {"hold", "urgent"}),
        ("not(hold)", lambda words: "hold" not in words),
        ("not(hold, urgent)", lambda words: not words & {"hold", "urgent"}),
        ("not(all(hold, urgent))", lambda words: not words >= {"hold", "urgent"}),
        ("not(missing)", lambda words: True),
        ("missing", lambda words: False),
        ("-", lambda words: True),
    ],
)
@given(words=SETS)
def test_a_cell_tells_sets_apart(text: str, expected: object, words: frozenset[str]) -> None:
    assert callable(expected)
    assert parse_cell(text, FLAGS).holds(words) == expected(words)


@pytest.mark.parametrize("text", ["hold", "{hold, urgent}", "all(hold)", "not(hold)", "not(missing)"])
def test_a_missing_set_is_not_an_empty_one(text: str) -> None:
    assert not parse_cell(text, FLAGS).holds(None)


@pytest.mark.parametrize("text", ["", "late", "{}", "all()", "{hold, hold}", "= hold", "!= hold", "[a..b]"])
def test_what_is_no_test_of_a_set_is_refused(text: str) -> None:
    with pytest.raises(NotAValue):
        parse_cell(text, FLAGS)


@pytest.mark.parametrize("flags", ["hold", ["late"], ["hold", "hold"], [1], [["hold"]], {"hold": True}, True])
def test_a_set_in_another_form_is_escalated(flags: object) -> None:
    answer = ask(flags=flags)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("invalid_input", ("flags",))


@pytest.mark.parametrize("flags", [["urgent", "hold"], ["hold", "urgent"]])
def test_equal_sets_are_written_alike(flags: Sequence[str]) -> None:
    assert ask(flags=flags).basis.facts["flags"] == ["hold", "urgent"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rate", "100.01", "rate: 100.01 is outside [0..100]"),
        ("rate", "-1", "rate: -1 is outside [0..100]"),
        ("country", "SE", "country: SE is outside {DE, NO}"),
        ("flags", ["dispute", "hold"], "flags: {dispute, hold} is outside not(dispute)"),
    ],
)
def test_a_fact_outside_its_domain_is_escalated(name: str, value: object, message: str) -> None:
    answer = ask(**{name: value})

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs, answer.message) == ("invalid_input", (name,), message)


@pytest.mark.parametrize("rate", ["100", "100.00"])
def test_the_bounds_of_a_domain_are_inside(rate: str) -> None:
    assert ask(rate=rate).kind == "decision"


def test_outputs_are_said_in_the_form_that_facts_have() -> None:
    answer = ask()

    assert isinstance(answer, Decision)
    assert answer.outcome == {
        "discount": {"amount": "1.5", "currency": "EUR"},
        "share": "2",
        "days": 14,
        "until": "2026-12-31",
        "ask": False,
        "reason": "Early",
    }


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('domain: "[0..100]"', 'domain: "[100..0]"', "8: input 'rate': 'domain': '[100..0]' has nothing"),
        ('domain: "[0..100]"', "domain: missing", "8: input 'rate': 'domain': 'missing' names no values"),
        ('domain: "[0..100]"', 'domain: "-"', "8: input 'rate': 'domain': '-' names no values"),
        ("[DE, NO]", "[DE, the north]", "9: input 'country': 'domain': 'the north' is not a code"),
        ("values: [hold", "values: [hold, hold", "10: input 'flags': 'hold' is listed twice"),
        (
            "values: [hold",
            "values: [a, b, c, d, e, f, g, h, i, j, hold",
            "10: input 'flags': 'values': a set has at most 12 words",
        ),
        ("currency: EUR, ", "", "12: output 'discount': 'currency' is missing"),
        ('"1.50"', '"1,50"', "19: rule R1, 'then': 'discount': '1,50' is not a decimal"),
        ('"1.50"', '"-1"', "19: rule R1, 'then': 'discount': '-1' is outside >= 0"),
        ("days: 14", "days: 14.5", "19: rule R1, 'then': 'days': '14.5' is not a whole number"),
        ("2026-12-31", "2026-02-30", "19: rule R1, 'then': 'until': '2026-02-30' is not a day"),
        ("ask: false", "ask: no", "19: rule R1, 'then': 'ask': 'no' is neither true nor false"),
        ("flags: hold", "flags: late", "20: rule R2, 'when': 'flags': 'late' is none of hold,"),
    ],
)
def test_a_declaration_or_a_value_that_does_not_fit_is_found(old: str, new: str, finding: str) -> None:
    assert finding_of(old, new).startswith(finding)


def test_a_rule_knows_its_file_and_line() -> None:
    table = parse_table(TABLE, "rules/discounts.yaml")

    assert table.file == "rules/discounts.yaml"
    assert [(rule.origin, rule.line) for rule in table.rules] == [(table.file, 19), (table.file, 20)]
