"""Examples of tables of rules. A test runs each of them against a real host."""

from typing import Any

from server.http.examples import CASE_ID, REVIEW_ID

DIGEST = "sha256:8332d1636baa6e46bb27b2d66dcf2a8f3ed8b32674e6bac0550f071f68dfc680"
OLD_DIGEST = "sha256:" + "3a" * 32
FACTS_DIGEST = "sha256:de6e7b58d175791a547f1e5d94f1375f57b5a2afdf798bec9344f87ee16e54e8"
FACTS: dict[str, Any] = {
    "kind": "invoice",
    "amount": {"amount": "1487.50", "currency": "EUR"},
    "supplier": "known",
    "twin": "same",
}
BECAUSE = "Number, total and date are those of a booked invoice"
OUTCOME: dict[str, Any] = {"route": "reject", "role": None}

TABLE: dict[str, Any] = {
    "id": "invoice_to_pay",
    "version": "2026-2",
    "digest": DIGEST,
    "title": "What becomes of a supplier's invoice",
    "owner": "Head of Accounts Payable",
    "hit": "priority",
    "effective_from": "2026-01-01",
    "effective_to": None,
    "rules": 33,
    "overlays": 0,
    "processes": ["invoice_to_pay"],
}

TABLE_DETAIL: dict[str, Any] = {
    **TABLE,
    "prose": "A document is booked without a person only if it is an ordinary one.",
    "inputs": [{"name": "duplicate", "type": "none | possible | certain", "optional": False, "label": ""}],
    "outputs": [
        {
            "name": "route",
            "type": "enum",
            "values": ["book", "review", "reject"],
            "only_when": None,
            "label": "",
        }
    ],
    "rows": [
        {
            "id": "IP-010",
            "priority": 100,
            "when": {"duplicate": "certain"},
            "then": {"route": "reject"},
            "because": BECAUSE,
        }
    ],
    "sheet": {
        "headings": ["rule", "priority", "when", "route", "role", "because"],
        "rows": [["IP-010", "100", "duplicate certain", "reject", "-", BECAUSE]],
    },
    "findings": [],
    "sources": {"rules/invoice_to_pay.yaml": "id: invoice_to_pay\nversion: 2026-1\n"},
    "history": [{"digest": DIGEST, "version": "2026-1", "first_seen_at": "2026-10-05T08:00:00Z"}],
}

EVALUATED: dict[str, Any] = {
    "kind": "decision",
    "table": "invoice_to_pay",
    "version": "2026-2",
    "digest": DIGEST,
    "overlays": [],
    "as_of": "2026-10-05",
    "facts": FACTS,
    "facts_digest": FACTS_DIGEST,
    "sources": {},
    "derived": {},
    "asked": {},
    "rule": "IP-010",
    "rules": ["IP-010"],
    "because": BECAUSE,
    "outcome": OUTCOME,
    "message": None,
    "inputs": [],
    "why_not": [
        {
            "rule": "IP-105",
            "reason": "supplier is known, the rule wants unknown",
            "input": "supplier",
            "cell": "unknown",
            "value": "known",
            "yields_to": None,
        }
    ],
    "overridden": [],
    "without": [],
    "could_change": [],
    "concerned": [],
}

BACKTEST: dict[str, Any] = {
    "table": "invoice_to_pay",
    "old": OLD_DIGEST,
    "new": DIGEST,
    "tried": 2000,
    "unasked": [],
    "flips": [
        {
            "old": {"kind": "decision", "outcome": {"route": "book", "role": None}, "rules": ["IP-910"]},
            "new": {"kind": "decision", "outcome": {"route": "review", "role": "buyer"}, "rules": ["IP-440"]},
            "finished": [CASE_ID],
            "open": [],
            "money": {"amount": [{"amount": "720.00", "currency": "EUR"}]},
        }
    ],
}

CASE_DECISION: dict[str, Any] = {
    "case_id": CASE_ID,
    "case_status": "succeeded",
    "step": "decide:7d0e2c4b",
    "table": "invoice_to_pay",
    "text_digest": DIGEST,
    "digest": DIGEST,
    "as_of": "2026-10-05",
    "facts": FACTS,
    "facts_digest": FACTS_DIGEST,
    "kind": "decision",
    "said": {
        "overlays": [],
        "derived": {},
        "asked": {},
        "rule": "IP-010",
        "rules": ["IP-010"],
        "because": BECAUSE,
        "outcome": OUTCOME,
        "overridden": [],
    },
    "decided_at": "2026-10-05T08:00:01Z",
    "differs": None,
    "replay": EVALUATED,
}

PROPOSED_RULE: dict[str, Any] = {
    "id": "c4b1e0aa-9d1c-4f6f-8f0e-2f6b3c9d7e55",
    "table_id": "invoice_payment",
    "rule": "P-c4b1e0aa",
    "line": "- {id: P-c4b1e0aa, priority: 51, when: {cash: stopped}, then: {pay: when_due}, because: So}",
    "text_digest": DIGEST,
    "case_id": CASE_ID,
    "review_id": REVIEW_ID,
    "backtest": {"tried": 2000, "unasked": [], "flips": []},
    "proposed_by": "dev",
    "proposed_at": "2026-10-05T09:12:00Z",
}

# A table of two rules is a table too; the cases are put to it as they are to the one in force.
TEXT = """\
id: invoice_to_pay
version: 2027-draft
owner: Head of Accounts Payable
title: Everything is asked
effective: {from: 2027-01-01}
hit: first
inputs:
  kind: {type: enum, values: [invoice, credit_note]}
outputs:
  route: {type: enum, values: [book, review, reject]}
rules:
- {id: A-1, when: {}, then: {route: review}, because: "Nothing is booked while the books are closed"}
"""

EVALUATE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "examples": {"duplicate": {"value": {"facts": FACTS, "as_of": "2026-10-05", "context": {}}}}
        }
    },
}
PROPOSE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "examples": {
                "reject": {
                    "value": {
                        "table": "invoice_payment",
                        "outcome": {"pay": "when_due"},
                        "because": "Treasury, 5 October: cash comes first",
                    }
                }
            }
        }
    },
}
BACKTEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"examples": {"draft": {"value": {"text": TEXT, "sum": ["amount"]}}}}},
}
