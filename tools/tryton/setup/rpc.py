"""Tryton's RPC as its administrator, for what the REST interface has no way to: a chart, users, keys."""

import base64
from typing import Any

import httpx

from tools.tryton.wire import decoded, encoded

TIMEOUT_S = 120.0
SHOWN_CHARACTERS = 500


class RpcError(Exception):
    """Tryton refused a call of the set-up."""


class Admin:
    """A session of the administrator; `context` goes with every call."""

    def __init__(self, url: str, database: str, *, password: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/{database}", timeout=TIMEOUT_S)
        self.context: dict[str, Any] = {}
        self._headers: dict[str, str] = {}
        user, session, *_ = self._call("common.db.login", ["admin", {"password": password}])
        token = base64.b64encode(f"admin:{user}:{session}".encode()).decode()
        self._headers = {"Authorization": f"Session {token}"}
        self.user: int = user

    def create(self, model: str, /, **values: Any) -> int:
        """Create one record and return its id."""
        created: list[int] = self.call(f"model.{model}.create", [values])
        return created[0]

    def write(self, model: str, ids: list[int], /, **values: Any) -> None:
        self.call(f"model.{model}.write", ids, values)

    def press(self, model: str, button: str, ids: list[int]) -> None:
        """Press a button on records."""
        self.call(f"model.{model}.{button}", ids)

    def find(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        """Return the records of a domain, oldest first."""
        found: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], ["id", *fields]
        )
        return found

    def get_id(self, model: str, domain: list[Any]) -> int:
        """Return the id of the first record of a domain.

        Raises:
            RpcError: there is none.
        """
        found = self.find(model, domain)
        if not found:
            raise RpcError(f"there is no {model} {domain}")
        return int(found[0]["id"])

    def get_named(self, name: str) -> int:
        """Return the id of a record that a module brought, by `module.name`."""
        return int(self.call("model.ir.model.data.get_id", name))

    def call(self, method: str, *parameters: Any) -> Any:
        return self._call(method, [*parameters, self.context])

    def _call(self, method: str, parameters: list[Any]) -> Any:
        body = encoded({"id": 1, "method": method, "params": parameters})
        headers = {"Content-Type": "application/json", **self._headers}
        response = self._client.post("/rpc/", content=body, headers=headers)
        if response.is_error:
            raise RpcError(f"{method}: {response.status_code} {response.text[:SHOWN_CHARACTERS]}")
        answer = decoded(response.content)
        if isinstance(answer, dict) and answer.get("error"):
            raise RpcError(f"{method}: {str(answer['error'])[:SHOWN_CHARACTERS]}")
        return answer.get("result") if isinstance(answer, dict) and "result" in answer else answer
