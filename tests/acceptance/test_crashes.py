"""The whole host killed in the middle of the samples, and started again: nothing lost, nothing twice."""

import threading
import time
from pathlib import Path

import httpx
import pytest
from conftest import created_database, running_host
from hosts import Books, all_cases, rested, submit

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
FILES = sorted(file for file in SAMPLES.iterdir() if file.suffix in {".xml", ".pdf"})


def submit_all(address: str, accepted: list[str]) -> None:
    """Submit every sample, without waiting, and note each case that was accepted with a 2xx."""
    with httpx.Client(base_url=address, timeout=10) as client:
        for file in FILES:
            try:
                accepted.append(submit(client, file)["id"])
            except httpx.HTTPError:
                return


@pytest.mark.parametrize("kill_after_s", [0.05, 0.3, 0.6, 1.0, 1.5])
def test_killed_in_the_middle_every_case_ends_and_each_invoice_is_booked_once(
    postgres_url: str, tmp_path: Path, kill_after_s: float
) -> None:
    with created_database(postgres_url) as (_, url):
        accepted: list[str] = []
        first = running_host(url, tmp_path)
        driver = threading.Thread(target=submit_all, args=(first.__enter__(), accepted))
        driver.start()
        time.sleep(kill_after_s)
        first.process.kill()
        first.process.wait()
        driver.join()

        with running_host(url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
            for file in FILES:
                submit(client, file)
            cases = [rested(client, case["id"]) for case in all_cases(client)]

        assert set(accepted) <= {case["id"] for case in cases}
        assert len(cases) == len(FILES)
        assert {case["status"] for case in cases} <= {"waiting", "succeeded"}
        assert_books_are_right(Books(tmp_path / "erp.sqlite3"), cases)


def assert_books_are_right(books: Books, cases: list[dict[str, object]]) -> None:
    booked = sorted(number for (number,) in books.rows("SELECT number FROM supplier_invoices"))
    assert len(booked) == len(set(booked)) == sum(str(case["result"]).startswith("booked") for case in cases)
    assert books.rows("SELECT entry FROM payments GROUP BY entry HAVING COUNT(*) > 1") == []
    assert books.rows("SELECT SUM(debit) - SUM(credit) FROM journal_lines")[0][0] in {0, None}
    drafts = books.rows("SELECT id FROM journal_entries WHERE posted_at IS NULL")
    assert drafts == []
