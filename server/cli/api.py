"""The HTTP API as the command line calls it: typed answers, and errors that a person can act on."""

from ipaddress import ip_address
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from server.errors import BadRequest, ServerError, Unavailable
from server.http.migration_models import Migration
from server.http.models import (
    Case,
    CaseDetail,
    CaseStatus,
    Effect,
    EffectStatus,
    Page,
    Process,
    Review,
    ReviewStatus,
)
from server.http.rule_models import Backtest, CaseDecision, ProposedRule, RuleTableDetail
from server.http.schedule_models import Schedule, ScheduleDetail
from server.identity.actors import ACTOR_HEADER, actor_of

DEFAULT_URL = "http://127.0.0.1:8000"
PAGE_LIMIT = 200  # the most rows that the API puts on one page
TIMEOUT_S = 30.0
BACKTEST_TIMEOUT_S = 300.0  # for 100,000 decisions
LONGEST_WAIT_S = TIMEOUT_S / 2
REVIEW_STATUSES: tuple[ReviewStatus, ...] = ("open", "answered", "withdrawn")

_ModelT = TypeVar("_ModelT", bound=BaseModel)
_ItemT = TypeVar("_ItemT")


class Refused(ServerError):
    """The API answered with a problem."""

    code = "refused"


class Api:
    """A connection to one server, on behalf of one actor.

    Every method raises `Refused` for a problem that the server states, and `Unavailable` when none answers.
    """

    def __init__(
        self, url: str = DEFAULT_URL, *, actor: str | None = None, page_limit: int = PAGE_LIMIT
    ) -> None:
        self._url = url
        self._page_limit = page_limit
        self._client = httpx.Client(
            base_url=url,
            headers=_actor_header(actor),
            timeout=TIMEOUT_S,
            # A proxy of the environment cannot reach the server on this machine.
            trust_env=not _is_local(_host_of(url)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def list_processes(self) -> Page[Process]:
        return self._get(Page[Process], "/v1/processes")

    def get_process(self, name: str) -> Process:
        return self._get(Process, f"/v1/processes/{quote(name, safe='')}")

    def start_case(self, process: str, *, file: BinaryIO, name: str, key: str) -> tuple[Case, bool]:
        """Start a case from a file; say whether it is new, or the one that this key started before."""
        response = self._send(
            "POST",
            f"/v1/processes/{quote(process, safe='')}/cases",
            files={"file": (name, file)},
            headers={"Idempotency-Key": key},
        )
        return self._read(Case, response), response.status_code == httpx.codes.CREATED

    def list_cases(
        self, *, limit: int, process: str | None = None, status: CaseStatus | None = None
    ) -> Page[Case]:
        """Return the newest cases, over as many pages of the API as that takes."""
        return self._list(
            Page[Case], "/v1/cases", limit=limit, filters={"process": process, "status": status}
        )

    def get_case(self, id_: UUID, *, wait_s: float = 0) -> CaseDetail:
        """Return the case; the server waits up to `wait_s`, at most `LONGEST_WAIT_S`, while it runs."""
        params = {"wait_s": str(min(wait_s, LONGEST_WAIT_S))} if wait_s > 0 else None
        return self._get(CaseDetail, f"/v1/cases/{id_}", params=params)

    def list_reviews(
        self, *, limit: int, role: str | None = None, status: ReviewStatus = "open"
    ) -> Page[Review]:
        """Return the newest reviews of one status, over as many pages of the API as that takes."""
        return self._list(Page[Review], "/v1/reviews", limit=limit, filters={"role": role, "status": status})

    def list_all_reviews(self, *, limit: int, role: str | None = None) -> Page[Review]:
        """Return the newest reviews of every status.

        No cursor leads on, because the API lists one status at a time.
        """
        pages = [self.list_reviews(limit=limit, role=role, status=status) for status in REVIEW_STATUSES]
        items = [review for page in pages for review in page.items]
        items.sort(key=lambda review: review.opened_at, reverse=True)
        return Page[Review](items=items[:limit], next=None)

    def get_review(self, id_: UUID) -> Review:
        return self._get(Review, f"/v1/reviews/{id_}")

    def list_effects(
        self, *, limit: int, status: EffectStatus | None = None, server: str | None = None
    ) -> Page[Effect]:
        """Return the newest effects of all cases, over as many pages of the API as that takes."""
        return self._list(
            Page[Effect], "/v1/effects", limit=limit, filters={"status": status, "server": server}
        )

    def get_effect(self, key: str) -> Effect:
        return self._get(Effect, f"/v1/effects/{quote(key)}")

    def settle_effect(self, key: str, *, receipt: dict[str, Any] | None, reason: str) -> Effect:
        word = {"happened": receipt is not None, "receipt": receipt, "reason": reason}
        return self._read(Effect, self._send("POST", f"/v1/effects/{quote(key)}/settle", json=word))

    def answer_review(self, id_: UUID, answer: Any) -> Review:
        return self._read(Review, self._send("POST", f"/v1/reviews/{id_}/answer", json={"answer": answer}))

    def get_rule_table(self, table: str) -> RuleTableDetail:
        """Return a table, by its id or by the digest of a text that it has had."""
        return self._get(RuleTableDetail, f"/v1/rules/{quote(table, safe='')}")

    def backtest(self, table: str, order: dict[str, Any]) -> Backtest:
        path = f"/v1/rules/{quote(table, safe='')}/backtest"
        return self._read(Backtest, self._send("POST", path, json=order, timeout=BACKTEST_TIMEOUT_S))

    def list_proposals(self, table: str, *, limit: int) -> Page[ProposedRule]:
        path = f"/v1/rules/{quote(table, safe='')}/proposals"
        return self._list(Page[ProposedRule], path, limit=limit, filters={})

    def propose_rule(self, review_id: UUID, wish: dict[str, Any]) -> ProposedRule:
        path = f"/v1/reviews/{review_id}/proposals"
        return self._read(ProposedRule, self._send("POST", path, json=wish, timeout=BACKTEST_TIMEOUT_S))

    def list_case_decisions(self, case_id: UUID) -> Page[CaseDecision]:
        return self._get(Page[CaseDecision], f"/v1/cases/{case_id}/decisions")

    def start_migration(self, process: str, order: dict[str, Any]) -> Migration:
        path = f"/v1/processes/{quote(process, safe='')}/migrations"
        return self._read(Migration, self._send("POST", path, json=order))

    def list_migrations(self, process: str, *, limit: int) -> Page[Migration]:
        path = f"/v1/processes/{quote(process, safe='')}/migrations"
        return self._list(Page[Migration], path, limit=limit, filters={})

    def get_migration(self, id_: UUID) -> Migration:
        return self._get(Migration, f"/v1/migrations/{id_}")

    def undo_migration(self, id_: UUID, *, reason: str) -> Migration:
        response = self._send("POST", f"/v1/migrations/{id_}/undo", json={"reason": reason})
        return self._read(Migration, response)

    def list_schedules(self, *, limit: int) -> Page[Schedule]:
        return self._list(Page[Schedule], "/v1/schedules", limit=limit, filters={})

    def get_schedule(self, id_: UUID) -> ScheduleDetail:
        return self._get(ScheduleDetail, f"/v1/schedules/{id_}")

    def create_schedule(self, plan: dict[str, Any]) -> Schedule:
        return self._read(Schedule, self._send("POST", "/v1/schedules", json=plan))

    def change_schedule(self, id_: UUID, changes: dict[str, Any]) -> Schedule:
        return self._read(Schedule, self._send("PATCH", f"/v1/schedules/{id_}", json=changes))

    def delete_schedule(self, id_: UUID) -> None:
        self._send("DELETE", f"/v1/schedules/{id_}")

    def _list(
        self, model: type[Page[_ItemT]], path: str, *, limit: int, filters: dict[str, str | None]
    ) -> Page[_ItemT]:
        params = {name: value for name, value in filters.items() if value is not None}
        items: list[_ItemT] = []
        cursor: dict[str, str] = {}
        while True:
            size = min(limit - len(items), self._page_limit)
            page = self._get(model, path, params={**params, **cursor, "limit": str(size)})
            items += page.items
            if page.next is None or len(items) >= limit:
                return model(items=items, next=page.next)
            cursor = {"cursor": page.next}

    def _get(self, model: type[_ModelT], path: str, *, params: dict[str, str] | None = None) -> _ModelT:
        return self._read(model, self._send("GET", path, params=params))

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **request)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise Unavailable(
                f"no answer from {self._url} ({reason}): is `steward serve` running there?"
            ) from error
        if not response.is_success:
            raise _refusal(response)
        return response

    def _read(self, model: type[_ModelT], response: httpx.Response) -> _ModelT:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise Unavailable(f"what answers at {self._url} is not a Steward of this version") from error


def _actor_header(actor: str | None) -> dict[bytes, bytes]:
    """State the actor as HTTP does, in Latin-1.

    Raises:
        BadRequest: it is no name, or has letters that a header cannot carry.
    """
    if actor is None:
        return {}
    try:
        return {ACTOR_HEADER.encode(): actor_of(actor).encode("latin-1")}
    except UnicodeEncodeError as error:
        raise BadRequest(
            f"the name {actor!r} has letters that an HTTP header cannot carry", field="as"
        ) from error


def _host_of(url: str) -> str:
    """Return the host that the URL names.

    Raises:
        BadRequest: it is no URL of a server.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadRequest(f"{url!r} is no URL: {error}", field="url") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise BadRequest(f"{url!r} is no URL like {DEFAULT_URL}", field="url")
    return parsed.host


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _refusal(response: httpx.Response) -> Refused:
    """Say in one sentence what a problem says; an answer that is none came from something in between."""
    try:
        problem = response.json()
        detail, field = problem["detail"], problem.get("field")
        findings = [_finding(one) for one in problem.get("findings") or ()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refused(f"the server answered {response.status_code} {response.reason_phrase}")
    if findings:
        detail = f"{detail}: {'; '.join(findings)}"
    return Refused(f"{detail} ({field})" if field else str(detail), field=field)


def _finding(found: dict[str, Any]) -> str:
    return f"{found['file']}:{found['line']}:{found['column']}: {found['message']}"
