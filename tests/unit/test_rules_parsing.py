"""Which files are tables, and what is said of those that are not."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import TableError, TableNotFound, decide, load_table, parse_table

GOOD = """\
id: limits
version: 1.10
owner: Finance
title: What is paid
effective: {from: 2026-01-01, to: 2026-12-31}
hit: priority
inputs:
  amount: {type: money, currency: EUR, label: Total}
  country: {type: enum, values: [DE, NO], optional: true}
outputs:
  route: {type: enum, values: [pay, ask]}
  role: {type: role, values: [buyer, cfo], only_when: {route: ask}}
  hint: {type: text, only_when: {route: ask}}
rules:
- {id: R1, priority: 2, when: {amount: "> 1.10"}, then: {route: ask, role: cfo, hint: Call}, because: High}
- {id: R2, priority: 1, when: {amount: "<= 1.10", country: [NO]}, then: {route: pay, role: "-"}, because: Low}
"""


def findings_of(text: str | bytes) -> list[str]:
    """What is found, as `line:column message`."""
    with pytest.raises(TableError) as refused:
        parse_table(text, "rules/limits.yaml")
    assert all(finding.file == "rules/limits.yaml" for finding in refused.value.findings)
    return [f"{one.line}:{one.column} {one.message}" for one in refused.value.findings]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_scalars_stay_the_text_that_was_written() -> None:
    table = parse_table(GOOD)

    assert table.version == "1.10"
    assert [rule.conditions[0].text for rule in table.rules] == ["> 1.10", "<= 1.10"]
    assert table.rules[1].conditions[1].cell.holds("NO")
    assert table.rules[0].conditions[0].cell.holds(Decimal("1.100001"))


def test_an_output_that_does_not_apply_is_none() -> None:
    table = parse_table(GOOD)

    assert [dict(rule.outcome) for rule in table.rules] == [
        {"route": "ask", "role": "cfo", "hint": "Call"},
        {"route": "pay", "role": None, "hint": None},
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("owner: Finance", "owner:§", "table: 'owner': is empty"),
        ("owner: Finance", "owner: §[Finance]", "table: 'owner': must be a text"),
        ("owner: Finance", "owner: Finance\n§colour: red", "table: unknown key 'colour'"),
        ("owner: Finance", "owner: Finance\n§owner: Sales", "'owner' is given twice, first in line 3"),
        ("owner: Finance", "owner: §&who Finance", "anchors and aliases are not allowed"),
        ("owner: Finance", "owner: §*who", "anchors and aliases are not allowed"),
        ("owner: Finance", "owner: §!!str Finance", "tags are not allowed"),
        ("owner: Finance", "owner: Finance§\x00", "not YAML: a character that text may not have"),
        ("owner: Finance", 'owner: §"\\x00"', "a character that text may not have"),
        ("owner: Finance", 'owner: Finance\n§"\\uD800": a', "a character that text may not have"),
        ("because: Low", 'because: §"\\uDC00"', "a character that text may not have"),
        ("owner: Finance", "owner: §@Finance", "not YAML: found character '@'"),
        ("owner: Finance", "owner: Finance\n§[a]: b", "a key is a word"),
        ("id: limits", "id: §the limits", "table: 'id': 'the limits' is not a name"),
        ("from: 2026-01-01", "from: §1 May", "table, 'effective': 'from': '1 May' is not a date"),
        ("to: 2026-12-31", "§to: 2025-12-31", "table, 'effective': 'to' is before 'from'"),
        (
            "hit: priority",
            "hit: §most",
            "table: 'hit': 'most' is none of priority, unique, any, first, collect",
        ),
        ("type: money", "type: §float", "input 'amount': 'type': 'float' is none of decimal,"),
        ("currency: EUR", "currency: §euro", "input 'amount': 'currency': 'euro' is not a currency"),
        ("label: Total", "§values: [a]", "input 'amount': unknown key 'values'"),
        ("optional: true", "optional: §yes", "input 'country': 'optional': 'yes' is none of false, true"),
        ("values: [DE, NO]", "values: §[]", "input 'country': 'values' must be a list of at least one"),
        ("values: [DE, NO]", "values: §DE", "input 'country': 'values' must be a list of at least one"),
        ("values: [DE, NO]", "values: [DE, NO, §DE]", "input 'country': 'DE' is listed twice"),
        ("values: [DE, NO]", "values: [DE, NO, §missing]", "input 'country': 'values': 'missing' is not a"),
        (
            "  amount: {type",
            "  §the day: {type: date}\n  amount: {type",
            "table, 'inputs': 'the day' is not a name",
        ),
        ("{route: ask}}\n  hint", "§{route: wait}}\n  hint", "output 'role': 'only_when': must be one value"),
        ("{route: ask}}\n  hint", "§{role: cfo}}\n  hint", "output 'role': 'only_when': must be one value"),
        ("type: role", "type: §person", "output 'role': 'type': 'person' is none of enum, role, text"),
        ("id: R2", "§id: R1", "rule 2: id 'R1' is taken by line 15"),
        ("because: Low", 'because: §" "', "rule R2: 'because': is empty"),
        ("because: Low", "because: Low, §since: now", "rule R2: unknown key 'since'"),
        ("because: Low", "because: Low, §contradicts: [R3]", "rule R2: 'contradicts': 'R3' is no other rule"),
        ("because: Low", "because: Low, §contradicts: [R2]", "rule R2: 'contradicts': 'R2' is no other rule"),
        (
            "because: Low",
            "because: Low, contradicts: §R1",
            "rule R2: 'contradicts' must be a list of at least",
        ),
        ("priority: 1", "priority: §high", "rule R2: 'priority': 'high' is not a whole number"),
        ("country: [NO]", "§region: [NO]", "rule R2, 'when': 'region' is not an input"),
        ("country: [NO]", "country: §[SE]", "rule R2, 'when': 'country': 'SE' is none of DE, NO"),
        ("country: [NO]", "country: §[]", "rule R2, 'when': 'country': a set without a value"),
        ("country: [NO]", "country: §{NO}", "rule R2, 'when': 'country': must be a text"),
        ("country: [NO]", "country: §[[NO]]", "rule R2, 'when': 'country': must be a text"),
        ("country: [NO]", "country:§", "rule R2, 'when': 'country': '' is none of DE, NO"),
        ('"<= 1.10"', "§[0..5]", "rule R2, 'when': 'amount': '0..5' is not a decimal"),
        ('"<= 1.10"', "§missing", "rule R2, 'when': 'amount': an input that is not optional is never"),
        ("route: pay", "route: §wait", "rule R2, 'then': 'route': 'wait' is none of pay, ask"),
        ('role: "-"', "role: §buyer", "rule R2, 'then': 'role': is said only when route is ask"),
        ("hint: Call", 'hint: §""', "rule R1, 'then': 'hint': '' is none of"),
        ('role: "-"', '§tip: "-"', "rule R2, 'then': 'tip' is not an output"),
        ("- {id: R1", "- §R0\n- {id: R1", "rule 1 must be a mapping of keys to values"),
    ],
)
def test_a_finding_says_what_is_wrong_and_points_at_it(old: str, new: str, message: str) -> None:
    before, after = changed(old, new).split("§")
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"

    [finding] = findings_of(before + after)

    assert finding.startswith(f"{place} {message}")


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("owner: Finance\n", "", "1:1 table: 'owner' is missing"),
        ("effective: {from: 2026-01-01, to: 2026-12-31}\n", "", "1:1 table: 'effective' is missing"),
        ("from: 2026-01-01, ", "", "5:12 table, 'effective': 'from' is missing"),
        (", currency: EUR", "", "8:11 input 'amount': 'currency' is missing"),
        (", because: Low", "", "16:3 rule R2: 'because' is missing"),
        ("priority: 1, ", "", "16:3 rule R2: 'priority' is missing"),
        (', then: {route: pay, role: "-"}', "", "16:3 rule R2: 'then' is missing"),
        ("role: cfo, ", "", "15:57 rule R1, 'then': 'role': is missing"),
    ],
)
def test_what_is_missing_is_said_where_it_should_stand(old: str, new: str, finding: str) -> None:
    assert findings_of(changed(old, new)) == [finding]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "1:1 table must be a mapping"),
        ("# nothing", "1:1 table must be a mapping"),
        ("- a", "1:1 table must be a mapping"),
        ("{}", "1:1 table: 'effective' is missing"),
        (GOOD + "---\n" + GOOD, "17:1 not YAML: but found another document"),
        (GOOD[: GOOD.index("rules:")] + "rules: []", "14:8 table: 'rules' must be a list of at least one"),
        (
            GOOD.encode().replace(b"Finance", b"Fin\xe4nz"),
            "3:11 not YAML: a character that text may not have",
        ),
        ("[" * 10_000, "1:9 nested deeper than 8 levels"),
        ("a: &a [b]\nc: [*a, *a, *a]", "1:4 anchors and aliases are not allowed"),
    ],
)
def test_what_is_no_table_at_all_is_refused(text: str | bytes, finding: str) -> None:
    assert findings_of(text)[0].startswith(finding)


def test_all_findings_of_a_file_are_said_at_once_in_the_order_of_its_lines() -> None:
    bad = GOOD
    for old, new in [
        ("owner: Finance\n", "owner: !x Finance\n"),
        ("hit: priority", "hit: most"),
        ("type: money", "type: float"),
        ("id: R2", "id: R1"),
        ("because: High", "because:"),
        ("country: [NO]", "country: [SE]"),
    ]:
        bad = bad.replace(old, new)

    places = [finding.split(" ", 1)[0] for finding in findings_of(bad)]

    assert places == ["3:8", "6:6", "8:18", "15:102", "16:4", "16:60"]


def test_cells_of_a_wrongly_declared_input_are_not_findings_too() -> None:
    assert len(findings_of(changed("type: money", "type: float"))) == 1


@pytest.mark.parametrize("hit", ["unique", "any", "first", "collect"])
def test_a_priority_that_would_mean_nothing_is_refused(hit: str) -> None:
    findings = findings_of(changed("hit: priority", f"hit: {hit}"))

    assert [re.sub(r"^\S+ ", "", one) for one in findings] == [
        "rule R1: unknown key 'priority'",
        "rule R2: unknown key 'priority'",
    ]


def test_layout_and_comments_do_not_change_the_digest() -> None:
    loose = GOOD.replace("owner: Finance", 'owner:   "Finance"   # who answers for it')

    assert parse_table(loose).digest == parse_table(GOOD).digest


def test_every_word_changes_the_digest() -> None:
    others = [
        ("because: High", "because: Much"),
        ("version: 1.10", "version: 1.1"),
        ("> 1.10", "> 1.1"),
        ("[NO]", "[DE]"),
    ]

    digests = {parse_table(changed(old, new)).digest for old, new in others} | {parse_table(GOOD).digest}

    assert len(digests) == len(others) + 1


LINES = st.sampled_from(GOOD.splitlines())
SCRAPS = st.text(alphabet="{}[]:,-&*!#'\"|>%@ \n\tab10<=.", max_size=8)


def kind_of(content: str | bytes) -> str:
    """Read and ask: a table answers, what is none is refused with findings that point somewhere."""
    try:
        return decide(parse_table(content), {}, as_of="2026-06-01").kind
    except TableError as refusal:
        sound = all(one.line >= 1 and one.column >= 1 and one.message for one in refusal.findings)
        return "refused" if sound and refusal.findings else "refused without a finding"


@given(st.lists(LINES | SCRAPS, max_size=20).map("\n".join) | st.text(max_size=40) | st.binary(max_size=40))
def test_text_that_is_no_table_is_refused_with_findings(content: str | bytes) -> None:
    assert kind_of(content) == "refused"


@given(st.integers(0, len(GOOD)), st.integers(0, 6), SCRAPS)
def test_a_damaged_table_is_refused_with_findings_or_still_decides_nothing_without_facts(
    at: int, length: int, scrap: str
) -> None:
    assert kind_of(GOOD[:at] + scrap + GOOD[at + length :]) in ("refused", "missing_input", "not_in_force")


def test_a_table_is_loaded_once() -> None:
    assert load_table("invoice_to_pay") is load_table("invoice_to_pay")


def test_a_file_of_another_name_than_its_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)

    with pytest.raises(TableError, match=r"other\.yaml:1:1: the id 'limits' is not the name of the file"):
        load_table("other", tmp_path)


@pytest.mark.parametrize("name", ["nothing", "", "../rules/invoice_to_pay", "invoice_to_pay.yaml", "a\x00b"])
def test_a_name_without_a_table_is_refused(name: str) -> None:
    with pytest.raises(TableNotFound, match="there is no table"):
        load_table(name)


def test_the_values_of_an_enumeration_are_words_as_people_say_them() -> None:
    text = GOOD.replace("[DE, NO]", "[Very high, Größe 2, low]").replace(
        "country: [NO]", 'country: "{Very high, low}"'
    )
    negated = text.replace('"{Very high, low}"', "not(Größe 2)")

    cells = [parse_table(one).rules[1].cell("country") for one in (text, negated)]

    assert [[cell.holds(value) for value in ("Very high", "Größe 2", "low")] for cell in cells] == [
        [True, False, True],
        [True, False, True],
    ]


@pytest.mark.parametrize("value", ["a  b", " a", "a, b", "a..b", "(a)", "-a", "a\u0308", "a\u00a0b", "×"])
def test_a_value_that_a_cell_or_a_reader_could_mistake_is_refused(value: str) -> None:
    assert any(
        "is not a value of letters" in one
        for one in findings_of(GOOD.replace("[DE, NO]", f'["{value}", NO]'))
    )
