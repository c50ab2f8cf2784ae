"""Ids as people type them: whole, or so much of the beginning as tells it from the others."""

from collections.abc import Callable, Iterable
from uuid import UUID

from server.cli.api import Api
from server.errors import BadRequest, NotFound

SEARCHED = 200  # the newest rows among which an abbreviation is looked up


def full_id(text: str, *, among: Callable[[], Iterable[UUID]]) -> UUID:
    """Return the id that the text is, or begins; `among` is asked only for an abbreviation.

    Raises:
        NotFound: no id begins like this.
        BadRequest: several do; the message lists them.
    """
    try:
        return UUID(text)
    except ValueError:
        return _complete(text, among=among())


def case_ids(api: Api) -> Iterable[UUID]:
    """Give the ids of the newest cases, to look an abbreviation up."""
    return (case.id for case in api.list_cases(limit=SEARCHED).items)


def review_ids(api: Api) -> Iterable[UUID]:
    """Give the ids of the newest reviews of every status, to look an abbreviation up."""
    return (review.id for review in api.list_all_reviews(limit=SEARCHED).items)


def _complete(text: str, *, among: Iterable[UUID]) -> UUID:
    found = sorted({id_ for id_ in among if str(id_).startswith(text.lower())})
    if not found:
        raise NotFound(f"no id of the newest {SEARCHED} begins with {text!r}")
    if len(found) > 1:
        raise BadRequest(f"{text!r} begins {len(found)} ids: {', '.join(map(str, found))}", field="id")
    return found[0]
