"""Print what Tryton's books hold, read with its client library: runs in Tryton's environment, not in ours."""

import json
import sys

from proteus import Model, config

config.set_trytond(sys.argv[1], config_file=sys.argv[2])

documents = [
    {
        "number": document.number,
        "reference": document.reference,
        "supplier": document.party.code,
        "state": document.state,
        "total": str(document.total_amount),
        "currency": document.currency.code,
        "key": (document.comment or "").removeprefix("steward-booking:"),
        "due": [str(line.maturity_date) for line in document.lines_to_pay],
        "posted": document.move is not None and document.move.state == "posted",
    }
    for document in Model.get("account.invoice").find([("type", "=", "in")], order=[("id", "ASC")])
]
payments = [
    {
        "number": payment.number,
        "supplier": payment.party.code,
        "state": payment.state,
        "amount": str(payment.amount),
        "date": str(payment.date),
        "invoice": payment.reference,
    }
    for payment in Model.get("account.payment").find([], order=[("id", "ASC")])
]
sys.stdout.write(json.dumps({"documents": documents, "payments": payments}))
