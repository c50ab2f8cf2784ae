"""Tables as spreadsheets and back, and what people do to spreadsheets in between."""

import csv
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from rules import TableError, parse_table
from rules.document import NO_TEXT
from rules.spreadsheets import read_spreadsheet, write_spreadsheet

HEAD = """\
# Comments are not carried over.
id: limits
version: 1.10
owner: "007"
title: "=1+1"
prose: >
  Read this.

  Then that.
effective: {from: 2026-01-01}
hit: priority
inputs:
  amount: {type: money, currency: EUR, optional: true, label: "+49 1 234"}
  country: {type: enum, values: [DE, NO, SEPT-1], label: "[draft]"}
  day: {type: date, label: "@SUM(A1)"}
outputs:
  route: {type: enum, values: [pay, ask], label: "-"}
  hint: {type: text, only_when: {route: ask}}
rules:
- {id: R1, priority: 10, when: {country: [DE, NO], amount: ">= 1.10"}, then: {route: ask, hint: "=cmd|' /C calc'!A0"}, because: "May 26"}
- {id: R2, priority: 1, when: {amount: "[-5..5)", day: 2026-05-01}, then: {route: ask, hint: "\\"quoted\\""}, because: "'tis"}
- {id: R3, priority: 1, when: {country: "{DE, NO}"}, then: {route: pay, hint: "-"}, because: "1/2"}
- {id: R4, priority: 0, when: {}, then: {route: pay}, because: "TRUE"}
examples:
- {name: Large, given: {amount: 10, country: DE, day: 2026-05-01}, as_of: 2026-06-01, expect: {rule: R1}}
- {name: "None", like: Large, given: {amount: missing}, expect: {route: pay, hint: "-"}}
"""  # noqa: E501
BOOK = write_spreadsheet(HEAD, "limits.xlsx")
FILES = ("limits.csv", "limits.xlsx")
# Whatever a file of a table may hold; what a workbook holds only by its code is among it.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("='\"[]{},;\t\r\n_x0041_"),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() and not NO_TEXT.search(text))


def said(text: str) -> list[object]:
    table = parse_table(text)
    rows = [(one.id, one.conditions, one.outcome, one.because) for one in table.rules]
    return [table.digest, rows, [(one.name, one.given, one.as_of, one.expect) for one in table.examples]]


def cells_of(content: bytes) -> dict[str, dict[str, str]]:
    """The cells of a workbook by sheet and place."""
    return {
        page.title: {cell.coordinate: cell.value for row in page.iter_rows() for cell in row if cell.value}
        for page in load_workbook(BytesIO(content))
    }


@pytest.mark.parametrize("file", FILES)
def test_a_table_comes_back_from_a_spreadsheet_as_it_was(file: str) -> None:
    back = read_spreadsheet(write_spreadsheet(HEAD, file), file)

    assert said(back) == said(HEAD)


@pytest.mark.parametrize("file", FILES)
@settings(max_examples=20, deadline=None)
@given(title=TEXTS, reason=TEXTS, label=TEXTS)
def test_no_text_is_lost_in_a_spreadsheet(file: str, title: str, reason: str, label: str) -> None:
    def quoted(text: str) -> str:
        return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'

    text = HEAD.replace('"=1+1"', quoted(title)).replace('"May 26"', quoted(reason))
    text = text.replace('"[draft]"', quoted(label))

    assert said(read_spreadsheet(write_spreadsheet(text, file), file)) == said(text)


def test_every_cell_of_a_workbook_is_text_and_no_formula() -> None:
    book = load_workbook(BytesIO(write_spreadsheet(HEAD, "limits.xlsx")))

    cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value is not None]

    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}
    assert {cell.value for cell in cells if cell.quotePrefix} == {
        "=1+1",
        "+49 1 234",
        "@SUM(A1)",
        "-",
        "=cmd|' /C calc'!A0",
    }


def test_no_cell_of_a_csv_file_looks_like_a_number_a_date_a_truth_or_a_formula() -> None:
    rows = csv.reader(StringIO(write_spreadsheet(HEAD, "limits.csv").decode("utf-8-sig"), newline=""))

    marked = {cell for row in rows for cell in row if cell.startswith("'")}

    assert {
        "'1.10",
        "'007",
        "'=1+1",
        "'+49 1 234",
        "'@SUM(A1)",
        "'-",
        "'May 26",
        "''tis",
        "'1/2",
        "'TRUE",
        "'2026-05-01",
        "'10",
    } <= marked


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_csv_file_that_a_spreadsheet_of_another_country_saved_is_read(delimiter: str) -> None:
    rows = list(csv.reader(StringIO(write_spreadsheet(HEAD, "limits.csv").decode("utf-8-sig"), newline="")))
    width = max(map(len, rows))
    file = StringIO()
    csv.writer(file, delimiter=delimiter).writerows([*row, *[""] * (width - len(row))] for row in rows)

    assert said(read_spreadsheet(file.getvalue().encode(), "limits.csv")) == said(HEAD)


def test_rows_and_sheets_may_be_moved_and_added() -> None:
    book = load_workbook(BytesIO(write_spreadsheet(HEAD, "limits.xlsx")))
    page = book["rules"]
    page.move_range("A5:H5", rows=2)
    for column, text in {"A": "R9", "B": "7", "D": "[DE]", "F": "pay", "H": "New"}.items():
        page[f"{column}5"] = text
    book.move_sheet("rules", -3)

    table = parse_table(read_spreadsheet(saved(book), "limits.xlsx"))

    assert [rule.id for rule in table.rules] == ["R1", "R2", "R3", "R9", "R4"]


@pytest.mark.parametrize(
    ("place", "value", "finding"),
    [
        (
            "B3",
            1,
            "limits.xlsx, sheet rules:3:2: B3 is a number: make the cell one of text and type it again",
        ),
        ("B3", True, "limits.xlsx, sheet rules:3:2: B3 is a truth value"),
        ("B3", "=1+1", "limits.xlsx, sheet rules:3:2: B3 is a formula"),
        ("B1", "id", "limits.xlsx, sheet rules:1:2: heading 'id' is given twice"),
        ("A3", "R1", "limits.xlsx, sheet rules:3:1: rule 2: id 'R1' is taken"),
        ("C4", "> x", "limits.xlsx, sheet rules:4:1: rule R3, 'when': 'amount': 'x' is not a decimal"),
        ("J4", "?", "limits.xlsx, sheet rules:4:10: a cell under no heading"),
        ("I4", '"a"b"', "limits.xlsx, sheet rules:4:9: a cell under no heading"),
        ("H4", '"a"b"', 'limits.xlsx, sheet rules:4:8: \'"a"b"\' is read as JSON, and is none'),
    ],
)
def test_what_a_person_typed_wrongly_is_said_by_sheet_row_and_column(
    place: str, value: object, finding: str
) -> None:
    book = load_workbook(BytesIO(write_spreadsheet(HEAD, "limits.xlsx")))
    book["rules"][place] = value

    with pytest.raises(TableError) as refused:
        read_spreadsheet(saved(book), "limits.xlsx")

    assert str(refused.value).startswith(finding)


@pytest.mark.parametrize(
    ("file", "content", "finding"),
    [
        ("limits.csv", "ü".encode("latin-1"), "not UTF-8: save it as “CSV UTF-8”"),
        ("limits.csv", b'table\nkey,value\n"id', "not CSV"),
        ("limits.csv", b"id,limits\n", "there is no sheet 'table'"),
        ("limits.csv", b"table\nid,limits\n", "the headings must be key and value"),
        ("limits.csv", b"", "there is no sheet 'table'"),
        ("limits.xlsx", b"PK", "not a workbook that can be read"),
        ("limits.xlsx", b"", "not a workbook that can be read"),
    ],
)
def test_what_is_no_spreadsheet_of_a_table_is_refused(file: str, content: bytes, finding: str) -> None:
    with pytest.raises(TableError, match=finding):
        read_spreadsheet(content, file)


def test_a_workbook_that_would_fill_the_memory_is_refused() -> None:
    large, far = BytesIO(write_spreadsheet(HEAD, "limits.xlsx")), Workbook()
    with ZipFile(large, "a", ZIP_DEFLATED) as parts:
        parts.writestr("xl/large.xml", b" " * 60_000_000)
    far.worksheets[0]["XFD1048576"] = "far"

    for content in (large.getvalue(), saved(far)):
        with pytest.raises(TableError, match="larger than any table"):
            read_spreadsheet(content, "limits.xlsx")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_damaged_workbook_is_refused_or_says_a_table(changes: list[tuple[float, int]]) -> None:
    content = bytearray(BOOK)
    for place, byte in changes:
        content[int(place * len(content))] = byte

    try:
        parse_table(read_spreadsheet(bytes(content), "limits.xlsx"))
    except TableError as refused:
        assert refused.findings  # noqa: PT017  either way is right


def saved(book: Workbook) -> bytes:
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_table_with_its_rows_in_a_file_beside_it_keeps_them_there() -> None:
    text = HEAD[: HEAD.index("rules:")] + "rows: limits_rows.csv\n"
    rows = "id,priority,amount,route,because\nR1,1,-,pay,%s\n"

    book = write_spreadsheet(text, "a.xlsx")

    back = read_spreadsheet(book, "a.xlsx", files=lambda name: rows % "Why not")

    here, there = (parse_table(one, files=lambda name: rows % "Why not") for one in (text, back))
    assert (here.digest, here.rules) == (there.digest, there.rules)
    with pytest.raises(TableError, match=r"limits_rows.csv:2:5: rule R1: 'because': is empty"):
        read_spreadsheet(book, "a.xlsx", files=lambda name: rows % "")
