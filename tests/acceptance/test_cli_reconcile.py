"""`steward reconcile` against the bundled ERP and a database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from tools.erp.booking import book_invoice
from tools.erp.database import Database
from tools.erp.payments import schedule_payment
from tools.erp.request import PaymentRequest, Request

INVOICE = Request(
    supplier="S-1001",
    number="RE-2026-0117",
    kind="invoice",
    date="2026-09-14",
    due_date="2026-10-14",
    currency="EUR",
    net=157000,
    tax=29830,
    total=186830,
    order="",
    lines=(),
)
COMMAND = [sys.executable, "-m", "server", "reconcile"]


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    environment = os.environ | {"DATABASE_URL": database_url, "ERP_DATABASE": str(tmp_path / "erp.sqlite3")}
    environment.pop("ERP_URL", None)
    return environment


def steward(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_two_empty_sides_agree(environment: dict[str, str]) -> None:
    done = steward(environment, "--json", "--since", "2026-10-05")

    assert done.returncode == 0, done.stderr
    nothing = {"compared": 0, "not_comparable": 0, "error": None}
    assert json.loads(done.stdout) == {
        "servers": [{"server": "erp", **nothing}, {"server": "mail", **nothing}],
        "differences": [],
    }


def test_a_booking_that_the_ledger_does_not_have_is_named(
    environment: dict[str, str], tmp_path: Path
) -> None:
    books = Database(tmp_path / "erp.sqlite3")
    book_invoice(books, INVOICE, key="of a lost day")
    request = PaymentRequest(
        entry="JE-000001", supplier="S-1001", iban="DE64500105170000110011", currency="EUR", date="2026-10-14"
    )
    schedule_payment(books, request, key="also lost")

    done = steward(environment)

    assert done.returncode == 1
    assert "of a lost day" in done.stdout
    assert "also lost" in done.stdout


def test_an_unknown_server_is_refused(environment: dict[str, str]) -> None:
    done = steward(environment, "--server", "crm")

    assert (done.returncode, done.stderr) == (1, "steward: there is no server 'crm' in servers.toml\n")
