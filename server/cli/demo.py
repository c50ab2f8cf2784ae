"""The demonstration: put files through the process and show what became of each."""

import sys
from pathlib import Path

from rich.console import Console

from server.cli.api import Api
from server.cli.submissions import Submission, submit_files
from server.cli.tables import Grid, Status, console_of, one_line, show
from server.errors import ServerError
from server.http.models import CaseDetail

PROCESS = "invoice_to_pay"
SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / PROCESS
_KINDS = {".xml", ".pdf"}
_CASE_TIMEOUT_S = 120.0


def run_demo(url: str, files: list[Path], *, console: Console | None = None) -> None:
    """Put the files through, the samples if there are none, and print a table and what to do next.

    One after the other, each until its case rests, because later samples refer to what earlier ones booked. A
    repeat finds the cases of the first time. It is made for a thread of its own: it prints its own errors.
    """
    console = console or console_of()
    try:
        with Api(url) as api:
            paths = files or sample_files()
            done = submit_files(api, paths, process=PROCESS, timeout_s=_CASE_TIMEOUT_S, console=console)
    except ServerError as error:
        console.print(f"the demonstration stopped: {one_line(error.message)}")
        return
    show(console, [Grid([_row(one) for one in done], ("file", "invoice", "status", "what became of it"))])
    console.print()
    for line in _what_next(url, done):
        console.out(line, highlight=False)


def sample_files() -> list[Path]:
    """Return the sample invoices in the order in which they build on each other."""
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in _KINDS)


def _row(one: Submission) -> tuple[str, ...]:
    return one.file.name, one.title, Status(one.status), one.detail


def _what_next(url: str, done: list[Submission]) -> list[str]:
    cases = [one.case for one in done if isinstance(one.case, CaseDetail)]
    waiting = sum(review.status == "open" for case in cases for review in case.reviews)
    new = sum(one.is_new for one in done)
    old = len(cases) - new
    return [
        f"Files: {len(done)}, new cases: {new}, cases from before: {old}, open reviews: {waiting}",
        f"Look at the reviews and answer one:  {_command()} reviews",
        f"See the same over HTTP:              curl {url}/v1/cases",
    ]


def _command() -> str:
    """Return how to call the command line from here, the way in which this process was started."""
    if Path(sys.argv[0]).stem == "steward":
        return sys.argv[0]
    python = Path(sys.executable)
    here = Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m server"
