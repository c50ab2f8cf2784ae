"""The command about quotas: how much of each is used."""

from typing import Annotated

import typer

from server.cli.api import DEFAULT_URL
from server.cli.operator_api import OperatorApi
from server.cli.options import Json, Limit, Url
from server.cli.tables import Grid, present
from server.http.quota_models import QuotaUse

_HEADINGS = ("quota", "of", "used", "in flight", "limit", "until")


def quotas(
    quota: Annotated[str | None, typer.Argument(help="Only this quota.")] = None,
    *,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List what tools have used of the quotas, lately changed first."""
    with OperatorApi(url) as api:
        page = api.list_quotas(limit=limit, quota=quota)
        present(page, [Grid([_row(use) for use in page.items], _HEADINGS)], as_json=as_json)


def _row(use: QuotaUse) -> tuple[str, ...]:
    return (
        use.quota,
        ", ".join(f"{name} {value}" for name, value in use.subject.items()) or "all",
        f"{use.used:f}",
        f"{use.in_flight:f}",
        "none" if use.limit is None else f"{use.limit:f}",
        f"{use.ends_at:%Y-%m-%d %H:%M}"
        if use.ends_at
        else {"24h": "24 hours after", "ever": "ever"}[use.window],
    )
