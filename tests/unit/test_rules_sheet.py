"""Rows in a CSV file beside the table: the same rows, the same findings, part of the digest."""

from pathlib import Path

import pytest

from rules import (
    Rule,
    Table,
    TableError,
    decide,
    load_layers,
    parse_table,
    read_table,
    restore_layers,
)

HEAD = """\
id: rates
version: 1
owner: Tax
title: Which rate applies
effective: {from: 2026-01-01}
hit: priority
inputs:
  country: {type: code}
  amount: {type: decimal, optional: true}
  goods: {type: enum, values: [book, food]}
outputs:
  rate: {type: decimal}
  note: {type: text}
"""
INLINE = """\
rules:
- {id: R1, priority: 2, when: {country: "{DE, AT}", goods: book}, then: {rate: 7.0, note: "Books, all"}, because: Books}
- {id: R2, priority: 1, when: {amount: "[0..100]"}, then: {rate: 19, note: Rest}, because: "The rest,\\nor nearly"}
"""  # noqa: E501
CSV = """\
id,priority,country,goods,amount,rate,note,because
R1,2,"{DE, AT}",book,-,7.0,"Books, all",Books

R2,1,-,-,[0..100],19,Rest,"The rest,
or nearly"
"""
SHEET = f"{HEAD}rows: rates.csv\n"
FACTS = {"country": "AT", "goods": "book", "amount": "5"}


def table(csv: str | bytes = CSV, text: str = SHEET) -> Table:
    return parse_table(text, "rules/rates.yaml", files=lambda name: csv)


def findings_of(csv: str | bytes, text: str = SHEET) -> list[str]:
    with pytest.raises(TableError) as refused:
        table(csv, text)
    return [str(finding) for finding in refused.value.findings]


def said_by(rule: Rule) -> tuple[object, ...]:
    cells = {one.input: one.text for one in rule.conditions}
    return rule.id, rule.priority, cells, rule.outcome, rule.because


def test_a_sheet_says_what_the_same_rows_in_the_table_say() -> None:
    inline = parse_table(HEAD + INLINE)

    rows = table().rules

    assert [said_by(rule) for rule in rows] == [said_by(rule) for rule in inline.rules]


def test_a_rule_of_a_sheet_knows_its_file_and_line() -> None:
    assert [f"{rule.origin}:{rule.line}" for rule in table().rules] == [
        "rules/rates.csv:2",
        "rules/rates.csv:4",
    ]


def test_a_column_that_is_left_out_is_not_tested() -> None:
    csv = "id,priority,goods,rate,note,because\nR1,1,food,7,Food,All food\n"

    assert [one.input for one in table(csv).rules[0].conditions] == ["goods"]


def test_rows_are_part_of_the_digest_and_their_quotes_are_not() -> None:
    assert table().digest == table(CSV.replace("R1,2", '"R1","2"')).digest
    others = [table(CSV.replace("19", "20")), table(CSV, SHEET + "prose: x\n")]
    assert len({one.digest for one in [table(), *others]}) == 3


@pytest.mark.parametrize("csv", ["\ufeff" + CSV, CSV.encode("utf-8-sig"), CSV.replace("\n", "\r\n")])
def test_what_spreadsheets_write_is_read(csv: str | bytes) -> None:
    assert [rule.id for rule in table(csv).rules] == ["R1", "R2"]


@pytest.mark.parametrize(
    ("csv", "finding"),
    [
        (CSV.replace("book,-", "comic,-"), "2:4: rule R1, 'when': 'goods': 'comic' is none of"),
        (CSV.replace("[0..100]", "[100..0]"), "4:5: rule R2, 'when': 'amount': '[100..0]' has"),
        (CSV.replace(",19,", ",much,"), "4:6: rule R2, 'then': 'rate': 'much' is not a decimal"),
        (CSV.replace(",19,", ",,"), "4:6: rule R2, 'then': 'rate': '' is not a decimal"),
        (CSV.replace(",book,", ",,"), "2:4: rule R1, 'when': 'goods': '' is none of"),
        (CSV.replace("R2", "R1"), "4:1: rule 2: id 'R1' is taken by line 2"),
        (CSV.replace(",Rest", ""), "4:1: has 7 fields for 8 columns"),
        (CSV.replace("R2,1", 'R2,"1" '), "4:1: not CSV: "),
        (CSV.replace("Rest", "Re\x00st"), "4:7: not CSV: a character that text may not have"),
        (CSV.encode().replace(b"Rest", b"R\xe4st"), "4:7: not CSV: a character that"),
        (CSV.replace("country", "land"), "1:3: column 'land' stands where an input or an output"),
        (CSV.replace("goods", "country"), "1:4: column 'country' stands where an input or"),
        (CSV.replace("id,", "key,"), "1:1: column 'key' stands where 'id' should"),
        (CSV.replace("because\n", "why\n"), "1:8: column 'why' stands where 'because' should"),
        (CSV.replace("priority", "prio"), "1:2: column 'prio' stands where 'priority' should"),
        (CSV.replace("amount,rate", "rate,amount"), "1:6: column 'amount' stands where an input"),
        (CSV.replace(",", ";"), "1:1: column 'id;priority;country;goods;amount;rate;note;"),
        (CSV.partition("\n")[0], "1:1: there is no row below the names of the columns"),
        ("", "1:1: there is no row below the names of the columns"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_found_by_line_and_field(csv: str | bytes, finding: str) -> None:
    assert findings_of(csv)[0].startswith(f"rules/rates.csv:{finding}")


def test_findings_of_table_and_sheet_are_said_at_once() -> None:
    text = SHEET.replace("owner: Tax\n", "")

    assert findings_of(CSV.replace("book,-", "comic,-").replace(",19,", ",much,"), text) == [
        "rules/rates.csv:2:4: rule R1, 'when': 'goods': 'comic' is none of book, food",
        "rules/rates.csv:4:6: rule R2, 'then': 'rate': 'much' is not a decimal such as 1200.00",
        "rules/rates.yaml:1:1: table: 'owner' is missing",
    ]


@pytest.mark.parametrize("name", ["../rates.csv", "/etc/rates.csv", "rates.yaml", "rates.csv\x00"])
def test_a_sheet_lies_beside_its_table(name: str) -> None:
    assert any("not " in finding for finding in findings_of(CSV, f"{HEAD}rows: {name}\n"))


def test_rows_stand_in_one_place() -> None:
    assert findings_of(CSV, HEAD + INLINE + "rows: rates.csv\n") == [
        "rules/rates.yaml:14:1: table: unknown key 'rules'"
    ]


def test_a_folder_and_texts_that_were_kept_have_the_sheet_too(tmp_path: Path) -> None:
    (tmp_path / "rates.yaml").write_text(SHEET)
    (tmp_path / "rates.csv").write_text(CSV)

    layers = load_layers("rates", tmp_path)

    again = [layers.table(), restore_layers(layers.sources).table(), read_table(tmp_path / "rates.yaml")]
    assert [decide(one, FACTS, as_of="2026-03-01").as_json()["rule"] for one in again] == ["R1", "R1", "R1"]
    assert len({one.digest for one in again}) == 1


def test_a_sheet_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "rates.yaml").write_text(SHEET)

    with pytest.raises(TableError, match=r"rates\.yaml:14:1: table: 'rows': there is no file 'rates\.csv'"):
        read_table(tmp_path / "rates.yaml")
