"""What overlays change of a table, in which context and on which day, and which of them are refused."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rules import (
    Decision,
    Escalation,
    LayeredTable,
    TableError,
    UnknownContext,
    decide,
    load_layers,
    load_table,
    parse_overlay,
)
from rules.overlay import overlaid

DAY = date(2026, 10, 31)
BASE = """\
id: tolerances
version: 1
owner: Purchasing
title: How far a price may be above the order
effective: {from: 2026-01-01}
contexts: [region, entity, contract]
hit: priority
inputs:
  goods: {type: enum, values: [steel, paper]}
  held: {type: boolean}
outputs:
  word: {type: enum, values: [low, high, ask, stop]}
rules:
- {id: STOP, priority: 1, mandatory: true, when: {held: true}, then: {word: stop}, because: A hold is a hold}
- {id: STEEL, priority: 5, when: {goods: steel}, then: {word: low}, because: Steel is watched}
- {id: ALL, priority: 3, when: {}, then: {word: low}, because: Two per cent}
"""
OVERLAY = """\
overlays: tolerances
id: %s
version: 1
owner: Purchasing
title: Otherwise
effective: {%s}
context: {%s}
rules:
- {%s, because: Agreed}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an overlay of the table, and the table, into a folder of their own."""
    folder = tmp_path / "rules"
    overlays = folder / "overlays" / "tolerances"
    overlays.mkdir(parents=True)
    (folder / "tolerances.yaml").write_text(BASE)

    def write(name: str, context: str, *rows: str, effective: str = "from: 2026-01-01") -> Path:
        row = ", because: Agreed}\n- {".join(rows)
        (overlays / f"{name}.yaml").write_text(OVERLAY % (name, effective, context, row))
        return folder

    return write


def said(folder: Path, *, goods: str = "steel", held: bool = False, as_of: date = DAY, **context: str) -> str:
    """The rule that decides and its word, or the kind of the escalation."""
    answer = ask(folder, goods=goods, held=held, as_of=as_of, **context)
    return f"{answer.rule} {answer.outcome['word']}" if isinstance(answer, Decision) else answer.kind


def ask(folder: Path, *, goods: str, held: bool, as_of: date = DAY, **context: str) -> Decision | Escalation:
    table = load_table("tolerances", folder, context=context, as_of=as_of)
    return decide(table, {"goods": goods, "held": held}, as_of=as_of)


def findings_of(folder: Path) -> list[str]:
    with pytest.raises(TableError) as refused:
        load_layers("tolerances", folder)
    return [str(finding) for finding in refused.value.findings]


ADDED = "id: %s, priority: 0, when: {goods: steel}, then: {word: %s}"
LAW = "id: LAW, priority: 0, mandatory: true, when: {goods: steel, held: false}, then: {word: ask}"
REPLACED = "id: ALL, priority: 3, when: {}, then: {word: %s}"


def test_an_overlay_decides_in_its_context_only(write: Write) -> None:
    folder = write("austria", "entity: AT", ADDED % ("AT", "high"))

    assert said(folder, entity="AT") == "AT high"
    assert said(folder, entity="DE") == said(folder) == "STEEL low"


def test_a_context_of_two_kinds_needs_both(write: Write) -> None:
    folder = write("both", "region: south, entity: AT", ADDED % ("BOTH", "high"))

    assert said(folder, entity="AT", region="south") == "BOTH high"
    assert said(folder, entity="AT", region="north") == said(folder, entity="AT") == "STEEL low"


def test_the_most_specific_overlay_decides_whatever_the_priorities(write: Write) -> None:
    write(
        "group", "region: south, entity: AT", (ADDED % ("WIDE", "ask")).replace("priority: 0", "priority: 9")
    )
    folder = write("contract", "contract: C-1", ADDED % ("CLOSE", "high"))

    assert said(folder, entity="AT", region="south", contract="C-1") == "CLOSE high"
    assert said(folder, entity="AT", region="south", contract="C-2") == "WIDE ask"


def test_a_row_that_is_replaced_is_replaced_in_its_place(write: Write) -> None:
    folder = write("austria", "entity: AT", REPLACED % "high")

    assert said(folder, goods="steel", entity="AT") == "STEEL low"
    assert said(folder, goods="paper", entity="AT") == "ALL high"


def test_of_two_replacements_the_more_specific_stays(write: Write) -> None:
    write("contract", "contract: C-1", REPLACED % "ask")
    folder = write("zone", "region: south", REPLACED % "high")

    assert said(folder, goods="paper", contract="C-1", region="south") == "ALL ask"


def test_nothing_overrides_a_mandatory_rule(write: Write) -> None:
    folder = write(
        "contract", "contract: C-1", "id: GO, priority: 99, when: {held: true}, then: {word: high}"
    )

    assert said(folder, held=True, contract="C-1") == "STOP stop"


def test_a_mandatory_rule_of_an_overlay_goes_before_a_more_specific_one(write: Write) -> None:
    write("austria", "entity: AT", LAW)
    folder = write("contract", "contract: C-1", ADDED % ("CLOSE", "high"))

    assert said(folder, entity="AT", contract="C-1") == "LAW ask"


def test_mandatory_rules_of_two_files_that_contradict_each_other_are_refused(write: Write) -> None:
    row = "id: LAW, priority: 99, mandatory: true, when: {goods: steel}, then: {word: ask}"

    [finding] = findings_of(write("austria", "entity: AT", row))

    assert finding == (
        "rules/overlays/tolerances/austria.yaml:9:1: rule LAW: rules/tolerances.yaml:14 (STOP)"
        " stands equal and says otherwise, both fit goods: steel, held: true"
    )


def test_mandatory_rules_of_two_files_that_differ_are_a_conflict_whatever_their_priorities(
    write: Write,
) -> None:
    folder = write("austria", "entity: AT", LAW.replace("priority: 0", "priority: 99"))
    layers = load_layers("tolerances", folder)
    stop = replace(layers.base.rules[0], conditions=())
    base = replace(layers.base, rules=(stop, *layers.base.rules[1:]))

    table = overlaid(base, layers.overlays, since=DAY, until=DAY)
    answer = decide(table, {"goods": "steel", "held": False}, as_of=DAY)

    assert isinstance(answer, Escalation)
    assert (answer.kind, set(answer.rules)) == ("conflict", {"LAW", "STOP"})


@pytest.mark.parametrize(
    ("first", "second", "facts"),
    [
        (ADDED % ("ONE", "high"), ADDED % ("TWO", "ask"), "goods: steel"),
        (ADDED % ("ONE", "high"), "id: TWO, priority: 0, when: {}, then: {word: ask}", "goods: steel"),
        (
            "id: ONE, priority: 0, when: {}, then: {word: high}",
            "id: TWO, priority: 0, when: {}, then: {word: ask}",
            "everything",
        ),
    ],
)
def test_rows_of_equally_specific_overlays_that_contradict_each_other_are_refused(
    write: Write, first: str, second: str, facts: str
) -> None:
    write("one", "entity: AT", first)

    [finding] = findings_of(write("two", "entity: AT", second))

    assert finding.endswith(f"one.yaml:9 (ONE) stands equal and says otherwise, both fit {facts}")


@pytest.mark.parametrize(
    ("second", "context"),
    [
        (ADDED % ("TWO", "high"), "entity: AT"),
        ((ADDED % ("TWO", "ask")).replace("priority: 0", "priority: 1"), "entity: AT"),
        ((ADDED % ("TWO", "ask")).replace("steel", "paper"), "entity: AT"),
        (ADDED % ("TWO", "ask"), "entity: CH"),
        (ADDED % ("TWO", "ask"), "contract: C-1"),
    ],
)
def test_rows_that_never_fit_at_once_or_differ_in_standing_are_no_contradiction(
    write: Write, second: str, context: str
) -> None:
    write("one", "entity: AT", ADDED % ("ONE", "high"))

    assert len(load_layers("tolerances", write("two", context, second)).overlays) == 2


def test_rows_of_equal_standing_and_priority_that_differ_are_a_conflict(write: Write) -> None:
    folder = write("one", "entity: AT", ADDED % ("ONE", "high"), ADDED % ("TWO", "ask"))

    assert said(folder, entity="AT") == "conflict"


def test_a_decision_names_what_was_overridden_where_it_stands_and_what_it_would_have_said(
    write: Write,
) -> None:
    write("contract", "contract: C-1", ADDED % ("CLOSE", "high"))
    folder = write("austria", "entity: AT", REPLACED % "ask")

    answer = ask(folder, goods="steel", held=False, entity="AT", contract="C-1").as_json()

    at = "rules/overlays/tolerances/"
    base = {"file": "rules/tolerances.yaml", "outcome": {"word": "low"}}
    assert answer["overridden"] == [
        {"rule": "ALL", **base, "by": "ALL", "by_file": f"{at}austria.yaml"},
        {"rule": "STEEL", **base, "by": "CLOSE", "by_file": f"{at}contract.yaml"},
        {
            "rule": "ALL",
            "file": f"{at}austria.yaml",
            "outcome": {"word": "ask"},
            "by": "CLOSE",
            "by_file": f"{at}contract.yaml",
        },
    ]
    assert [overlay["id"] for overlay in answer["overlays"]] == ["austria", "contract"]


def test_a_rule_that_would_not_have_decided_is_not_named_as_overridden(write: Write) -> None:
    folder = write("austria", "entity: AT", "id: STEEL, priority: 5, when: {}, then: {word: high}")

    assert ask(folder, goods="paper", held=False, entity="AT").as_json()["overridden"] == []


def test_the_reason_why_an_overridden_rule_did_not_decide_says_so(write: Write) -> None:
    folder = write("contract", "contract: C-1", ADDED % ("CLOSE", "high"))

    answer = ask(folder, goods="steel", held=False, contract="C-1")

    reasons = {row.rule: row.reason for row in answer.why_not}
    assert reasons["STEEL"] == "overridden by CLOSE, an overlay"


def test_an_overlay_counts_on_its_days_only(write: Write) -> None:
    folder = write(
        "spring", "entity: AT", ADDED % ("SPRING", "high"), effective="from: 2026-03-01, to: 2026-05-31"
    )

    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 5, 31), date(2026, 6, 1)]

    assert [said(folder, entity="AT", as_of=day) for day in days] == [
        "STEEL low",
        "SPRING high",
        "SPRING high",
        "STEEL low",
    ]


@pytest.mark.parametrize("day", [date(2026, 2, 28), date(2026, 6, 1)])
def test_a_table_is_not_in_force_on_a_day_that_other_overlays_apply_to(write: Write, day: date) -> None:
    folder = write(
        "spring", "entity: AT", ADDED % ("SPRING", "high"), effective="from: 2026-03-01, to: 2026-05-31"
    )
    in_spring = load_table("tolerances", folder, context={"entity": "AT"}, as_of=date(2026, 4, 1))
    otherwise = load_table("tolerances", folder, context={"entity": "AT"}, as_of=day)

    facts = {"goods": "steel", "held": False}

    assert decide(in_spring, facts, as_of=day).kind == "not_in_force"
    assert decide(otherwise, facts, as_of=date(2026, 4, 1)).kind == "not_in_force"
    assert decide(otherwise, facts, as_of=day).kind == "decision"


def test_the_digest_is_of_the_table_and_of_the_overlays_that_apply(write: Write) -> None:
    folder = write("austria", "entity: AT", ADDED % ("AT", "high"))
    layers = load_layers("tolerances", folder)

    digests = [layers.table({"entity": entity}, DAY).digest for entity in ("AT", "DE", "CH")]
    load_layers.cache_clear()
    write("austria", "entity: AT", ADDED % ("AT", "ask"))

    assert digests[1] == digests[2] == layers.base.digest != digests[0]
    assert load_table("tolerances", folder, context={"entity": "AT"}, as_of=DAY).digest not in digests


def test_equal_contexts_give_the_same_table(write: Write) -> None:
    folder = write("austria", "entity: AT", ADDED % ("AT", "high"))
    layers = load_layers("tolerances", folder)

    assert layers.table({"entity": "AT"}, DAY) is layers.table({"entity": "AT", "contract": None}, DAY)
    assert layers.table({}, DAY) is layers.base


def test_every_table_that_overlays_make_is_listed_once(write: Write) -> None:
    write("spring", "entity: AT", ADDED % ("SPRING", "high"), effective="from: 2026-03-01, to: 2026-05-31")
    folder = write("contract", "contract: C-1", ADDED % ("CLOSE", "ask"))

    tables = list(load_layers("tolerances", folder).tables())

    assert [[overlay.id for overlay in table.overlays] for table in tables] == [
        [],
        ["contract"],
        ["spring"],
        ["spring", "contract"],
    ]


def test_a_context_that_the_table_does_not_declare_is_refused(write: Write) -> None:
    folder = write("austria", "entity: AT", ADDED % ("AT", "high"))

    with pytest.raises(UnknownContext, match="enity"):
        load_table("tolerances", folder, context={"enity": "AT"})


@pytest.mark.parametrize(
    ("context", "row", "finding"),
    [
        ("entity: AT", "id: STOP, priority: 1, when: {}, then: {word: low}", "9:1: rule STOP: rules/toler"),
        ("land: AT", ADDED % ("AT", "high"), "7:11: overlay, 'context': 'land' is no kind of context of"),
        ("entity: ''", ADDED % ("AT", "high"), "7:19: overlay, 'context': 'entity': is empty"),
        ("", ADDED % ("AT", "high"), "7:10: overlay, 'context': an overlay that applies everywhere belongs"),
        ("entity: AT", ADDED % ("AT", "much"), "9:60: rule AT, 'then': 'word': 'much' is none of"),
        ("entity: AT", ADDED % ("AT", "low") + ", mandatory: yes", "9:77: rule AT: 'mandatory': 'yes' is no"),
    ],
)
def test_a_finding_in_an_overlay_points_at_it(write: Write, context: str, row: str, finding: str) -> None:
    [found] = findings_of(write("austria", context, row))

    assert found.startswith(f"rules/overlays/tolerances/austria.yaml:{finding}")


def test_an_overlay_of_another_table_or_name_is_refused(write: Write) -> None:
    folder = write("austria", "entity: AT", ADDED % ("AT", "high"))
    file = folder / "overlays/tolerances/austria.yaml"

    file.write_text(file.read_text().replace("overlays: tolerances", "overlays: limits"))
    [other_table] = findings_of(folder)
    file.write_text(OVERLAY % ("wien", "from: 2026-01-01", "entity: AT", ADDED % ("AT", "high")))
    [other_name] = findings_of(folder)

    assert other_table.endswith("1:11: overlay: 'overlays': lies beside the overlays of 'tolerances'")
    assert other_name.endswith("1:1: the id 'wien' is not the name of the file")


def test_equally_specific_overlays_that_replace_one_row_are_refused(write: Write) -> None:
    write("one", "entity: AT", REPLACED % "high")
    folder = write("two", "entity: AT", REPLACED % "ask")

    at = "rules/overlays/tolerances/"
    assert findings_of(folder) == [
        f"{at}two.yaml:9:1: rule ALL: {at}one.yaml:9 stands equal and has a row of this id too"
    ]


def test_equally_specific_overlays_may_replace_one_row_one_after_the_other(write: Write) -> None:
    write("one", "entity: AT", REPLACED % "high", effective="from: 2026-01-01, to: 2026-06-30")
    folder = write("two", "entity: AT", REPLACED % "ask", effective="from: 2026-07-01")

    said_in = [said(folder, goods="paper", entity="AT", as_of=date(2026, month, 1)) for month in (6, 7)]

    assert said_in == ["ALL high", "ALL ask"]


def test_a_mandatory_row_of_an_overlay_is_replaced_by_no_other(write: Write) -> None:
    write("austria", "entity: AT", LAW)
    folder = write("contract", "contract: C-1", ADDED % ("LAW", "high"))

    at = "rules/overlays/tolerances/"
    assert findings_of(folder) == [
        f"{at}contract.yaml:9:1: rule LAW: {at}austria.yaml:9 is mandatory, and no overlay replaces it"
    ]


def test_overlays_that_never_meet_may_have_rows_of_one_id(write: Write) -> None:
    write("austria", "entity: AT", LAW)
    folder = write("swiss", "entity: CH", ADDED % ("LAW", "high"))

    assert [said(folder, entity=entity) for entity in ("AT", "CH")] == ["LAW ask", "LAW high"]


NARROW = """\
overlays: tolerances
id: %s
version: 1
owner: Purchasing
title: Less
effective: {from: 2026-01-01}
context: {%s}
inputs:
  goods: {domain: %s}
examples:
- {name: Steel, given: {goods: steel, held: false}, expect: {rule: STEEL, word: low}}
"""


def narrow(folder: Path, name: str, context: str, domain: str) -> Path:
    (folder / f"overlays/tolerances/{name}.yaml").write_text(NARROW % (name, context, domain))
    return folder


def test_an_overlay_narrows_what_an_input_may_be(write: Write) -> None:
    folder = narrow(write("one", "entity: DE", ADDED % ("DE", "ask")), "two", "entity: AT", "steel")

    assert said(folder, goods="paper", entity="AT") == "invalid_input"
    assert said(folder, goods="steel", entity="AT") == "STEEL low"
    assert said(folder, goods="paper", entity="DE") == "ALL low"


def test_a_domain_that_reaches_beyond_the_one_of_a_wider_overlay_is_refused(write: Write) -> None:
    folder = narrow(write("one", "entity: DE", ADDED % ("DE", "ask")), "two", "entity: AT", "steel")
    narrow(folder, "three", "contract: C-1", "[steel, paper]")

    at = "rules/overlays/tolerances/"
    assert findings_of(folder) == [
        f"{at}three.yaml:1:1: input goods: {{steel, paper}} reaches beyond steel, the domain in {at}two.yaml"
    ]


def test_a_domain_that_reaches_beyond_the_tables_is_refused(write: Write) -> None:
    folder = narrow(write("one", "entity: DE", ADDED % ("DE", "ask")), "two", "entity: AT", "not(steel)")
    table = folder / "tolerances.yaml"
    table.write_text(table.read_text().replace("[steel, paper]", "[steel, paper], domain: steel"))

    [finding] = findings_of(folder)

    assert finding.endswith("1:1: input goods: not(steel) reaches beyond steel, the table's domain")


def test_only_the_domain_of_an_input_is_an_overlays_to_state(write: Write) -> None:
    folder = write("one", "entity: DE", ADDED % ("DE", "ask"))
    text = NARROW % ("two", "entity: AT", "steel, type: enum}\n  colour: {domain: red")
    (folder / "overlays/tolerances/two.yaml").write_text(text)

    assert [finding.partition("yaml:")[2] for finding in findings_of(folder)] == [
        "9:26: input 'goods': unknown key 'type'",
        "10:3: overlay, 'inputs': 'colour' is not an input",
    ]


def test_the_examples_of_a_table_and_its_overlays_come_with_the_table_that_they_are_about(
    write: Write,
) -> None:
    folder = narrow(write("one", "entity: AT", ADDED % ("AT", "ask")), "two", "contract: C-1", "steel")

    [(table, example)] = load_layers("tolerances", folder).examples()

    assert (example.name, [overlay.id for overlay in table.overlays]) == ("Steel", ["two"])


def test_the_overlay_in_the_documentation_is_one_and_its_example_passes() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text()
    [shown] = re.findall(r"^```yaml\n(overlays: .*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    base = load_table("invoice_tolerances")

    layers = LayeredTable(base, [parse_overlay(shown, base)])

    answers = {
        example.name: decide(table, example.given, as_of=example.as_of)
        for table, example in layers.examples()
        if table.overlays
    }
    assert {name: answer.as_json()["rule"] for name, answer in answers.items()} == {"A small lot": "TO-520"}
