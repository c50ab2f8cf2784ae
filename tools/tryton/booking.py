"""The booking of a supplier's document in Tryton: one posted invoice for each key.

A draft carries the key before anything is posted, and only whoever is alone posts. So a try that died
half-way is found by the next one, which goes on from where it stands; should two drafts have come to be, one
is posted and the other deleted.
"""

from tools.erp.answers import Booking
from tools.erp.refusals import BookingRefused
from tools.erp.request import Request
from tools.tryton.claims import Claims
from tools.tryton.client import Client, Record, TrytonRefused, patiently
from tools.tryton.documents import BOOKING, amount_of, of_key
from tools.tryton.drafting import draft
from tools.tryton.orders import BOOKED
from tools.tryton.settings import Settings

DONE = [state for state in BOOKED if state != "validated"]


def book_invoice(
    tryton: Client, claims: Claims, request: Request, *, key: str, settings: Settings
) -> Booking:
    """Book a supplier's document once: a repeat with the same key returns the first entry.

    Raises:
        KeyConflict: the key was used for another request.
    """
    with claims.alone():
        earlier = claims.claim(key, request.digest())
        if earlier is not None:
            return Booking.model_validate_json(earlier).model_copy(update={"repeated": True})
        try:
            booking = patiently(lambda: _book(tryton, request, key=key, settings=settings))
        except BookingRefused as refused:
            claims.give_back(key)
            return Booking(status="refused", code=refused.code, message=str(refused))
        claims.keep(key, booking)
        return booking


def _book(tryton: Client, request: Request, *, key: str, settings: Settings) -> Booking:
    made = of_key(tryton, key)
    if not made:
        _draft(tryton, request, key=key, settings=settings)
        made = of_key(tryton, key)
    document = next((one for one in made if one["state"] in DONE), made[0])
    if document["state"] not in DONE:
        document = _post(tryton, document, key=key)
    for other in made:
        if other["id"] != document["id"] and other["state"] == "draft":
            tryton.delete("account.invoice", other["id"])
    return Booking(
        status="booked",
        entry=document["number"],
        posted_at=document["move."]["post_date"].isoformat(),
        total=str(amount_of(document)),
        currency=document["currency."]["code"],
    )


def _draft(tryton: Client, request: Request, *, key: str, settings: Settings) -> None:
    """Draft the document; what Tryton itself refuses is refused in its words."""
    try:
        tryton.create("account.invoice", draft(tryton, request, comment=BOOKING + key, settings=settings))
    except TrytonRefused as refused:
        raise BookingRefused("unbookable", str(refused)) from refused


def _post(tryton: Client, document: Record, *, key: str) -> Record:
    """Post a draft. Tryton's warnings are for people at a screen; what they warn of was checked before."""
    refusal = None
    try:
        tryton.press("account.invoice", document["id"], "post", _skip_warnings=True)
    except TrytonRefused as refused:
        refusal = refused
    now = next(one for one in of_key(tryton, key) if one["id"] == document["id"])
    if now["state"] in DONE:
        return now
    tryton.delete("account.invoice", document["id"])
    raise BookingRefused("unbookable", str(refusal))
