"""The demonstration, on files as people have them."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from server.cli.demo import SAMPLES, run_demo, sample_files

ORDERED = SAMPLES / "01-clean-with-order.xml"
NO_ORDER = SAMPLES / "04-no-order.xml"


def demonstrate(url: str, *files: Path) -> str:
    output = StringIO()
    run_demo(url, list(files), console=Console(file=output, width=200))
    return output.getvalue()


def table(text: str) -> str:
    return text[text.index("file ") : text.index("Files: ")]


@pytest.fixture(scope="module")
def shown(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What two demonstrations of the same files printed, one after the other."""
    text = tmp_path_factory.mktemp("demo") / "note.txt"
    text.write_text("neither XML nor PDF")
    files = (ORDERED, text, Path("gone.pdf"), NO_ORDER)
    return demonstrate(server_url, *files), demonstrate(server_url, *files)


@pytest.mark.parametrize(
    "row",
    [
        r"01-clean-with-order\.xml  \S.*  succeeded  booked as entry \S+, payment ",
        r"04-no-order\.xml  +\S.*  waiting +waiting for buyer: \S",
        r"note\.txt  +refused +the file is neither XML nor PDF",
        r"gone\.pdf  +refused +no such file or directory",
    ],
)
def test_every_file_has_a_row_that_says_what_became_of_it(shown: tuple[str, str], row: str) -> None:
    assert re.search(row, shown[0])


def test_progress_is_told_file_by_file_where_nothing_can_be_drawn(shown: tuple[str, str]) -> None:
    assert shown[0].startswith("[1/4] 01-clean-with-order.xml: succeeded\n[2/4] note.txt: refused\n")


def test_a_second_run_finds_the_cases_of_the_first(shown: tuple[str, str]) -> None:
    first, second = shown

    assert table(second) == table(first)
    assert "Files: 4, new cases: 2, cases from before: 0, open reviews: 1\n" in first
    assert "Files: 4, new cases: 0, cases from before: 2, open reviews: 1\n" in second


def test_the_last_lines_say_what_to_do_next(shown: tuple[str, str], server_url: str) -> None:
    lines = shown[0].splitlines()

    assert lines[-2].endswith(" reviews")
    assert lines[-1].endswith(f"curl {server_url}/v1/cases")


def test_a_server_that_is_gone_ends_the_demonstration_with_one_line() -> None:
    text = demonstrate("http://127.0.0.1:9", ORDERED)

    assert text.startswith("the demonstration stopped: no answer from http://127.0.0.1:9")
    assert "Traceback" not in text


def test_the_samples_come_in_the_order_of_their_numbers() -> None:
    names = [path.name for path in sample_files()]

    assert names == sorted(names)
    assert {ORDERED.name, NO_ORDER.name} <= set(names)
