"""Answering a review over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hosts import rested, submit

REJECT = {"answer": {"decision": "reject", "comment": "no invoice"}}


@pytest.fixture
def client(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=70) as client:
        yield client


@pytest.fixture
def review(client: httpx.Client, tmp_path: Path) -> dict[str, Any]:
    """The open review of a case: its file is XML, but no invoice."""
    file = tmp_path / "letter.xml"
    file.write_text(f"<letter>{uuid4()}</letter>")
    found: dict[str, Any] = rested(client, submit(client, file)["id"])["reviews"][0]
    return found


def test_whoever_answers_can_wait_for_the_case_to_rest(client: httpx.Client, review: dict[str, Any]) -> None:
    response = client.post(f"/v1/reviews/{review['id']}/answer", params={"wait_s": 60}, json=REJECT)

    case = response.raise_for_status().json()["case"]
    assert (case["id"], case["status"], case["reviews"]) == (review["case_id"], "succeeded", [])


def test_an_answer_is_confirmed_without_waiting(client: httpx.Client, review: dict[str, Any]) -> None:
    answered = client.post(f"/v1/reviews/{review['id']}/answer", json=REJECT).raise_for_status().json()

    assert (answered["status"], answered["case"]) == ("answered", None)
