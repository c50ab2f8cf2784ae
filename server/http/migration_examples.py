"""Examples of migrations of cases for the OpenAPI document. A test runs each of them against a real host."""

from typing import Any

from server.http.examples import CASE_ID, REVIEW_ID

PLAN: dict[str, Any] = {"steps": {"approve": "ask"}, "renames": {}, "values": {"outcome": "ask"}}
MIGRATION: dict[str, Any] = {
    "id": "c1b5a1de-6a0e-4b0f-8a4c-2f6b3c9d7e55",
    "process": "invoice_to_pay",
    "from_version": "0e6c0b1f9a2d",
    "to_version": "5d6500c3439d",
    "plan": PLAN,
    "reason": "the approval has a new name",
    "started_by": "dev",
    "started_at": "2026-10-05T10:00:00Z",
    "cases": {"moved": 212, "refused": 1},
    "left_alone": [{"why": "it is running, of version 0e6c0b1f9a2d", "cases": 1, "examples": [CASE_ID]}],
}
PREVIEW: dict[str, Any] = {
    **MIGRATION,
    "id": None,
    "started_at": None,
    "cases": {"pending": 212, "refused": 1},
}
MIGRATED_CASE: dict[str, Any] = {
    "case_id": CASE_ID,
    "status": "moved",
    "before": "1f0b2a44-0c1e-6d2a-8003-5b0f1f6f2d11",
    "after": "1f0b2a9c-7f3a-6b10-8004-0d7c3b9e4a22",
    "reviews": [REVIEW_ID],
    "why": None,
    "changed_by": "dev",
    "changed_at": "2026-10-05T10:00:04Z",
}
_ASKED = {
    "from_version": MIGRATION["from_version"],
    **PLAN,
    "reason": MIGRATION["reason"],
}
START_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "examples": {"order": {"value": _ASKED}, "dry_run": {"value": {**_ASKED, "dry_run": True}}}
        }
    },
}
UNDO_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"examples": {"undo": {"value": {"reason": "the form was wrong"}}}}},
}
