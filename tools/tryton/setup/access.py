"""Who may do what: the user that our server speaks as, and what its group may."""

from tools.tryton.setup.rpc import Admin

LOGIN = "steward"
# What is read, and what is read and written. All else is closed, by name: to a model that no rule of access
# names, Tryton lets everybody. The buttons that post an invoice and submit a payment need the right to write
# it; approving a payment needs a group that this user is not in.
READ = {
    "account.account",
    "account.account.type",
    "account.configuration",
    "account.fiscalyear",
    "account.invoice.payment_term",
    "account.invoice.payment_term.line",
    "account.invoice.payment_term.line.delta",
    "account.journal",
    "account.move",
    "account.move.line",
    "account.payment.journal",
    "account.period",
    "account.tax",
    "bank.account",
    "bank.account.number",
    "company.company",
    "country.country",
    "currency.currency",
    "currency.currency.rate",
    "ir.attachment",
    "party.address",
    "party.identifier",
    "party.party",
    "product.category",
    "product.product",
    "product.template",
    "product.uom",
    "purchase.blanket_agreement",
    "purchase.blanket_agreement.line",
    "purchase.line",
    "purchase.purchase",
    "stock.location",
    "stock.move",
}
WRITE = {"account.invoice", "account.invoice.line", "account.invoice.tax", "account.payment", "ir.note"}


def make_user(admin: Admin) -> str:
    """Make the user and the only key it has, and return the key."""
    group = admin.create("res.group", name="Steward")
    models = [one["name"] for one in admin.find("ir.model", [], "name")]
    admin.call("model.ir.model.access.create", [_access(model, group=group) for model in models])
    company = admin.context["company"]
    user = admin.create(
        "res.user",
        name="Steward",
        login=LOGIN,
        groups=[["add", [group]]],
        companies=[["add", [company]]],
        company=company,
    )
    application = admin.create("res.user.application", user=user, application="rest")
    return str(admin.find("res.user.application", [["id", "=", application]], "key")[0]["key"])


def _access(model: str, *, group: int) -> dict[str, object]:
    may_write = model in WRITE
    return {
        "model": model,
        "group": group,
        "perm_read": may_write or model in READ,
        "perm_write": may_write,
        "perm_create": may_write,
        "perm_delete": may_write,
    }
