"""What `make run` does, on a machine without PostgreSQL: the private one, killed and started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from hosts import Books, all_cases

ROOT = Path(__file__).resolve().parents[2]
LAST_LINE = "See the same over HTTP"


class Demonstration:
    """`serve --dev --demo` in a process of its own, on data of its own."""

    def __init__(self, data: Path, *files: str) -> None:
        self.data = data
        self._output = data / "output"
        environment = os.environ | {"STEWARD_DATA": str(data)}
        for name in ("DATABASE_URL", "ERP_URL"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "server", "serve", "--dev", "--demo", "--port", "0", *files]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8")

    def wait_for(self, text: str) -> str:
        """Return the output once the text stands in it."""
        deadline = time.monotonic() + 120
        while text not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)
        return self.output

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(60)


def address_in(output: str) -> str:
    return output.partition("curl ")[2].partition("/v1")[0]


def test_killed_in_the_middle_and_started_again_it_finds_its_data(tmp_path: Path) -> None:
    first = Demonstration(tmp_path)
    first.wait_for("[4/15]")
    first.end(signal.SIGKILL)

    second = Demonstration(tmp_path)
    output = second.wait_for(LAST_LINE)
    with httpx.Client(base_url=address_in(output), timeout=30) as client:
        cases = all_cases(client)
    second.end(signal.SIGINT)

    assert len(cases) == 15
    assert sorted({case["status"] for case in cases}) == ["succeeded", "waiting"]
    assert "cases from before: 0" not in output
    books = Books(tmp_path / "erp.sqlite3")
    assert books.rows("SELECT COUNT(*), COUNT(DISTINCT number_key) FROM supplier_invoices") == [(4, 4)]
    assert books.rows("SELECT SUM(debit) = SUM(credit) FROM journal_lines") == [(1,)]
    assert second.process.returncode == 0


def test_a_second_run_books_nothing_again_and_shows_the_same_table(tmp_path: Path) -> None:
    first = Demonstration(tmp_path)
    table = first.wait_for(LAST_LINE).partition("what became of it")[2].partition("Files:")[0]
    first.end(signal.SIGTERM)
    booked = Books(tmp_path / "erp.sqlite3").rows("SELECT entry, key FROM supplier_invoices")

    second = Demonstration(tmp_path)
    output = second.wait_for(LAST_LINE)
    second.end(signal.SIGINT)

    assert output.partition("what became of it")[2].partition("Files:")[0] == table
    assert "new cases: 0" in output
    assert Books(tmp_path / "erp.sqlite3").rows("SELECT entry, key FROM supplier_invoices") == booked


def test_own_files_are_put_through_and_a_missing_one_does_not_stop_the_others(tmp_path: Path) -> None:
    own = tmp_path / "own invoice.xml"
    own.write_bytes((ROOT / "graphs/samples/invoice_to_pay/03-no-order-small.xml").read_bytes())

    demonstration = Demonstration(tmp_path, str(tmp_path / "missing.xml"), str(own))
    output = demonstration.wait_for(LAST_LINE)
    demonstration.end(signal.SIGINT)

    assert "booked as entry JE-000001" in output
    assert "missing.xml" in output
