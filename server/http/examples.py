"""Examples for the OpenAPI document. A test runs each of them against a real host."""

from typing import Any

SAMPLE = "sample:01-clean-with-order.xml"
CASE_ID = "0b6b6a52-3a39-4f0b-8f0e-9a3c5a0d4c11"
REVIEW_ID = "5e0c3f5e-52f0-4a5c-9b7a-1c9e6a1d2b33"
SCHEDULE_ID = "9a1d7a52-6c0e-4f4c-8a47-3b1f0c2d4e55"
DOCUMENT_ID = "sha256:" + "5f" * 32
INVOICE = "Invoice LG-2026-0311 of Donau Logistik GmbH, 4,200.00 EUR"

CASE: dict[str, Any] = {
    "id": CASE_ID,
    "process": "invoice_to_pay",
    "version": "5d6500c3439d",
    "status": "waiting",
    "title": INVOICE,
    "result": None,
    "error": None,
    "attempt": 1,
    "revision": 2,
    "priority": 0,
    "input": {"document": SAMPLE},
    "started_by": "dev",
    "created_at": "2026-10-05T08:00:00Z",
    "updated_at": "2026-10-05T08:00:01Z",
    "ended_at": None,
}

REVIEW: dict[str, Any] = {
    "id": REVIEW_ID,
    "case_id": CASE_ID,
    "process": "invoice_to_pay",
    "title": INVOICE,
    "status": "open",
    "question": f"Book {INVOICE}?",
    "role": "buyer",
    "body": {
        "question": f"Book {INVOICE}?",
        "role": "buyer",
        "reason": "No order, no pay above 1,000 EUR (IP-440)",
        "proposal": "approve",
        "evidence": {"document": SAMPLE},
    },
    "form": {
        "type": "object",
        "required": ["decision"],
        "properties": {
            "decision": {"type": "string", "enum": ["approve", "reject", "check_again"]},
            "comment": {"type": "string"},
        },
    },
    "answer": None,
    "answered_by": None,
    "opened_at": "2026-10-05T08:00:01Z",
    "answered_at": None,
}

ANSWER = {"answer": {"decision": "approve", "comment": "storage was agreed by phone"}}

ANSWERED_REVIEW: dict[str, Any] = {
    **REVIEW,
    "status": "answered",
    "answer": ANSWER["answer"],
    "answered_by": "dev",
    "answered_at": "2026-10-05T09:12:00Z",
    "case": None,
}

EFFECT: dict[str, Any] = {
    "key": f"{CASE_ID}/book:7d0e2c4b/erp.book_invoice/1",
    "case_id": CASE_ID,
    "step": "book",
    "server": "erp",
    "tool": "book_invoice",
    "contract": "keyed",
    "arguments": {"supplier": "S-1003", "number": "LG-2026-0311", "total": "4200.00", "currency": "EUR"},
    "verdict": {
        "allowed": True,
        "reason": "Invoice to pay books what its table or a person has approved",
        "policies": ["invoice-books"],
        "obligations": [],
    },
    "sources": {},
    "status": "done",
    "tries": 1,
    "receipt": {"status": "booked", "entry": "4", "total": "4200.00", "currency": "EUR"},
    "error": None,
    "settled_by": "answer",
    "undoes": None,
    "intended_at": "2026-10-05T09:12:01Z",
    "tried_at": "2026-10-05T09:12:01Z",
    "ended_at": "2026-10-05T09:12:01Z",
    "compensated_at": None,
}

SETTLEMENT: dict[str, Any] = {
    "happened": True,
    "receipt": {"status": "booked", "entry": "4", "total": "4200.00", "currency": "EUR"},
    "reason": "found in the journal, entry 4",
}

SETTLED_EFFECT: dict[str, Any] = {**EFFECT, "settled_by": "operator"}

INCIDENT_ID = "3c1f6a8e-70c9-4f1f-8f62-7d1f4e2b9a44"
INCIDENT: dict[str, Any] = {
    "id": INCIDENT_ID,
    "case_id": CASE_ID,
    "process": "invoice_to_pay",
    "step": "book",
    "code": "tool_refused",
    "kind": "permanent",
    "message": "erp.book_invoice: period 2026-09 is closed",
    "detail": {"type": "ToolRefused"},
    "attempts": 1,
    "group_key": "invoice_to_pay/book/tool_refused",
    "status": "open",
    "opened_at": "2026-10-05T08:00:02Z",
    "resolved_at": None,
    "resolved_by": None,
    "resolved_how": None,
    "reason": None,
}

INCIDENT_GROUP: dict[str, Any] = {
    "group_key": "invoice_to_pay/book/tool_refused",
    "process": "invoice_to_pay",
    "step": "book",
    "code": "tool_refused",
    "kind": "permanent",
    "message": "erp.book_invoice: period 2026-09 is closed",
    "count": 12,
    "oldest_at": "2026-10-05T08:00:02Z",
    "newest_at": "2026-10-05T08:20:00Z",
}

CASE_DETAIL: dict[str, Any] = {
    **CASE,
    "state": {"title": INVOICE, "outcome": "ask"},
    "steps": [
        {
            "number": 1,
            "name": "read",
            "status": "done",
            "started_at": "2026-10-05T08:00:00Z",
            "ended_at": "2026-10-05T08:00:00Z",
            "update": {"title": INVOICE},
        }
    ],
    "reviews": [REVIEW],
    "timers": [],
    "effects": [],
    "incidents": [],
}

CASE_STANDING: dict[str, Any] = {**CASE, "reviews": [REVIEW]}

PROCESS: dict[str, Any] = {
    "name": "invoice_to_pay",
    "version": "5d6500c3439d",
    "doc": "Invoice to pay: from a supplier's electronic invoice to a booking and a scheduled payment.",
    "input_schema": {
        "type": "object",
        "required": ["document"],
        "properties": {"document": {"type": "string"}},
    },
    "steps": [{"name": "read", "doc": "Read the electronic invoice from the document."}],
    "mermaid": "graph TD;\n\t__start__ --> read;\n",
}

DOCUMENT: dict[str, Any] = {
    "id": DOCUMENT_ID,
    "name": "invoice.xml",
    "media_type": "application/xml",
    "created_at": "2026-10-05T08:00:00Z",
}

SCHEDULE: dict[str, Any] = {
    "id": SCHEDULE_ID,
    "name": "rent",
    "process": "invoice_to_pay",
    "cron": "0 8 1 * *",
    "zone": "Europe/Zurich",
    "input": {"document": SAMPLE},
    "overlap": "skip",
    "catch_up": "one",
    "enabled": True,
    "next_at": "2026-11-01T07:00:00Z",
    "last_at": "2026-10-01T06:00:00Z",
    "last_case": CASE_ID,
    "created_by": "dev",
    "created_at": "2026-09-05T08:00:00Z",
    "updated_at": "2026-09-05T08:00:00Z",
}

SCHEDULE_DETAIL: dict[str, Any] = {
    **SCHEDULE,
    "upcoming": ["2026-11-01T07:00:00Z", "2026-12-01T07:00:00Z"],
    "firings": [
        {
            "scheduled_for": "2026-10-01T06:00:00Z",
            "outcome": "started",
            "reason": None,
            "case_id": CASE_ID,
            "fired_at": "2026-10-01T06:00:00Z",
        }
    ],
}

HEALTHY: dict[str, Any] = {"status": "ok", "parts": {}}
READY: dict[str, Any] = {"status": "ok", "parts": {"database": True}}
KEYS: dict[str, Any] = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
            "kid": "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
            "use": "sig",
            "alg": "ES256",
        }
    ]
}


def page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next": None}


PROCESSES = page(PROCESS)

_FILE_SCHEMA = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "XML or PDF"}},
}

START_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["input"],
                "additionalProperties": False,
                "properties": {"input": {"type": "object", "description": "by the process's input_schema"}},
            },
            "examples": {"reference": {"value": {"input": {"document": SAMPLE}}}},
        },
        "multipart/form-data": {"schema": _FILE_SCHEMA},
    },
}
FILE_BODY: dict[str, Any] = {"required": True, "content": {"multipart/form-data": {"schema": _FILE_SCHEMA}}}
ANSWER_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"examples": {"approve": {"value": ANSWER}}}},
}

SETTLE_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"examples": {"happened": {"value": SETTLEMENT}}}},
}


SCHEDULE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "examples": {
                "monthly": {
                    "value": {
                        "name": "rent",
                        "process": "invoice_to_pay",
                        "cron": "0 8 1 * *",
                        "zone": "Europe/Zurich",
                        "input": {"document": SAMPLE},
                    }
                }
            }
        }
    },
}
SCHEDULE_CHANGE_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"examples": {"later": {"value": {"cron": "0 9 1 * *"}}}}},
}


def response(
    example: dict[str, Any], *, description: str = "success", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Describe a successful response with its example."""
    described: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"examples": {"example": {"value": example}}}},
    }
    if headers:
        described["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
        }
    return described
