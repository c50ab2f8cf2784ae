"""Sheets as one CSV file, which a spreadsheet may open and save without a loss.

Every sheet begins with a line of its name and ends with an empty one. What a spreadsheet could take for a
number, a date, a truth or a formula has an apostrophe before it, which reading takes away again.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO

from rules.document import Findings, Place
from rules.rendering import Sheet
from rules.spreadsheets.sheets import FIRST, PAIR

_BOM = "\ufeff"  # without it a spreadsheet reads UTF-8 as something else
_DELIMITERS = ",;\t"  # the list separator of a spreadsheet is its country's
_LONGEST_DATE = 40
_HARMLESS = re.compile(r"[^\W\d_]\D*|[\[{<>!].*|\(.*\.\..*", re.DOTALL)  # (5) is a negative number
_TRUTHS = ("true", "false")


def write_csv(sheets: Sequence[Sheet]) -> bytes:
    """Write sheets as CSV in UTF-8."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    for sheet in sheets:
        writer.writerows([[sheet.title], sheet.headings, *([*map(_marked, row)] for row in sheet.rows), []])
    return (_BOM + file.getvalue()).encode()


def read_csv(content: bytes, findings: Findings) -> list[Sheet]:
    """Read the sheets of a CSV file; lines are counted as a spreadsheet counts its rows.

    Raises:
        TableError: it is no text in UTF-8.
    """
    try:
        text = content.decode().removeprefix(_BOM)
    except UnicodeDecodeError:
        findings.add(Place(1, 1), "not UTF-8: save it as “CSV UTF-8”")
        raise findings.as_error() from None
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        rows = [[cell.removeprefix("'") for cell in row] for row in reader]
    except csv.Error as error:
        findings.add(Place(reader.line_num, 1), f"not CSV: {error}")
        raise findings.as_error() from None
    return list(_sheets(rows))


def _marked(cell: str) -> str:
    return f"'{cell}" if cell and not _is_text(cell) else cell


def _is_text(cell: str) -> bool:
    """Whether every spreadsheet of every country leaves it as it is."""
    if len(cell) > _LONGEST_DATE:
        return cell[0] not in "=+-@'\t\r\n"
    return bool(_HARMLESS.fullmatch(cell)) and cell.lower() not in _TRUTHS


def _delimiter(text: str) -> str:
    """What stands behind the first heading."""
    heading = re.match(rf"{FIRST}[^\w]*\r?\n{PAIR[0]}(.)", text)
    return heading[1] if heading and heading[1] in _DELIMITERS else ","


def _sheets(rows: Sequence[Sequence[str]]) -> Iterator[Sheet]:
    part: list[tuple[str, ...]] = []
    for number, row in enumerate([*rows, []], start=1):
        if any(row):
            part.append(tuple(row))
        elif part:
            name, headings = part[0][0], part[1] if len(part) > 1 else ()
            yield Sheet(name, _cut(headings), part[2:], line=number - len(part) + 1)
            part = []


def _cut(headings: Sequence[str]) -> tuple[str, ...]:
    """The headings without the empty ones that a spreadsheet adds to make all rows alike."""
    return tuple(headings[: max((n for n, one in enumerate(headings, 1) if one), default=0)])
