"""The company, suppliers, purchase orders and exchange rates: what the ERP knows before an invoice comes."""

import sqlite3
from decimal import Decimal
from typing import Literal

from tools.erp.answers import Company, Conversion, Order, OrderAnswer, OrderLine, Supplier, SupplierAnswer
from tools.erp.database import Database
from tools.erp.values import amount_text, converted, letters_and_digits, minor, quantity_text


def get_company(database: Database) -> Company:
    """Read whose books these are."""
    with database.read() as connection:
        row = connection.execute("SELECT entity, name, vat_id, city, cash_stop_until FROM company").fetchone()
    return Company(**row)


def find_supplier(database: Database, *, vat_id: str, name: str, iban: str) -> SupplierAnswer:
    """Recognise a supplier by the VAT id, else by the name.

    The name counts only when no VAT id is stated: a known name under a foreign VAT id is what a fraud
    looks like. The bank account merely chooses between suppliers of one name; an account never says who
    somebody is.

    Raises:
        ValueError: neither VAT id nor name is stated.
    """
    if letters_and_digits(vat_id):
        return _by_vat_id(database, letters_and_digits(vat_id))
    if letters_and_digits(name):
        return _by_name(database, letters_and_digits(name), iban=letters_and_digits(iban))
    raise ValueError("vat_id: a VAT id or a name is needed")


def _by_vat_id(database: Database, vat_id: str) -> SupplierAnswer:
    with database.read() as connection:
        row = connection.execute("SELECT * FROM suppliers WHERE vat_id = ?", (vat_id,)).fetchone()
    if row is None:
        return SupplierAnswer(found=False)
    return SupplierAnswer(found=True, supplier=_supplier(row), matched_by="vat_id")


def _by_name(database: Database, name_key: str, *, iban: str) -> SupplierAnswer:
    with database.read() as connection:
        rows = connection.execute("SELECT * FROM suppliers WHERE name_key = ?", (name_key,)).fetchall()
    matched_by: Literal["name", "name_and_iban"] = "name"
    if len(rows) > 1:
        rows = [row for row in rows if row["iban"] == iban]
        matched_by = "name_and_iban"
    if len(rows) != 1:
        return SupplierAnswer(found=False)
    return SupplierAnswer(found=True, supplier=_supplier(rows[0]), matched_by=matched_by)


def _supplier(row: sqlite3.Row) -> Supplier:
    return Supplier(**{field: row[field] for field in Supplier.model_fields})


def get_order(database: Database, *, number: str) -> OrderAnswer:
    """Read a purchase order; what was invoiced is the sum over all bookings, credit notes taken off."""
    with database.read() as connection:
        order = find_order(connection, number)
        if order is None:
            return OrderAnswer(found=False)
        lines = list_order_lines(connection, order["number"])
    return OrderAnswer(
        found=True,
        order=Order(
            number=order["number"],
            supplier=order["supplier"],
            currency=order["currency"],
            date=order["date"],
            contract=order["contract"],
            status=_status(lines),
            lines=lines,
        ),
    )


def find_order(connection: sqlite3.Connection, number: str) -> sqlite3.Row | None:
    """Find an order by the letters and digits of its number; its row has the number as it is written here."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM orders WHERE number_key = ?", (letters_and_digits(number),)
    ).fetchone()
    return row


def list_order_lines(connection: sqlite3.Connection, order: str) -> list[OrderLine]:
    """List the lines of the order with exactly this number, with what was invoiced so far."""
    rows = connection.execute("SELECT * FROM order_lines WHERE order_number = ? ORDER BY line", (order,))
    return [_order_line(row, _invoiced(connection, order, line=row["line"])) for row in rows]


def _invoiced(connection: sqlite3.Connection, order: str, *, line: int) -> Decimal:
    rows = connection.execute(
        "SELECT supplier_invoices.kind, invoice_lines.quantity"
        " FROM invoice_lines JOIN supplier_invoices USING (entry)"
        " WHERE invoice_lines.order_number = ? AND invoice_lines.line = ?",
        (order, line),
    )
    signs = {"invoice": 1, "credit_note": -1}
    return sum((signs[row["kind"]] * Decimal(row["quantity"]) for row in rows), Decimal(0))


def _order_line(row: sqlite3.Row, invoiced: Decimal) -> OrderLine:
    return OrderLine(
        line=row["line"],
        item=row["item"],
        description=row["description"],
        quantity=row["quantity"],
        unit_price=row["unit_price"],
        received=row["received"],
        invoiced=quantity_text(invoiced),
    )


def _status(lines: list[OrderLine]) -> Literal["open", "received", "invoiced"]:
    if all(Decimal(line.invoiced) >= Decimal(line.quantity) for line in lines):
        return "invoiced"
    if all(Decimal(line.received) >= Decimal(line.quantity) for line in lines):
        return "received"
    return "open"


def convert_amount(database: Database, *, amount: str, currency: str, date: str) -> Conversion:
    """Convert to the base currency by the rate in force on the day, rounded half up to cents."""
    with database.read() as connection:
        rate = find_rate(connection, currency, date=date)
    if rate is None:
        return Conversion(found=False)
    return Conversion(
        found=True,
        amount=amount_text(converted(minor(amount), Decimal(rate["rate"]))),
        currency="EUR",
        rate=rate["rate"],
        valid_from=rate["valid_from"],
    )


def find_rate(connection: sqlite3.Connection, currency: str, *, date: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT rate, valid_from FROM rates WHERE currency = ? AND valid_from <= ?"
        " ORDER BY valid_from DESC LIMIT 1",
        (currency, date),
    ).fetchone()
    return row
