"""Tables that ask other tables: what they pass on, what they say if the other cannot, and no circles."""

from pathlib import Path

import pytest

from rules import (
    Decision,
    Escalation,
    JsonValue,
    Table,
    TableError,
    decide,
    load_layers,
    parse_table,
    restore_layers,
)

TOLERANCES = """\
id: tolerances
version: 1
owner: Purchasing
title: How far a price may be off
effective: {from: 2026-01-01, to: 2026-12-31}
contexts: [entity]
hit: unique
inputs:
  goods: {type: enum, values: [steel, paper]}
  amount: {type: money, currency: EUR}
  urgent: {type: boolean, optional: true}
outputs:
  kind: {type: enum, values: [fixed, free]}
  pct: {type: decimal}
  until: {type: date, only_when: {kind: fixed}}
rules:
- {id: T1, when: {goods: steel, amount: "< 1000"}, then: {kind: fixed, pct: 5, until: 2026-06-30}, because: Steel}
- {id: T2, when: {goods: paper, urgent: missing}, then: {kind: free, pct: 2, until: "-"}, because: Paper}
"""  # noqa: E501
APPROVAL = """\
id: approval
version: 1
owner: Finance
title: Whether it is paid
effective: {from: 2026-01-01}
hit: unique
inputs:
  amount: {type: money, currency: EUR}
  over_pct: {type: decimal}
  tolerated_pct: {type: decimal, from: {table: tolerances, output: pct}}
  until: {type: date, optional: true, from: {table: tolerances, output: until}}
  excess: {type: decimal, derived: "over_pct - tolerated_pct"}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
- {id: A1, when: {excess: "<= 0"}, then: {route: pay}, because: Tolerated}
- {id: A2, when: {excess: "> 0"}, then: {route: ask}, because: Too much}
"""
EAST = """\
overlays: tolerances
id: east
version: 1
owner: Purchasing
title: The east
context: {entity: east}
effective: {from: 2026-01-01}
rules:
- {id: T1, when: {goods: steel}, then: {kind: fixed, pct: 9, until: 2026-06-30}, because: Farther away}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tolerances.yaml").write_text(TOLERANCES)
    (tmp_path / "approval.yaml").write_text(APPROVAL)
    (tmp_path / "overlays/tolerances").mkdir(parents=True)
    (tmp_path / "overlays/tolerances/east.yaml").write_text(EAST)
    return tmp_path


def approval(text: str = APPROVAL, tolerances: str = TOLERANCES) -> Table:
    return parse_table(text, tables=lambda name: parse_table(tolerances))


def ask(asked: Table, **facts: object) -> Decision | Escalation:
    usual: dict[str, object] = {"amount": euro("500"), "over_pct": "4", "goods": "steel"}
    return decide(asked, usual | facts, as_of="2026-03-01")


def euro(amount: str) -> JsonValue:
    return {"amount": amount, "currency": "EUR"}


def findings_of(text: str, tolerances: str = TOLERANCES) -> list[str]:
    with pytest.raises(TableError) as refused:
        approval(text, tolerances)
    return [f"{one.file}:{one.line}: {one.message}" for one in refused.value.findings]


@pytest.mark.parametrize(
    ("goods", "over", "rule"), [("steel", "4", "A1"), ("steel", "6", "A2"), ("paper", "4", "A2")]
)
def test_what_another_table_says_decides(goods: str, over: str, rule: str) -> None:
    answer = ask(approval(), goods=goods, over_pct=over)

    assert isinstance(answer, Decision)
    assert answer.rule == rule


def test_a_decision_holds_the_one_below_it() -> None:
    record = ask(approval()).as_json()

    assert set(record["facts"]) == {"amount", "over_pct", "goods", "urgent"}
    assert record["derived"] == {"tolerated_pct": "5", "until": "2026-06-30", "excess": "-1"}
    below = record["asked"]["tolerances"]
    assert (below["kind"], below["rule"], below["because"]) == ("decision", "T1", "Steel")
    assert below["facts"] == {"goods": "steel", "amount": euro("500"), "urgent": None}
    assert below["as_of"] == "2026-03-01"


def test_an_output_that_does_not_apply_is_missing() -> None:
    assert ask(approval(), goods="paper").basis.derived["until"] is None


@pytest.mark.parametrize(
    ("facts", "kind", "message"),
    [
        (
            {"amount": euro("1000")},
            "no_rule",
            "tolerated_pct: no rule of table 'tolerances' fits these facts",
        ),
        ({"goods": None}, "missing_input", "goods: missing, and table 'approval' cannot decide without"),
        ({"goods": "stone"}, "invalid_input", "goods: 'stone' is none of steel, paper"),
        ({"colour": "red"}, "invalid_input", "colour: is no input of table 'approval'"),
        ({"tolerated_pct": "50"}, "invalid_input", "tolerated_pct: is worked out by table 'approval'"),
    ],
)
def test_what_the_other_table_cannot_decide_is_escalated_by_name(
    facts: dict[str, object], kind: str, message: str
) -> None:
    answer = ask(approval(), **facts)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.message) == (kind, message)


def test_a_table_below_that_is_not_in_force_is_escalated() -> None:
    answer = decide(approval(), {"amount": euro("5"), "over_pct": "1", "goods": "steel"}, as_of="2027-01-01")

    assert isinstance(answer, Escalation)
    assert answer.kind == "not_in_force"
    assert answer.message.startswith("tolerated_pct: table 'tolerances', version 1, is not in force")


def test_a_narrower_domain_below_is_kept() -> None:
    narrow = TOLERANCES.replace("currency: EUR}", 'currency: EUR, domain: "[0..100]"}')

    answer = ask(approval(tolerances=narrow))

    assert isinstance(answer, Escalation)
    assert answer.kind == "invalid_input"
    assert "table 'tolerances': amount: 500 EUR is outside [0..100]" in answer.message


def test_a_fact_that_is_unknown_above_is_not_missing_below() -> None:
    above = APPROVAL.replace("  over_pct: {type", "  urgent: {type: boolean}\n  over_pct: {type")

    answer = ask(approval(above), goods="paper")

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("missing_input", ("urgent",))


def test_the_digest_is_of_the_tables_below_as_well() -> None:
    other = TOLERANCES.replace("pct: 5", "pct: 6")

    assert approval().digest != approval(tolerances=other).digest
    assert approval().content_digest == approval(tolerances=other).content_digest


ON_TABLE = "'from': output '{}' of table 'tolerances' is "


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("output: pct}", "output: share}", "'from': table 'tolerances' has no output 'share'"),
        ("output: pct}", "output: kind}", f"{ON_TABLE.format('kind')}of another type"),
        ("date, optional: true", "date", f"{ON_TABLE.format('until')}not always said: make it optional"),
        (
            "{type: money, currency: EUR}",
            "{type: decimal}",
            "'from': input 'amount' of table 'tolerances' is",
        ),
        ("decimal, from", "decimal, derived: over_pct, from", "an input is derived or asked for, not both"),
    ],
)
def test_a_question_that_does_not_fit_is_found(old: str, new: str, finding: str) -> None:
    name = "until" if old.startswith("date") else "tolerated_pct"

    assert findings_of(APPROVAL.replace(old, new))[0].partition(f"input '{name}': ")[2].startswith(finding)


@pytest.mark.parametrize(
    ("new", "finding"),
    [("tolerances", " must be a mapping"), ("{table: tolerances}", ": 'output' is missing")],
)
def test_a_question_names_a_table_and_an_output(new: str, finding: str) -> None:
    text = APPROVAL.replace("{table: tolerances, output: pct}", new)

    assert findings_of(text)[0].startswith(f"table:10: input 'tolerated_pct', 'from'{finding}")


def test_the_findings_of_the_table_below_are_said_too() -> None:
    assert findings_of(APPROVAL.replace("id: A2", "id: A1"), TOLERANCES.replace("pct: 5", "pct: five")) == [
        "table:17: rule 2: id 'A1' is taken by line 16",
        "table:17: rule T1, 'then': 'pct': 'five' is not a decimal such as 1200.00",
    ]


def test_without_tables_at_hand_none_is_asked() -> None:
    with pytest.raises(
        TableError, match="'from': 'tolerances' cannot be read where nothing is known to lie beside"
    ):
        parse_table(APPROVAL)


def test_a_table_is_loaded_with_those_that_it_asks_and_their_overlays(folder: Path) -> None:
    layers = load_layers("approval", folder)

    rules = [
        ask(layers.table({"entity": entity}), over_pct="8").as_json()["rule"] for entity in (None, "east")
    ]

    assert rules == ["A2", "A1"]
    assert layers.table({"entity": "east"}) is layers.table({"entity": "east"})


def test_texts_that_were_kept_decide_as_the_files_did(folder: Path) -> None:
    layers = load_layers("approval", folder)
    said = ask(layers.table({"entity": "east"}), over_pct="8").as_json()

    restored = restore_layers(layers.sources)

    assert restored.digest == layers.digest
    assert ask(restored.table_of(said), over_pct="8").as_json() == said


@pytest.mark.parametrize("asked", ["approval", "tolerances"])
def test_tables_that_ask_each_other_in_a_circle_are_refused(folder: Path, asked: str) -> None:
    circle = TOLERANCES.replace(
        "  urgent: {type: boolean, optional: true}",
        f"  urgent: {{type: boolean, optional: true, from: {{table: {asked}, output: route}}}}",
    )
    (folder / "tolerances.yaml").write_text(circle)

    with pytest.raises(
        TableError, match=f"table '{asked}' cannot be asked by itself: approval, tolerances, {asked}"
    ):
        load_layers("approval", folder)


def test_a_table_that_is_not_there_cannot_be_asked(folder: Path) -> None:
    (folder / "tolerances.yaml").unlink()

    with pytest.raises(TableError, match=r"approval\.yaml:10:.*: there is no table 'tolerances'"):
        load_layers("approval", folder)


def test_a_table_that_escalates_where_its_word_changes_nothing_keeps_nobody_from_deciding() -> None:
    above = APPROVAL.replace("hit: unique", "hit: first").replace(
        "rules:\n", 'rules:\n- {id: A0, when: {amount: ">= 1000"}, then: {route: ask}, because: Large}\n'
    )

    answer = ask(approval(above), amount=euro("1000"))

    assert isinstance(answer, Decision)
    assert (answer.rule, answer.without) == ("A0", ("tolerated_pct", "until"))
    assert answer.as_json()["asked"]["tolerances"]["kind"] == "no_rule"


FLAGS = """\
id: tolerances
version: 1
owner: Audit
title: What is odd
effective: {from: 2026-01-01}
hit: collect
inputs:
  amount: {type: decimal}
outputs:
  flag: {type: enum, values: [large, round]}
rules:
- {id: F1, when: {amount: "> 10"}, then: {flag: large}, because: Large}
- {id: F2, when: {amount: "{10, 20}"}, then: {flag: round}, because: Round}
- {id: F3, when: {amount: "> 15"}, then: {flag: large}, because: Large}
"""
AUDIT = """\
id: audit
version: 1
owner: Audit
title: Whether somebody looks
effective: {from: 2026-01-01}
hit: unique
inputs:
  odd: {type: %s, from: {table: tolerances, output: flag}}
outputs:
  look: {type: boolean}
rules:
- {id: A1, when: {odd: "%s"}, then: {look: true}, because: Odd}
"""


@pytest.mark.parametrize(
    ("aggregate", "kind", "cell", "value"),
    [
        ("list", "set, values: [large, round, late]", "all(large, round)", ["large", "round"]),
        ("count", "integer", "3", 3),
    ],
)
def test_what_another_table_collected_is_asked_for(
    aggregate: str, kind: str, cell: str, value: JsonValue
) -> None:
    flags = FLAGS + f"aggregate: {aggregate}\n"

    answer = decide(approval(AUDIT % (kind, cell), flags), {"amount": "20"}, as_of="2026-03-01")

    assert isinstance(answer, Decision)
    assert answer.basis.derived == {"odd": value}


@pytest.mark.parametrize("aggregate", ["min", "list"])
def test_what_was_collected_is_not_of_the_type_of_one_output(aggregate: str) -> None:
    with pytest.raises(TableError, match=r"is of another type|takes numbers"):
        approval(AUDIT % ("enum, values: [large, round]", "large"), FLAGS + f"aggregate: {aggregate}\n")
