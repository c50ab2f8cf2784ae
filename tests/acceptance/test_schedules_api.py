"""Schedules over HTTP, and one that fires in a running host."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from conftest import created_database, running_host
from hosts import rested

RENT: dict[str, Any] = {
    "name": "rent",
    "process": "invoice_to_pay",
    "cron": "0 8 1 * *",
    "zone": "Europe/Zurich",
    "input": {"document": "sample:04-no-order.xml"},
}


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    with created_database(postgres_url) as (_, url):
        yield url


@pytest.fixture(scope="module")
def client(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        running_host(url, tmp_path_factory.mktemp("host")) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def created(client: httpx.Client, name: str, **parts: Any) -> dict[str, Any]:
    response = client.post("/v1/schedules", json=RENT | {"name": name} | parts)
    schedule: dict[str, Any] = response.raise_for_status().json()
    return schedule


def fired(client: httpx.Client, id_: str, *, polls: int = 3000) -> dict[str, Any]:
    """Return the schedule once something became of a moment."""
    for _ in range(polls):
        detail: dict[str, Any] = client.get(f"/v1/schedules/{id_}").raise_for_status().json()
        if detail["firings"]:
            return detail
    raise AssertionError(f"schedule {id_} does not fire")


def test_a_schedule_starts_a_case_in_a_running_host(client: httpx.Client, url: str) -> None:
    schedule = created(client, "due")

    with psycopg.connect(url) as connection:
        connection.execute("UPDATE schedules SET next_at = now() - interval '10 seconds' WHERE name = 'due'")
    detail = fired(client, schedule["id"])
    case = rested(client, detail["firings"][0]["case_id"])

    assert [firing["outcome"] for firing in detail["firings"]] == ["started"]
    assert (case["started_by"], case["status"]) == ("schedule/due", "waiting")


def test_a_schedule_shows_when_it_comes_next(client: httpx.Client) -> None:
    schedule = created(client, "quarterly", cron="30 2 1 */3 *")

    upcoming = client.get(f"/v1/schedules/{schedule['id']}").json()["upcoming"]

    assert upcoming[0] == schedule["next_at"]
    assert upcoming == sorted(set(upcoming))
    assert len(upcoming) == 5


def test_a_schedule_is_changed_and_disabled(client: httpx.Client) -> None:
    path = f"/v1/schedules/{created(client, 'changing')['id']}"

    changed = client.patch(path, json={"cron": "0 9 * * mon", "overlap": "queue"}).json()
    disabled = client.patch(path, json={"enabled": False}).json()

    assert (changed["cron"], changed["overlap"], changed["zone"]) == ("0 9 * * mon", "queue", "Europe/Zurich")
    assert (disabled["enabled"], disabled["next_at"]) == (False, None)
    assert client.get(path).json()["upcoming"] == []


def test_a_deleted_schedule_is_gone(client: httpx.Client) -> None:
    path = f"/v1/schedules/{created(client, 'short-lived')['id']}"

    deleted = client.delete(path).status_code

    assert (deleted, client.get(path).status_code, client.delete(path).status_code) == (204, 404, 404)


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("cron", "0 8 1 *", "cron"),
        ("cron", "0 0 31 2 *", "cron"),
        ("zone", "Zurich", "zone"),
        ("process", "absent", "process"),
        ("input", {}, "input.document"),
        ("input", {"document": "a\0b"}, "input.document"),
        ("name", "no spaces", "name"),
        ("name", "", "name"),
        ("overlap", "sometimes", "overlap"),
        ("catch_up", 1, "catch_up"),
        ("enabled", "perhaps", "enabled"),
        ("priority", 1, "priority"),
    ],
)
def test_a_part_that_cannot_be_used_is_named(
    client: httpx.Client, part: str, value: object, field: str
) -> None:
    response = client.post("/v1/schedules", json=RENT | {"name": "wrong"} | {part: value})

    assert (response.status_code, response.json()["field"]) == (422, field)


def test_a_change_that_cannot_be_used_changes_nothing(client: httpx.Client) -> None:
    schedule = created(client, "steady")
    path = f"/v1/schedules/{schedule['id']}"

    response = client.patch(path, json={"overlap": "allow", "cron": "never"})

    assert (response.status_code, response.json()["field"]) == (422, "cron")
    assert client.get(path).json()["overlap"] == "skip"


def test_a_name_that_is_taken_is_a_conflict(client: httpx.Client) -> None:
    created(client, "taken")

    response = client.post("/v1/schedules", json=RENT | {"name": "taken"})

    assert (response.status_code, response.json()["field"]) == (409, "name")


def test_an_unknown_schedule_is_not_found(client: httpx.Client) -> None:
    path = f"/v1/schedules/{uuid4()}"

    statuses = [client.get(path).status_code, client.patch(path, json={}).status_code]

    assert statuses == [404, 404]
