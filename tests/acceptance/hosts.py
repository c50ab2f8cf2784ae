"""Talking to a running host in tests."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from conftest import running_host

from server.failpoints import VARIABLE

PROCESS = "/v1/processes/invoice_to_pay/cases"


def submit(client: httpx.Client, file: Path) -> dict[str, Any]:
    """Start a case from a file, under a key of its name and content."""
    content = file.read_bytes()
    key = f"{file.name}:{hashlib.sha256(content).hexdigest()}"
    response = client.post(PROCESS, files={"file": (file.name, content)}, headers={"Idempotency-Key": key})
    case: dict[str, Any] = response.raise_for_status().json()
    return case


def rested(client: httpx.Client, case_id: str, *, polls: int = 60) -> dict[str, Any]:
    """Return the case once it no longer runs. It gives up by count, not by clock."""
    for _ in range(polls):
        response = client.get(f"/v1/cases/{case_id}", params={"wait_s": 2})
        detail: dict[str, Any] = response.raise_for_status().json()
        if detail["status"] != "running":
            return detail
    raise AssertionError(f"case {case_id} does not come to rest")


def all_cases(client: httpx.Client) -> list[dict[str, Any]]:
    """Read every page of the case list."""
    cases: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = client.get("/v1/cases", params={"limit": 7} | ({"cursor": cursor} if cursor else {})).json()
        cases += page["items"]
        cursor = page["next"]
        if cursor is None:
            return cases


class Books:
    """The ERP's own database, read from outside: what really happened there."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()


class stumbling_host(running_host):  # noqa: N801  used like a function
    """A host that breaks once, in its first effect: its outcome stays open, its case becomes an incident."""

    def __init__(self, database_url: str, data: Path) -> None:
        super().__init__(database_url, data)
        self._environment[VARIABLE] = "effect_after_intent:raise:1"
