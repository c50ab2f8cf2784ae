"""A worker dies after the mail server took the mail: one mail, an incident, and a person who settles it."""

import mailbox
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, created_database, running_host
from hosts import rested
from mail_servers import Post, smtp_server

from server.failpoints import VARIABLE

LETTERS = Path(__file__).with_name("letters")


class letters_api(running_host):  # noqa: N801  used like a function
    """An API that serves the letters and works on none."""

    def __init__(self, database_url: str, data: Path, environment: dict[str, str]) -> None:
        super().__init__(database_url, data, "--no-worker")
        self._environment |= environment


@dataclass
class Office:
    """The API, the mail server, and what a worker needs to know."""

    client: httpx.Client
    post: Post
    environment: dict[str, str]

    @contextmanager
    def worker(self, fault: str = "") -> Iterator[subprocess.Popen[bytes]]:
        environment = os.environ | self.environment | {VARIABLE: fault}
        command = [sys.executable, "-m", "server", "work"]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def office(postgres_url: str, tmp_path: Path) -> Iterator[Office]:
    post = Post(tmp_path / "box")
    mailbox.Maildir(post.box)
    with smtp_server(post) as port, created_database(postgres_url) as (_, url):
        ours = {
            "STEWARD_PROCESSES": str(LETTERS / "langgraph.json"),
            "STEWARD_POLICIES": str(LETTERS / "policies"),
            "MAIL_SMTP": f"smtp://127.0.0.1:{port}?tls=off",
            "MAIL_FROM": "steward@example.com",
            "MAIL_RECIPIENTS": "@example.com",
        }
        with (
            letters_api(url, tmp_path, ours) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield Office(client, post, {**ours, "DATABASE_URL": url})


def started(office: Office) -> str:
    letter = {"to": "ben@example.com", "text": "Hello"}
    response = office.client.post("/v1/processes/letters/cases", json={"input": letter})
    id_: str = response.raise_for_status().json()["id"]
    return id_


def test_a_mail_that_went_out_before_the_worker_died_goes_out_once(office: Office) -> None:
    case_id = started(office)
    with office.worker("effect_answered:kill:1") as worker:
        assert worker.wait(60) == -9
    with office.worker():
        stopped = rested(office.client, case_id)
    (effect,) = office.client.get("/v1/effects", params={"status": "intended"}).json()["items"]
    (kept,) = office.post.kept

    receipt = {"status": "sent", "message_id": kept["Message-ID"], "code": None, "message": None}
    word = {"happened": True, "receipt": receipt, "reason": "it lies in the mailbox"}
    office.client.post(f"/v1/effects/{effect['key']}/settle", json=word).raise_for_status()
    office.client.post(f"/v1/cases/{case_id}/retry", json={"reason": "settled"}).raise_for_status()
    with office.worker():
        ended = rested(office.client, case_id)

    assert (stopped["status"], stopped["error"]["code"]) == ("incident", "tool_outcome_unknown")
    assert (ended["status"], ended["result"]) == ("succeeded", f"sent as {kept['Message-ID']}")
    assert len(office.post.kept) == 1


def test_a_word_that_the_mail_server_never_gave_is_an_incident_too(office: Office) -> None:
    office.post.hang_up = True
    case_id = started(office)

    with office.worker():
        stopped = rested(office.client, case_id)

    assert (stopped["status"], stopped["error"]["code"]) == ("incident", "tool_outcome_unknown")
    assert len(office.post.kept) == 1
