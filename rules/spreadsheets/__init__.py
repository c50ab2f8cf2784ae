"""A table's text as sheets of text cells, in a CSV file or an XLSX workbook, and back without loss.

    content = write_spreadsheet(text, "limits.xlsx")
    text = read_spreadsheet(content, "limits.xlsx")

Everything is text on both ways, so that no spreadsheet makes a number, a date or a formula of it. Comments
are not carried over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rules.document import Findings
from rules.errors import Finding, TableError
from rules.inputs import Tables
from rules.parsing import Files, parse_table
from rules.rendering import Sheet
from rules.spreadsheets.comma import read_csv, write_csv
from rules.spreadsheets.sheets import FIRST, document_of, sheets_of
from rules.spreadsheets.workbook import read_workbook, write_workbook
from rules.writing import write_table

WORKBOOK = ".xlsx"


def write_spreadsheet(text: str | bytes, file: str) -> bytes:
    """Write the text of a table as the workbook, or else the CSV file, that `file` names.

    Raises:
        TableError: the text is no document of a table, or one that sheets cannot hold.
    """
    sheets = sheets_of(text, file)
    return write_workbook(sheets, Findings(file)) if file.endswith(WORKBOOK) else write_csv(sheets)


def read_spreadsheet(
    content: bytes, file: str, *, tables: Tables | None = None, files: Files | None = None
) -> str:
    """Read the text of a table from a workbook or a CSV file, in the one layout.

    `tables` are for it to ask, and `files` hold its rows if they stand in one beside it.

    Raises:
        TableError: it says no table; findings name the sheet, the row and where one is at fault the column.
    """
    findings = Findings(file)
    sheets = (read_workbook if file.endswith(WORKBOOK) else read_csv)(content, findings)
    document = document_of(sheets, findings)
    if findings.found:
        raise findings.as_error()
    text = write_table(document)
    try:
        parse_table(text, file, tables=tables, files=files)
    except TableError as error:
        rows = dict(enumerate(_rows(text, sheets), start=1))
        raise TableError([_moved(one, file, rows) for one in error.findings]) from error
    return text


def _rows(text: str, sheets: Sequence[Sheet]) -> Iterator[tuple[str, int]]:
    """For each line of the text, the sheet and the row that it was written from."""
    lines = {sheet.title: sheet for sheet in sheets}
    at = (FIRST, 1)
    for line in text.splitlines():
        key = line.partition(":")[0]
        if line.endswith(":") and key in lines:
            at = (key, lines[key].line)
        elif line.startswith(("- ", "  ")) and at[0] != FIRST:
            at = _next_row(lines[at[0]], after=at[1])
        elif not line.startswith(" "):
            at = (FIRST, _row_of(key, lines.get(FIRST)))
        yield at


def _next_row(sheet: Sheet, *, after: int) -> tuple[str, int]:
    following = sheet.rows[after - sheet.line :]
    return sheet.title, after + next((n for n, row in enumerate(following, start=1) if any(row)), 1)


def _row_of(key: str, sheet: Sheet | None) -> int:
    if sheet is None:
        return 1
    rows = enumerate(sheet.rows, start=sheet.line + 1)
    return next((n for n, row in rows if row and row[0].partition(" ")[0] == key), sheet.line)


def _moved(finding: Finding, file: str, rows: dict[int, tuple[str, int]]) -> Finding:
    if finding.file != file:  # it is of the rows that stand beside the table
        return finding
    sheet, row = rows.get(finding.line, (FIRST, 1))
    return replace(finding, file=f"{file}, sheet {sheet}", line=row, column=1)
