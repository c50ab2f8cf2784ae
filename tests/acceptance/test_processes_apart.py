"""The API and the worker as processes of their own, as in production."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
from conftest import ROOT, created_database, running_host
from hosts import rested, submit

INVOICE = ROOT / "graphs" / "samples" / "invoice_to_pay" / "01-clean-with-order.xml"


def test_an_api_without_a_worker_accepts_and_a_worker_of_its_own_works(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        created_database(postgres_url) as (_, url),
        running_host(url, tmp_path, "--no-worker") as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        case_id = submit(client, INVOICE)["id"]
        accepted = client.get(f"/v1/cases/{case_id}").json()
        environment = os.environ | {"DATABASE_URL": url, "ERP_DATABASE": str(tmp_path / "erp.sqlite3")}
        environment.pop("ERP_URL", None)
        worker = subprocess.Popen([sys.executable, "-m", "server", "work"], cwd=ROOT, env=environment)
        ended = rested(client, case_id)
        worker.terminate()

        assert worker.wait(30) == 0

    assert (accepted["status"], accepted["attempt"]) == ("running", 0)
    assert ended["result"].startswith("booked as entry JE-000001, payment PAY-000001")
