"""What was done under which idempotency key, for whoever keeps a ledger of their own."""

from tools.erp.answers import KeyedEffect, KeysAnswer
from tools.erp.database import Database
from tools.erp.journal import payment_text
from tools.erp.values import entry_text


def list_keys(database: Database, *, after: str, limit: int) -> KeysAnswer:
    """List up to `limit` effects by key, from the one behind `after`."""
    with database.read() as connection:
        rows = connection.execute(
            "SELECT key, 'book_invoice' AS tool, entry AS number FROM supplier_invoices WHERE key > :after"
            " UNION ALL SELECT key, 'schedule_payment', id FROM payments WHERE key > :after"
            " ORDER BY key LIMIT :limit",
            {"after": after, "limit": limit},
        ).fetchall()
    keys = [
        KeyedEffect(
            key=row["key"],
            tool=row["tool"],
            number=entry_text(row["number"])
            if row["tool"] == "book_invoice"
            else payment_text(row["number"]),
        )
        for row in rows
    ]
    return KeysAnswer(keys=keys, next=keys[-1].key if len(keys) == limit else None)
