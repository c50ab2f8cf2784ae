"""What an operator does through the command line and the API, on a host where an incident has happened."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from command_line import Steward
from conftest import created_database
from hosts import PROCESS, Books, rested, stumbling_host, submit

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
QUESTION = (SAMPLES / "04-no-order.xml").read_bytes()
GROUP = "invoice_to_pay/book/unexpected.InjectedFault"
WHY = {"reason": "a test"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def url(postgres_url: str, data: Path) -> Iterator[str]:
    with created_database(postgres_url) as (_, database), stumbling_host(database, data) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60, headers={"Steward-Actor": "olga"}) as client:
        yield client


@pytest.fixture(scope="module")
def stuck(client: httpx.Client) -> dict[str, Any]:
    """The case whose first effect broke."""
    return rested(client, submit(client, SAMPLES / "01-clean-with-order.xml")["id"])


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str) -> Steward:
    return Steward(monkeypatch, capsys, url=url)


@pytest.fixture
def waiting(client: httpx.Client) -> dict[str, Any]:
    """A new case that waits for a buyer."""
    started = client.post(PROCESS, files={"file": ("invoice.xml", QUESTION)}).raise_for_status().json()
    return rested(client, started["id"])


def test_an_incident_is_found_by_its_cause_and_retried(
    steward: Steward, client: httpx.Client, stuck: dict[str, Any], data: Path
) -> None:
    groups = steward("incidents", "--groups")
    listed = steward("incidents", "--group", GROUP, "--json").documents[0]["items"]
    shown = steward("incidents", listed[0]["id"][:8])

    assert re.search(rf"1 +{re.escape(GROUP)} +permanent", groups.out)
    assert [incident["case_id"] for incident in listed] == [stuck["id"]]
    assert re.search(r"kind +permanent", shown.out)

    would = steward("retry", "--group", GROUP, "--reason", "the fault is over", "--dry-run")
    assert re.search(rf"{stuck['id']} +incident +running +run enqueued", would.out)
    assert rested(client, stuck["id"])["status"] == "incident"

    did = steward("retry", "--group", GROUP, "--reason", "the fault is over", "--as", "olga")
    ended = rested(client, stuck["id"])
    assert (did.code, ended["status"]) == (0, "succeeded")
    (incident,) = ended["incidents"]
    assert (incident["resolved_by"], incident["reason"]) == ("olga", "the fault is over")
    assert Books(data / "erp.sqlite3").rows("SELECT COUNT(*) FROM supplier_invoices") == [(1,)]


def test_a_case_is_suspended_edited_resumed_and_cancelled_by_command(
    steward: Steward, client: httpx.Client, waiting: dict[str, Any]
) -> None:
    id_, why = waiting["id"], ("--reason", "the supplier called")

    steps = [
        steward("suspend", id_, *why),
        steward("edit", id_, *why, "--set", "title=Invoice on hold"),
        steward("resume", id_, *why),
    ]
    asked_again = rested(client, id_)
    steps.append(steward("cancel", id_[:13], *why))

    assert [step.code for step in steps] == [0, 0, 0, 0]
    assert "Invoice on hold" in steps[1].out
    assert [review["status"] for review in asked_again["reviews"]] == ["open", "withdrawn"]
    assert client.get(f"/v1/cases/{id_}").json()["status"] == "cancelled"


def test_a_case_is_skipped_to_another_step_by_command(
    steward: Steward, client: httpx.Client, waiting: dict[str, Any]
) -> None:
    done = steward("skip", waiting["id"], "--to", "reject", "--reason", "a duplicate on paper")

    assert done.code == 0
    assert rested(client, waiting["id"])["status"] == "succeeded"


def test_a_refused_command_says_why(steward: Steward, waiting: dict[str, Any]) -> None:
    refused = steward("retry", waiting["id"], "--reason", "a test")
    stale = steward("cancel", waiting["id"], "--reason", "a test", "--revision", "0")
    aimless = steward("cancel", "--reason", "a test")
    unset = steward("edit", waiting["id"], "--reason", "a test", "--set", "title")

    assert (refused.code, refused.err) == (
        1,
        f"steward: case {waiting['id']} is waiting: retry is not possible\n",
    )
    assert (stale.code, "not 0" in stale.err) == (1, True)
    assert (aimless.code, unset.code) == (2, 2)


def test_one_of_many_that_is_refused_stops_no_other(
    steward: Steward, client: httpx.Client, waiting: dict[str, Any]
) -> None:
    unknown = str(uuid4())
    cases = [{"id": unknown}, {"id": waiting["id"], "expected_revision": waiting["revision"]}]
    body = {**WHY, "action": "cancel", "cases": cases}

    first = client.post("/v1/interventions", json=body).raise_for_status().json()
    second = client.post("/v1/interventions", json=body).raise_for_status().json()

    assert (first["done"], first["refused"]) == (1, 1)
    assert first["results"][0]["problem"]["type"] == "/problems/not_found"
    assert first["results"][1]["outcome"]["after"] == "cancelled"
    assert (second["done"], second["refused"]) == (0, 2)
    assert second["results"][1]["problem"]["type"] == "/problems/revision_mismatch"


def test_a_filter_takes_so_many_cases_as_the_limit_says(
    client: httpx.Client, waiting: dict[str, Any]
) -> None:
    client.post(PROCESS, files={"file": ("invoice.xml", QUESTION)}).raise_for_status()
    body = {**WHY, "action": "suspend", "filter": {"process": "invoice_to_pay"}, "limit": 1, "dry_run": True}

    answer = client.post("/v1/interventions", json=body).raise_for_status().json()

    assert (len(answer["results"]), answer["more"]) == (1, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": " \n"}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"reason": "a\ud800b"}, "reason"),
        ({}, "reason"),
        ({**WHY, "expected_revision": "new"}, "expected_revision"),
        ({**WHY, "dry": True}, "dry"),
    ],
)
def test_an_intervention_needs_a_reason_and_nothing_that_it_does_not_know(
    client: httpx.Client, waiting: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    response = client.post(
        f"/v1/cases/{waiting['id']}/cancel",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )

    assert (response.status_code, response.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    "body",
    [
        {"action": "cancel"},
        {"action": "cancel", "cases": [], "filter": None},
        {"action": "cancel", "cases": [{"id": str(uuid4())}], "filter": {"status": "waiting"}},
        {"action": "cancel", "filter": {}},
        {"action": "edit", "filter": {"status": "waiting"}},
        {"action": "cancel", "filter": {"status": "waiting"}, "step": "reject"},
        {"action": "cancel", "filter": {"status": "waiting"}, "limit": 1001},
    ],
)
def test_many_cases_are_named_in_one_way(client: httpx.Client, body: dict[str, Any]) -> None:
    response = client.post("/v1/interventions", json={**WHY, **body})

    assert response.status_code == 422


def test_a_stop_is_made_listed_and_released_by_command(steward: Steward) -> None:
    made = steward("stop", "tool", "erp.schedule_payment", "--reason", "double payments", "--json")
    in_force = steward("stops")
    released = steward("release", made.documents[0]["id"][:8], "--reason", "it was another bank")
    misspelt = steward("stop", "tool", "erp.pay", "--reason", "double payments")

    assert "erp.schedule_payment  double payments" in in_force.out
    assert released.code == 0
    assert "erp.schedule_payment" not in steward("stops").out
    assert "erp.schedule_payment" in steward("stops", "--released").out
    assert (misspelt.code, misspelt.err) == (1, "steward: there is no tool 'erp.pay' (value)\n")
