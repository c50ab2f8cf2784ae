"""The trade of the seed: suppliers with their accounts and terms, what was ordered, and what has come."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tools.tryton.setup.houses import GOODS, account
from tools.tryton.setup.rpc import Admin, RpcError

ORDERS = "Purchase"
AGREEMENTS = "Purchase Blanket Agreement"


def make_trade(admin: Admin, seed: dict[str, Any]) -> None:
    """Make the suppliers, orders and receipts of the seed."""
    currencies = {one["code"]: one["id"] for one in admin.find("currency.currency", [], "code")}
    parties = {
        supplier["id"]: _make_supplier(admin, supplier, currency=currencies[supplier["currency"]])
        for supplier in seed["supplier"]
    }
    products = _make_products(admin, seed["order"])
    for order in seed["order"]:
        purchase = _make_order(
            admin,
            order,
            party=parties[order["supplier"]],
            currency=currencies[order["currency"]],
            products=products,
        )
        _receive(admin, purchase, order)


def _make_supplier(admin: Admin, supplier: dict[str, Any], *, currency: int) -> int:
    party = admin.create(
        "party.party",
        name=supplier["name"],
        code=supplier["id"],
        addresses=[["create", [{"city": supplier["city"]}]]],
        identifiers=[["create", [{"type": "eu_vat", "code": supplier["vat_id"]}]]],
        supplier_payment_term=_get_terms(admin, supplier["terms_days"]),
        supplier_currency=currency,
    )
    _make_account(admin, party, number=supplier["iban"])
    return party


def _make_account(admin: Admin, party: int, *, number: str) -> None:
    """Make the supplier's account; Tryton takes for an IBAN only one of a bank that it knows."""
    for kind in ("iban", "other"):
        try:
            admin.create(
                "bank.account",
                owners=[["add", [party]]],
                numbers=[["create", [{"type": kind, "number": number}]]],
            )
        except RpcError:
            if kind == "other":
                raise
        else:
            return


def _get_terms(admin: Admin, days: int) -> int:
    name = f"{days} days"
    known = admin.find("account.invoice.payment_term", [["name", "=", name]])
    if known:
        return int(known[0]["id"])
    later = {"type": "remainder", "relativedeltas": [["create", [{"days": days}]]]}
    return admin.create("account.invoice.payment_term", name=name, lines=[["create", [later]]])


def _make_products(admin: Admin, orders: Iterable[dict[str, Any]]) -> dict[str, int]:
    unit = admin.get_id("product.uom", [["symbol", "=", "u"]])
    category = admin.create(
        "product.category", name="Goods", accounting=True, account_expense=account(admin, GOODS)
    )
    lines = {line["item"]: line for order in orders for line in order["lines"]}
    return {item: _make_product(admin, line, unit=unit, category=category) for item, line in lines.items()}


def _make_product(admin: Admin, line: dict[str, Any], *, unit: int, category: int) -> int:
    template = admin.create(
        "product.template",
        name=line["description"],
        code=line["item"],
        type="goods",
        default_uom=unit,
        purchasable=True,
        purchase_uom=unit,
        account_category=category,
        products=[["create", [{}]]],
    )
    return admin.get_id("product.product", [["template", "=", template]])


def _make_order(
    admin: Admin, order: dict[str, Any], *, party: int, currency: int, products: dict[str, int]
) -> int:
    unit = admin.get_id("product.uom", [["symbol", "=", "u"]])
    lines: list[dict[str, Any]] = [
        {
            "type": "line",
            "sequence": line["line"],
            "product": products[line["item"]],
            "description": line["description"],
            "quantity": float(line["quantity"]),
            "unit": unit,
            "unit_price": Decimal(line["unit_price"]),
        }
        for line in order["lines"]
    ]
    if contract := order.get("contract"):
        for line, agreed in zip(
            lines, _agree(admin, contract, party=party, lines=lines, order=order), strict=True
        ):
            line["blanket_agreement_line"] = agreed
    purchase = admin.create(
        "purchase.purchase",
        party=party,
        invoice_address=admin.get_id("party.address", [["party", "=", party]]),
        currency=currency,
        purchase_date=order["date"],
        invoice_method="manual",
        lines=[["create", lines]],
    )
    _count_to(admin, ORDERS, order["number"])
    for button in ("quote", "confirm", "process"):
        state = admin.find("purchase.purchase", [["id", "=", purchase]], "state")[0]["state"]
        if state != "processing":
            admin.press("purchase.purchase", button, [purchase])
    return purchase


def _agree(
    admin: Admin, contract: str, *, party: int, lines: list[dict[str, Any]], order: dict[str, Any]
) -> list[int]:
    """Make the blanket agreement that the order's lines are called off from, and return its lines."""
    agreed = [{name: line[name] for name in ("product", "quantity", "unit", "unit_price")} for line in lines]
    agreement = admin.create(
        "purchase.blanket_agreement",
        supplier=party,
        currency=admin.find("currency.currency", [["code", "=", order["currency"]]])[0]["id"],
        from_date=order["date"] - timedelta(days=30),
        lines=[["create", agreed]],
    )
    _count_to(admin, AGREEMENTS, contract)
    admin.press("purchase.blanket_agreement", "run", [agreement])
    made = admin.find("purchase.blanket_agreement.line", [["blanket_agreement", "=", agreement]])
    return [int(line["id"]) for line in made]


def _count_to(admin: Admin, sequence: str, number: str) -> None:
    """Let the sequence give this number next: only a sequence gives numbers in Tryton."""
    prefix = number.rstrip("0123456789")
    digits = number.removeprefix(prefix)
    found = admin.get_id("ir.sequence", [["name", "=", sequence]])
    admin.write("ir.sequence", [found], prefix=prefix, padding=len(digits), number_next=int(digits))


def _receive(admin: Admin, purchase: int, order: dict[str, Any]) -> None:
    """Take in what has come: a shipment of the moves that the order waits for."""
    moves = []
    ordered = admin.find("purchase.line", [["purchase", "=", purchase]], "moves")
    for line, made in zip(order["lines"], ordered, strict=True):
        if Decimal(line["received"]) == 0:
            continue
        admin.write("stock.move", made["moves"], quantity=float(line["received"]))
        moves += made["moves"]
    if not moves:
        return
    supplier = admin.find("purchase.purchase", [["id", "=", purchase]], "party")[0]["party"]
    warehouse = admin.find(
        "stock.location", [["type", "=", "warehouse"]], "input_location", "storage_location"
    )[0]
    shipment = admin.create(
        "stock.shipment.in",
        supplier=supplier,
        warehouse=warehouse["id"],
        warehouse_input=warehouse["input_location"],
        warehouse_storage=warehouse["storage_location"],
        planned_date=order["date"],
        effective_date=order["date"],
        incoming_moves=[["add", moves]],
    )
    for button in ("receive", "do"):
        admin.press("stock.shipment.in", button, [shipment])
