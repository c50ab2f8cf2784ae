"""Tables on a terminal and in a pipe."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from server.cli.tables import Grid, Id, Status, aligned, one_line, show

CASE_ID = "0b6b6a52-3a39-4f0b-8f0e-9a3c5a0d4c11"
TITLE = "Invoice LG-2026-0311 of Donau Logistik GmbH, 4,200.00 EUR"
GRID = Grid(
    [(Id(CASE_ID), Status("waiting"), TITLE), (Id(CASE_ID), Status("done"), "")], ("id", "status", "title")
)


def printed(grid: Grid, *, width: int = 80, terminal: bool = True) -> str:
    file = StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system="standard", markup=False)
    show(console, [grid])
    return file.getvalue()


def test_plain_rows_stand_in_columns_with_full_ids_and_no_trailing_space() -> None:
    assert list(aligned(GRID)) == [
        "id                                    status   title",
        f"{CASE_ID}  waiting  {TITLE}",
        f"{CASE_ID}  done",
    ]


def test_wide_characters_count_as_two_columns() -> None:
    lines = list(aligned(Grid([("株式会社", "x"), ("GmbH", "y")], ("seller", "mark"))))

    assert {
        cell_len(line[: line.index(mark)]) for line, mark in zip(lines, ("mark", "x", "y"), strict=True)
    } == {10}


def test_a_grid_without_rows_still_says_what_it_would_show() -> None:
    assert list(aligned(Grid([], ("id", "status"), "cases"))) == ["cases:", "id  status"]


def test_a_pipe_gets_no_colour_and_no_rule() -> None:
    text = printed(GRID, width=40, terminal=False)

    assert text.splitlines() == list(aligned(GRID))


def test_a_terminal_gets_short_ids_and_coloured_status_words() -> None:
    text = printed(GRID)

    assert CASE_ID not in text
    assert CASE_ID[:8] in text
    assert "\x1b[33mwaiting" in text


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_a_terminal_is_never_overrun(width: int) -> None:
    file = StringIO()

    show(Console(file=file, width=width, force_terminal=True, color_system=None), [GRID])

    assert max(cell_len(line) for line in file.getvalue().splitlines()) <= width


def test_a_word_is_not_broken_while_there_is_prose_to_break() -> None:
    row = ("01-clean-with-order.xml", "Invoice RE-2026-0117 of Bergmann GmbH", Status("succeeded"), TITLE)

    text = printed(Grid([row], ("file", "invoice", "status", "detail")), width=70)

    assert "01-clean-with-order.xml" in text
    assert "succeeded" in text


def test_a_grid_without_rows_has_its_headings_on_a_terminal() -> None:
    assert "status" in printed(Grid([], ("id", "status")))


def test_text_from_outside_is_no_markup() -> None:
    assert "[red]Bergmann[/red] :smile:" in printed(Grid([("title", "[red]Bergmann[/red] :smile:")]))


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\r\nb", "a\u202eb", "a\tb", " a \x00 b "])
def test_text_from_outside_moves_no_cursor_and_breaks_no_row(text: str) -> None:
    assert one_line(text).isprintable()
    assert one_line(text) in {"a b", "a [2Jb"}
