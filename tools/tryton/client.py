"""Tryton's REST interface, spoken with the key of one user.

Every method waits. Reading is repeated while Tryton cannot be reached, for as long as a restart takes; what
changes something is sent once.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from tools.erp.books import Unanswered
from tools.tryton.wire import decoded, encoded

TIMEOUT_S = 30.0
PATIENCE_S = 15.0
PAUSE_S = 0.25

Record = dict[str, Any]
Domain = list[Any]
Answer = TypeVar("Answer")


class TrytonRefused(Exception):
    """Tryton turned a request down and did nothing; the message is Tryton's own, for a person."""


def patiently(act: Callable[[], Answer]) -> Answer:
    """Do what may be done again, until Tryton answers or patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except Unanswered:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


class Client:
    """One database of a Tryton server as one user sees it.

    Raises, from every method:
        TrytonRefused: Tryton says no.
        Unanswered: Tryton said nothing.
    """

    def __init__(self, url: str, database: str, *, key: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/{database}/rest/model/",
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            timeout=TIMEOUT_S,
        )
        self._company: int | None = None

    @property
    def company(self) -> int:
        """The company of the key's user, whose books these are."""
        if self._company is None:
            companies = self._read("company.company", [], ["id"], context={})
            if len(companies) != 1:
                raise TrytonRefused(f"the user of the key works for {len(companies)} companies, not for one")
            self._company = int(companies[0]["id"])
        return self._company

    def search(
        self,
        model: str,
        domain: Domain,
        fields: list[str],
        *,
        order: list[list[str]] | None = None,
        limit: int | None = None,
        **context: object,
    ) -> list[Record]:
        """Read the records of a domain, oldest first unless told otherwise."""
        context = {"company": self.company, **context}
        return self._read(model, domain, fields, order=order, limit=limit, context=context)

    def create(self, model: str, values: Record) -> int:
        """Create one record and return its id."""
        created = self._post(f"{model}/create", {"vlist": [values]}, context={"company": self.company})
        return int(created[0])

    def write(self, model: str, record: int, values: Record) -> None:
        """Change one record."""
        content = encoded(values)
        self._send("PUT", f"{model}/{record}?f=id", content, context={"company": self.company})

    def press(self, model: str, record: int, button: str, **context: object) -> None:
        """Press a button on a record."""
        self._post(f"{model}/{record}/{button}?f=id", {}, context={"company": self.company, **context})

    def delete(self, model: str, record: int) -> None:
        self._send("DELETE", f"{model}/{record}", None, context={"company": self.company})

    def _read(
        self,
        model: str,
        domain: Domain,
        fields: list[str],
        *,
        order: list[list[str]] | None = None,
        limit: int | None = None,
        context: Mapping[str, object],
    ) -> list[Record]:
        body = {
            "domain": domain,
            "limit": limit,
            "order": order or [["id", "ASC"]],
            "fields_names": ["id", *fields],
        }
        path = f"{model}/search_read"
        found: list[Record] = patiently(lambda: self._post(path, body, context=context))
        return found

    def _post(self, path: str, body: object, *, context: Mapping[str, object]) -> Any:
        return self._send("POST", path, encoded(body), context=context)

    def _send(self, method: str, path: str, content: bytes | None, *, context: Mapping[str, object]) -> Any:
        headers = {"X-Tryton-Context": base64.urlsafe_b64encode(encoded(context)).decode()}
        try:
            response = self._http.request(method, path, content=content, headers=headers)
        except httpx.TransportError as error:
            raise Unanswered(f"Tryton does not answer: {error or type(error).__name__}") from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unanswered(f"Tryton answers {response.status_code} to {path}")
        if response.is_error:
            raise TrytonRefused(_reason(response, path))
        return decoded(response.content) if response.content else None


def _reason(response: httpx.Response, path: str) -> str:
    """Say why Tryton refuses, in its own words where it has any."""
    if response.headers.get("Content-Type") == "application/json":
        answer = decoded(response.content)
        if isinstance(answer, dict) and answer.get("message"):
            return "; ".join(filter(None, (str(answer["message"]), str(answer.get("description") or ""))))
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return f"the key's user may not do this in Tryton: {path} ({response.status_code})"
    return f"Tryton answers {response.status_code} to {path}"
