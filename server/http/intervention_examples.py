"""Examples of interventions and stops for the OpenAPI document. A test runs each of them."""

from typing import Any

from server.http.examples import CASE_ID, INCIDENT_ID, REVIEW_ID

STOP_ID = "a2f0c1d4-6b1e-4c55-9a7d-2f5f3f0c8e10"
_REASON = {"reason": "the period was closed by mistake and is open again"}
_CHANGE: dict[str, Any] = {"run": "enqueued", "withdrawn": [], "fields": {}, "repeats": [], "unsettled": []}

OUTCOME: dict[str, Any] = {
    "case_id": CASE_ID,
    "action": "retry",
    "dry_run": False,
    "before": "incident",
    "after": "running",
    "revision": 5,
    "incident_id": INCIDENT_ID,
    "change": _CHANGE,
}
EDITED: dict[str, Any] = {
    **OUTCOME,
    "action": "edit",
    "before": "waiting",
    "incident_id": None,
    "change": {
        **_CHANGE,
        "withdrawn": [REVIEW_ID],
        "fields": {"title": {"before": "Invoice LG-2026-0311", "after": "Invoice LG-2026-0311, corrected"}},
    },
}
SKIPPED: dict[str, Any] = {
    **OUTCOME,
    "action": "skip",
    "before": "waiting",
    "incident_id": None,
    "change": {**_CHANGE, "withdrawn": [REVIEW_ID]},
}
CANCELLED: dict[str, Any] = {
    **OUTCOME,
    "action": "cancel",
    "after": "cancelled",
    "change": {**_CHANGE, "run": None},
}
SUSPENDED: dict[str, Any] = {
    **OUTCOME,
    "action": "suspend",
    "before": "running",
    "after": "suspended",
    "incident_id": None,
    "change": {**_CHANGE, "run": "kept"},
}
RESUMED: dict[str, Any] = {**SUSPENDED, "action": "resume", "before": "suspended", "after": "running"}
RESULTS: dict[str, Any] = {
    "done": 1,
    "refused": 1,
    "more": False,
    "results": [
        {"case_id": CASE_ID, "outcome": OUTCOME, "problem": None},
        {
            "case_id": STOP_ID,
            "outcome": None,
            "problem": {
                "type": "/problems/not_found",
                "title": "Not found",
                "status": 404,
                "detail": f"there is no case {STOP_ID}",
                "field": None,
            },
        },
    ],
}
STOP: dict[str, Any] = {
    "id": STOP_ID,
    "scope": "tool",
    "value": "erp.schedule_payment",
    "reason": "the bank reports double payments",
    "stopped_by": "olga",
    "stopped_at": "2026-10-05T08:00:00Z",
    "released_by": None,
    "released_at": None,
}
RELEASED: dict[str, Any] = {**STOP, "released_by": "olga", "released_at": "2026-10-05T08:40:00Z"}


def _body(**examples: dict[str, Any]) -> dict[str, Any]:
    values = {name: {"value": value} for name, value in examples.items()}
    return {"required": True, "content": {"application/json": {"examples": values}}}


ASK = _body(look_first={**_REASON, "dry_run": True}, do_it=_REASON)
EDIT = _body(correct={**_REASON, "fields": {"title": "Invoice LG-2026-0311, corrected"}})
SKIP = _body(reject={**_REASON, "step": "reject"})
MANY = _body(
    group={
        **_REASON,
        "action": "retry",
        "filter": {"group": "invoice_to_pay/book/tool_refused"},
        "dry_run": True,
    },
    listed={
        **_REASON,
        "action": "cancel",
        "cases": [{"id": CASE_ID, "expected_revision": 4}],
        "dry_run": True,
    },
)
STOP_BODY = _body(
    tool={
        "scope": "tool",
        "value": "erp.schedule_payment",
        "reason": "the bank reports double payments",
    }
)
RELEASE_BODY = _body(release={"reason": "it was a report about another bank"})
