"""Facts that are missing: which could change the answer, checked against brute force over all values."""

from collections.abc import Sequence
from itertools import product
from random import Random

import pytest

from rules import Decision, Escalation, JsonValue, Table, decide, parse_table

DAY = "2026-06-01"
WORDS: dict[str, list[JsonValue]] = {
    "amount": ["-5", "0", "5", "10", "15", "20", "25"],  # each literal that a cell may have, and between
    "colour": ["red", "green", "blue"],
    "urgent": [True, False],
    "count": [-1, 0, 1, 2, 3],
    "flags": [[], ["a"], ["b"], ["a", "b"]],
}
CELLS: dict[str, Sequence[str]] = {
    "amount": ["-", "> 10", "<= 20", "[0..10)", "not(0)", "{10, 20}"],
    "colour": ["-", "red", "not(red)", "{red, blue}"],
    "urgent": ["-", "true", "false"],
    "count": ["-", "1", "< 2", ">= 0", "not(1)"],
    "flags": ["-", "a", "not(a)", "all(a, b)"],
}
TYPES = {
    "amount": "type: decimal",
    "colour": "type: enum, values: [red, green, blue]",
    "urgent": "type: boolean",
    "count": "type: integer",
    "flags": "type: set, values: [a, b]",
}


def table(rules: Sequence[str], *, hit: str = "priority", optional: Sequence[str] = ()) -> Table:
    lines = [f"{name}: {{{said}, optional: {str(name in optional).lower()}}}" for name, said in TYPES.items()]
    return parse_table(
        "id: t\nversion: 1\nowner: o\ntitle: t\neffective: {from: 2026-01-01}\n"
        f"hit: {hit}\ninputs:\n  " + "\n  ".join(lines) + "\n"
        "outputs:\n  route: {type: enum, values: [pay, ask, reject]}\nrules:\n" + "\n".join(rules)
    )


def drawn(random: Random, *, hit: str) -> list[str]:
    rules = []
    for number in range(random.randint(1, 6)):
        cells = ", ".join(f'{name}: "{random.choice(words)}"' for name, words in CELLS.items())
        priority = f"priority: {random.randint(1, 3)}, " if hit == "priority" else ""
        route = random.choice(["pay", "ask"])
        rules.append(
            f"- {{id: R{number}, {priority}when: {{{cells}}}, then: {{route: {route}}}, because: x}}"
        )
    return rules


def ask(asked: Table, facts: dict[str, JsonValue]) -> Decision | Escalation:
    return decide(asked, facts, as_of=DAY)


def said(answer: Decision | Escalation) -> tuple[object, ...]:
    if isinstance(answer, Decision):
        return answer.kind, answer.outcome["route"]
    return answer.kind, answer.rules


def complete(missing: Sequence[str]) -> list[dict[str, JsonValue]]:
    """All ways to have values for what is missing, as far as a cell can tell."""
    return [dict(zip(missing, row, strict=True)) for row in product(*(WORDS[name] for name in missing))]


def mattering(asked: Table, known: dict[str, JsonValue], missing: Sequence[str]) -> set[str]:
    """The inputs of which two values lead to different answers, the other ones being equal."""
    answers = {tuple(map(str, way.values())): said(ask(asked, known | way)) for way in complete(missing)}
    return {
        name
        for place, name in enumerate(missing)
        for one, answer in answers.items()
        for other, another in answers.items()
        if answer != another and one[:place] + one[place + 1 :] == other[:place] + other[place + 1 :]
    }


@pytest.mark.parametrize("hit", ["priority", "first", "unique", "any"])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_asked_for_is_exactly_what_could_change_the_answer(hit: str, seed: int) -> None:
    random = Random(f"{hit} {seed}")
    for _ in range(4):
        asked = table(drawn(random, hit=hit), hit=hit)
        missing = random.sample(list(WORDS), random.randint(1, 3))
        known = {name: random.choice(WORDS[name]) for name in WORDS if name not in missing}

        answer = ask(asked, known)

        expected = mattering(asked, known, missing)
        assert set(answer.inputs if isinstance(answer, Escalation) else ()) == expected
        assert (answer.kind == "missing_input") == bool(expected)
        if not expected:
            assert {said(ask(asked, known | way)) for way in complete(missing)} == {said(answer)}


@pytest.mark.parametrize("seed", range(30))
def test_an_optional_fact_is_named_exactly_if_a_value_of_it_would_change_the_answer(seed: int) -> None:
    random = Random(seed)
    missing = random.sample(list(WORDS), 2)
    asked = table(drawn(random, hit="priority"), optional=missing)
    known = {name: random.choice(WORDS[name]) for name in WORDS if name not in missing}

    answer = ask(asked, known)

    expected = {
        name
        for name in missing
        if any(said(ask(asked, known | {name: value})) != said(answer) for value in WORDS[name])
    }
    assert set(answer.could_change) == expected == set(map(str, answer.as_json()["could_change"] or ()))


LIMITS = table(
    [
        '- {id: R1, priority: 4, when: {colour: red}, then: {route: reject}, because: "Never"}',
        '- {id: R2, priority: 3, when: {amount: "> 10", urgent: true}, then: {route: ask}, because: "Much"}',
        '- {id: R3, priority: 2, when: {amount: "> 20"}, then: {route: ask}, because: "Very much"}',
        '- {id: R4, priority: 1, when: {}, then: {route: pay}, because: "Little"}',
    ]
)
ALL: dict[str, JsonValue] = {"amount": "5", "colour": "blue", "urgent": False, "count": 1, "flags": []}


def without(*names: str, **facts: JsonValue) -> Decision | Escalation:
    return ask(LIMITS, {name: fact for name, fact in (ALL | facts).items() if name not in names})


def test_a_fact_that_decides_nothing_is_not_asked_for() -> None:
    answer = without("count", "flags", "urgent", amount="5")

    assert isinstance(answer, Decision)
    assert (answer.rule, answer.without) == ("R4", ("urgent", "count", "flags"))
    assert answer.as_json()["without"] == ["urgent", "count", "flags"]


def test_the_fact_that_settles_most_is_asked_for_first() -> None:
    answer = without("amount", "urgent", "colour", "count")

    assert isinstance(answer, Escalation)
    assert answer.inputs == ("colour", "amount", "urgent")


def test_a_row_whose_condition_is_unknown_says_what_the_decision_does_not_depend_on() -> None:
    rules = without("urgent", amount="25").as_json()

    assert (rules["rule"], rules["outcome"]) == ("R2", {"route": "ask"})
    assert {row["rule"]: row["reason"] for row in rules["why_not"]} == {
        "R1": "colour is blue, the rule wants red",
        "R3": "urgent would decide between it and R2, and they say the same",
        "R4": "lower priority than R2",
    }


def test_a_table_that_says_one_thing_in_any_case_needs_no_facts_and_says_so() -> None:
    answer = ask(table(["- {id: R1, priority: 1, when: {}, then: {route: ask}, because: Always}"]), {})

    assert isinstance(answer, Decision)
    assert answer.without == tuple(WORDS)


def test_many_unknown_facts_at_once_are_answered_and_named_rather_than_left_out() -> None:
    names = [f"i{number}" for number in range(40)]
    inputs = "".join(f"  {name}: {{type: boolean}}\n" for name in names)
    rule = (
        "- {{id: R{n}, priority: {n}, when: {{{i}: true, i0: false}}, then: {{route: {word}}}, because: x}}"
    )
    rows = "\n".join(rule.format(n=n, i=name, word=n % 3) for n, name in enumerate(names) if n)
    asked = parse_table(
        "id: t\nversion: 1\nowner: o\ntitle: t\neffective: {from: 2026-01-01}\nhit: priority\n"
        f"inputs:\n{inputs}outputs:\n  route: {{type: enum, values: ['0', '1', '2']}}\nrules:\n{rows}"
    )

    answer = ask(asked, {})

    assert isinstance(answer, Escalation)
    assert (answer.kind, set(answer.inputs)) == ("missing_input", set(names))


def test_the_source_of_a_fact_is_kept_with_the_decision() -> None:
    answer = decide(LIMITS, ALL, as_of=DAY, sources={"amount": "invoice, BT-112", "colour": "ERP", "x": "?"})

    assert answer.as_json()["sources"] == {"amount": "invoice, BT-112", "colour": "ERP"}
