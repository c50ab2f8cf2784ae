"""Tryton's general ledger, and what was done in it under our keys."""

from collections import defaultdict
from decimal import Decimal

from tools.erp.answers import (
    AccountBalance,
    JournalAnswer,
    JournalEntry,
    JournalLine,
    KeyedEffect,
    KeysAnswer,
    TrialBalance,
)
from tools.erp.values import CENT
from tools.tryton.client import Client, Record
from tools.tryton.documents import BOOKING, PAYMENT, booking_key
from tools.tryton.orders import BOOKED

_BOOKINGS, _PAYMENTS = "bookings", "payments"
_LINES = ["account.code", "account.name", "debit", "credit"]
_MOVE = [
    "number",
    "date",
    "post_date",
    "description",
    "origin",
    *(f"lines.{field}" for field in _LINES),
]


def trial_balance(tryton: Client) -> TrialBalance:
    """Sum every account over the posted moves."""
    lines = tryton.search("account.move.line", [["move.state", "=", "posted"]], _LINES)
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in lines:
        account = line["account."]
        of_account = sums[account["code"] or "", account["name"]]
        of_account[0] += line["debit"]
        of_account[1] += line["credit"]
    accounts = [
        AccountBalance(account=code, name=name, debit=_text(debit), credit=_text(credit))
        for (code, name), (debit, credit) in sorted(sums.items())
    ]
    debit = sum((line["debit"] for line in lines), Decimal(0))
    credit = sum((line["credit"] for line in lines), Decimal(0))
    return TrialBalance(accounts=accounts, debit=_text(debit), credit=_text(credit), balanced=debit == credit)


def list_entries(tryton: Client, *, limit: int) -> JournalAnswer:
    """List posted moves, latest first."""
    moves = tryton.search(
        "account.move", [["state", "=", "posted"]], _MOVE, order=[["id", "DESC"]], limit=limit
    )
    invoices = tryton.search(
        "account.invoice",
        [["move", "in", [move["id"] for move in moves]], ["type", "=", "in"]],
        ["number", "reference", "party.code", "move", "move.lines.payments.number"],
    )
    by_move = {invoice["move."]["id"]: invoice for invoice in invoices}
    return JournalAnswer(entries=[_entry(move, by_move.get(move["id"])) for move in moves])


def _entry(move: Record, invoice: Record | None) -> JournalEntry:
    payments = _payments(invoice)
    return JournalEntry(
        entry=invoice["number"] if invoice else move["number"],
        date=move["date"].isoformat(),
        text=move["description"] or (invoice["reference"] if invoice else "") or "",
        posted_at=move["post_date"].isoformat(),
        supplier=invoice["party."]["code"] if invoice else None,
        number=invoice["reference"] if invoice else None,
        payment=payments[0] if payments else None,
        lines=[
            JournalLine(
                account=line["account."]["code"] or "",
                debit=_text(line["debit"]),
                credit=_text(line["credit"]),
            )
            for line in move["lines."]
        ],
    )


def list_keys(tryton: Client, *, after: str, limit: int) -> KeysAnswer:
    """List what was done under our keys: the bookings, then the payments.

    `after` and `next` are a place in that list: the word for one of both, and the last id of it.
    """
    part, _, last = (after or f"{_BOOKINGS}:0").partition(":")
    lister = _list_bookings if part == _BOOKINGS else _list_payments
    rows, keys = lister(tryton, after=int(last), limit=limit)
    if len(rows) == limit:
        return KeysAnswer(keys=keys, next=f"{part}:{rows[-1]['id']}")
    return KeysAnswer(keys=keys, next=f"{_PAYMENTS}:0" if part == _BOOKINGS else None)


def _list_bookings(tryton: Client, *, after: int, limit: int) -> tuple[list[Record], list[KeyedEffect]]:
    rows = tryton.search(
        "account.invoice",
        [
            ["type", "=", "in"],
            ["comment", "like", f"{BOOKING}%"],
            ["state", "in", BOOKED],
            ["id", ">", after],
        ],
        ["number", "comment"],
        limit=limit,
    )
    return rows, [
        KeyedEffect(key=booking_key(row["comment"]), tool="book_invoice", number=row["number"])
        for row in rows
    ]


def _list_payments(tryton: Client, *, after: int, limit: int) -> tuple[list[Record], list[KeyedEffect]]:
    """List the payments whose invoices have a note of ours; the last note names the key."""
    rows = tryton.search(
        "account.payment",
        [["line.move.origin", "like", "account.invoice,%"], ["state", "!=", "failed"], ["id", ">", after]],
        ["number", "line.move.origin"],
        limit=limit,
    )
    invoice_of = {row["number"]: row["line."]["move."]["origin"] for row in rows}
    notes = tryton.search(
        "ir.note",
        [["resource", "in", [*invoice_of.values()]], ["message", "like", f"{PAYMENT}%"]],
        ["resource", "message"],
    )
    key_of = {note["resource"]: note["message"].removeprefix(PAYMENT) for note in notes}
    return rows, [
        KeyedEffect(key=key_of[invoice], tool="schedule_payment", number=number)
        for number, invoice in invoice_of.items()
        if invoice in key_of
    ]


def _payments(invoice: Record | None) -> list[str]:
    lines = invoice["move."]["lines."] if invoice else []
    return [payment["number"] for line in lines for payment in line["payments."]]


def _text(amount: Decimal) -> str:
    return str(amount.quantize(CENT))
