"""The general ledger: entries that balance, in the base currency."""

import sqlite3

from tools.erp.answers import AccountBalance, JournalAnswer, JournalEntry, JournalLine, TrialBalance
from tools.erp.database import Database
from tools.erp.values import amount_text, entry_text

INPUT_TAX = "1406"
PAYABLES = "3300"
GOODS_RECEIVED = "5400"
EXPENSES = "6300"


def draft(connection: sqlite3.Connection, *, date: str, text: str) -> int:
    """Open an entry and return its id."""
    cursor = connection.execute("INSERT INTO journal_entries (date, text) VALUES (?, ?)", (date, text))
    assert cursor.lastrowid is not None, "an INSERT has a row id"  # noqa: S101  for the type checker
    return cursor.lastrowid


def post(connection: sqlite3.Connection, entry: int, *, debits: dict[str, int]) -> str:
    """Write the lines and post; a negative debit is a credit, nothing is left out. Return the time."""
    connection.executemany(
        "INSERT INTO journal_lines (entry, line, account, debit, credit) VALUES (?, ?, ?, ?, ?)",
        [
            (entry, line, account, max(units, 0), max(-units, 0))
            for line, (account, units) in enumerate(debits.items(), start=1)
            if units
        ],
    )
    row = connection.execute(
        "UPDATE journal_entries SET posted_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
        " WHERE id = ? RETURNING posted_at",
        (entry,),
    ).fetchone()
    return str(row["posted_at"])


def trial_balance(database: Database) -> TrialBalance:
    """Sum every account over the posted entries."""
    with database.read() as connection:
        rows = connection.execute(
            "SELECT accounts.account, accounts.name,"
            " COALESCE(SUM(posted.debit), 0) AS debit, COALESCE(SUM(posted.credit), 0) AS credit"
            " FROM accounts LEFT JOIN ("
            "  SELECT journal_lines.* FROM journal_lines JOIN journal_entries"
            "  ON journal_entries.id = journal_lines.entry WHERE posted_at IS NOT NULL"
            " ) AS posted USING (account) GROUP BY accounts.account ORDER BY accounts.account"
        ).fetchall()
    debit = sum(row["debit"] for row in rows)
    credit = sum(row["credit"] for row in rows)
    return TrialBalance(
        accounts=[
            AccountBalance(
                account=row["account"],
                name=row["name"],
                debit=amount_text(row["debit"]),
                credit=amount_text(row["credit"]),
            )
            for row in rows
        ],
        debit=amount_text(debit),
        credit=amount_text(credit),
        balanced=debit == credit,
    )


def list_entries(database: Database, *, limit: int) -> JournalAnswer:
    """List posted entries, latest first."""
    with database.read() as connection:
        rows = connection.execute(
            "SELECT journal_entries.*, supplier, number, payments.id AS payment"
            " FROM journal_entries"
            " LEFT JOIN supplier_invoices ON supplier_invoices.entry = journal_entries.id"
            " LEFT JOIN payments ON payments.entry = journal_entries.id"
            " WHERE posted_at IS NOT NULL ORDER BY journal_entries.id DESC LIMIT ?",
            (limit,),
        ).fetchall()
        return JournalAnswer(entries=[_entry(connection, row) for row in rows])


def _entry(connection: sqlite3.Connection, row: sqlite3.Row) -> JournalEntry:
    lines = connection.execute(
        "SELECT account, debit, credit FROM journal_lines WHERE entry = ? ORDER BY line", (row["id"],)
    )
    return JournalEntry(
        entry=entry_text(row["id"]),
        date=row["date"],
        text=row["text"],
        posted_at=row["posted_at"],
        supplier=row["supplier"],
        number=row["number"],
        payment=None if row["payment"] is None else payment_text(row["payment"]),
        lines=[
            JournalLine(
                account=line["account"], debit=amount_text(line["debit"]), credit=amount_text(line["credit"])
            )
            for line in lines
        ],
    )


def payment_text(payment: int) -> str:
    return f"PAY-{payment:06d}"
