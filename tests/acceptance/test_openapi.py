"""Every operation of the OpenAPI document, run with its own examples against a running host."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import created_database
from hosts import PROCESS, rested, stumbling_host, submit
from jsonschema import Draft202012Validator
from test_invoice_payment import House, stop_cash

from server.app import create_app
from server.settings import Settings

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
SPEC: dict[str, Any] = create_app(Settings(), database_url="postgresql://unused").openapi()
OPERATIONS = [(method, path) for path, item in SPEC["paths"].items() for method in item]
NIGHTLY = {
    "name": "nightly",
    "process": "invoice_to_pay",
    "cron": "0 3 * * *",
    "input": {"document": "sample:01-clean-with-order.xml"},
}
FILE = ("invoice.xml", (SAMPLES / "04-no-order.xml").read_bytes(), "text/plain")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def client(postgres_url: str, folder: Path) -> Any:
    with (
        created_database(postgres_url) as (_, url),
        stumbling_host(url, folder) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def ids(client: httpx.Client, folder: Path) -> dict[str, str]:
    """Real ids for the paths: a case that waits, what belongs to it, and one stuck at its effect."""
    stuck = rested(client, submit(client, SAMPLES / "01-clean-with-order.xml")["id"])
    case = waiting(client)
    ids = {action: waiting(client)["id"] for action in ("edit", "skip", "cancel", "suspend", "resume")}
    client.post(f"/v1/cases/{ids['resume']}/suspend", json={"reason": "a test"}).raise_for_status()
    order = {"from_version": "0" * 12, "reason": "a test"}
    migration = client.post("/v1/processes/invoice_to_pay/migrations", json=order).raise_for_status().json()
    stop = {"scope": "tenant", "value": "nobody", "reason": "a test"}
    return {
        "/v1/cases/{id}": case["id"],
        "/v1/cases/{id}/retry": stuck["id"],
        **{f"/v1/cases/{{id}}/{action}": id_ for action, id_ in ids.items()},
        "/v1/reviews/{id}": case["reviews"][0]["id"],
        "/v1/reviews/{id}/proposals": settled(client, folder),
        "/v1/documents/{id}": case["input"]["document"],
        "/v1/incidents/{id}": stuck["incidents"][0]["id"],
        "/v1/stops/{id}": client.post("/v1/stops", json=stop).raise_for_status().json()["id"],
        "/v1/migrations/{id}": migration["id"],
        "/v1/schedules/{id}": client.post("/v1/schedules", json=NIGHTLY).raise_for_status().json()["id"],
        "process": "invoice_to_pay",
        "table": "invoice_to_pay",
        "key": stuck["effects"][0]["key"],
    }


def waiting(client: httpx.Client) -> dict[str, Any]:
    """A new case that waits for a buyer."""
    case_id = client.post(PROCESS, files={"file": FILE}).raise_for_status().json()["id"]
    return rested(client, case_id)


def settled(client: httpx.Client, folder: Path) -> str:
    """The review of what no table decides, a discount while cash is stopped, answered."""
    house = House(client, folder)
    house.enter("UPDATE suppliers SET discount_pct = '2', discount_days = 10")
    stop_cash(house)
    review: str = house.answer(house.receive(3), "pay_when_due")["reviews"][0]["id"]
    return review


def example_requests(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The keyword arguments of httpx for each way to send this operation's body."""
    content = operation.get("requestBody", {}).get("content", {})
    requests = [
        {"json": example["value"]}
        for example in content.get("application/json", {}).get("examples", {}).values()
    ]
    if "multipart/form-data" in content:
        requests.append({"files": {"file": FILE}})
    return requests if content else [{}]


def resolved(path: str, ids: dict[str, str]) -> str:
    """Fill in the ids: one of the path's own, else that of the thing it is about."""
    prefix = path.partition("/{id}")[0] + "/{id}"
    path = path.replace("{id}", ids.get(path) or ids.get(prefix, "")).replace("{table}", ids["table"])
    return path.replace("{process}", ids["process"]).replace("{key}", ids["key"])


def success_of(operation: dict[str, Any], status: int) -> dict[str, Any]:
    assert str(status) in operation["responses"], f"{status} is not described"
    described: dict[str, Any] = operation["responses"][str(status)]
    return described


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_operation_answers_its_examples_as_described(
    client: httpx.Client, ids: dict[str, str], method: str, path: str
) -> None:
    operation = SPEC["paths"][path][method]
    requests = example_requests(operation)
    assert requests, "an operation with a body needs an example"

    responses = [client.request(method, resolved(path, ids), **request) for request in requests]

    for response in responses:
        assert response.is_success, response.text
        described = success_of(operation, response.status_code)
        if response.status_code == httpx.codes.NO_CONTENT:
            continue
        if response.headers["content-type"] != "application/json":
            assert response.headers["content-type"].partition(";")[0] in described["content"]
            continue
        schema = {**described["content"]["application/json"]["schema"], "components": SPEC["components"]}
        Draft202012Validator(schema).validate(response.json())
        for example in described["content"]["application/json"]["examples"].values():
            Draft202012Validator(schema).validate(example["value"])
            assert example["value"].keys() == response.json().keys()


def test_a_start_that_waits_is_answered_when_the_case_rests(client: httpx.Client) -> None:
    path = "/v1/processes/invoice_to_pay/cases"
    unreadable = ("letter.xml", b"<letter/>")

    started = client.post(path, files={"file": unreadable}, params={"wait_s": 25})

    assert started.status_code == 201
    assert started.json()["status"] == "waiting"
    assert [review["status"] for review in started.json()["reviews"]] == ["open"]


def test_every_operation_that_can_fail_describes_its_problems() -> None:
    for method, path in OPERATIONS:
        if "{" in path:
            responses = SPEC["paths"][path][method]["responses"]
            assert "404" in responses, f"{method} {path}"
            assert "application/problem+json" in responses["404"]["content"]
