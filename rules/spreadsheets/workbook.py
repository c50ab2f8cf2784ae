"""Sheets as an XLSX workbook of text cells, and back; a cell that is none is refused and not guessed."""

import re
import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO
from zipfile import ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from rules.document import START, Findings, Place
from rules.rendering import Sheet

_LONGEST_CELL = 32_767
_WIDEST = 60
_LARGEST_BYTES = 50_000_000
_MOST_CELLS = 1_000_000
_TEXT_FORMAT = "@"
_WORDS = {"n": "a number", "d": "a date", "b": "a truth value", "f": "a formula", "e": "an error"}
# A carriage return, of which XML makes a line feed, is written by its code; and so is what looks like a code.
_CODED = re.compile(r"\r|_(?=x[0-9A-Fa-f]{4}_)")
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def write_workbook(sheets: Sequence[Sheet], findings: Findings) -> bytes:
    """Write sheets as a workbook.

    Raises:
        TableError: a text is longer than a cell may be.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        _fill(book.create_sheet(sheet.title), sheet, findings)
    if findings.found:
        raise findings.as_error()
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def read_workbook(content: bytes, findings: Findings) -> list[Sheet]:
    """Read the sheets of a workbook.

    Raises:
        TableError: it is no workbook, or has cells that are not text.
    """
    try:
        sheets = [_sheet(one, findings) for one in _open(content).worksheets]
    except Exception as error:  # noqa: BLE001  a damaged file makes openpyxl raise whatever its parts raise
        findings.add(START, f"not a workbook that can be read: {error or type(error).__name__}")
    if findings.found:
        raise findings.as_error()
    return sheets


def _open(content: bytes) -> Workbook:
    if sum(one.file_size for one in ZipFile(BytesIO(content)).infolist()) > _LARGEST_BYTES:
        raise ValueError("it is larger than any table")
    with warnings.catch_warnings(action="ignore"):  # of what only a spreadsheet needs
        book = load_workbook(BytesIO(content))
    if any(page.max_row * page.max_column > _MOST_CELLS for page in book.worksheets):
        raise ValueError("it is larger than any table")  # one cell far out is as many as all before it
    return book


def _fill(page: Worksheet, sheet: Sheet, findings: Findings) -> None:
    for line, row in enumerate([sheet.headings, *sheet.rows], start=1):
        for column, text in enumerate(row, start=1):
            if len(text) > _LONGEST_CELL:
                findings.add(START, f"{sheet.title}: a text of more than {_LONGEST_CELL} characters")
            elif text:
                _write(page, line, column, text)
    page.freeze_panes = "A2"
    for column, texts in enumerate(zip(sheet.headings, *sheet.rows, strict=True), start=1):
        dimension = page.column_dimensions[get_column_letter(column)]
        dimension.width = min(_WIDEST, max(map(len, texts)) + 2)
        dimension.number_format = _TEXT_FORMAT  # what is typed below stays text too


def _write(page: Worksheet, line: int, column: int, text: str) -> None:
    cell = page.cell(line, column, _CODED.sub(lambda found: f"_x{ord(found[0]):04X}_", text))
    cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula
    cell.number_format = _TEXT_FORMAT
    cell.quotePrefix = text[0] in "=+-@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=line == 1)


def _sheet(page: Worksheet, findings: Findings) -> Sheet:
    own = Findings(f"{findings.file}, sheet {page.title}", findings.found)
    rows = [tuple(_texts(row, own)) for row in page.iter_rows()]
    headings = rows[0] if rows else ()
    while headings and not headings[-1]:
        headings = headings[:-1]
    return Sheet(page.title, headings, rows[1:])


def _texts(row: Sequence[Cell | MergedCell], findings: Findings) -> Iterator[str]:
    for column, cell in enumerate(row, start=1):
        value, kind = cell.value, cell.data_type
        if value is None:
            yield ""
        elif isinstance(value, str) and kind in ("s", "inlineStr"):
            yield _CODE.sub(lambda found: chr(int(found[1], 16)), value)
        else:
            what = _WORDS.get(kind, "no text")
            at = Place(cell.row or 1, column)
            findings.add(at, f"{cell.coordinate} is {what}: make the cell one of text and type it again")
            yield ""
