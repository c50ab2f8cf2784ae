"""What the routes need: the host's parts and the caller."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from server.engine.backlog import Backlog
from server.engine.quotas import Quotas
from server.engine.registry import Registry
from server.engine.rulebook import TableTexts
from server.engine.watch import CaseWatch
from server.identity.actors import ACTOR_HEADER, actor_of
from server.policies.loading import Policies
from server.settings import Settings
from server.storage.database import Database


@dataclass(frozen=True)
class Host:
    """The parts that one application instance works with."""

    database: Database
    registry: Registry
    settings: Settings
    watch: CaseWatch
    backlog: Backlog
    texts: TableTexts
    policies: Policies
    quotas: Quotas


async def _host(request: Request) -> Host:
    host: Host = request.app.state.host
    return host


async def _actor(name: Annotated[str | None, Header(alias=ACTOR_HEADER)] = None) -> str:
    return actor_of(name)


# PostgreSQL keeps no NUL in text.
Word = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Limit = Annotated[int, Query(ge=1, le=200)]
WaitS = Annotated[
    float, Query(ge=0, le=60, description="how long to wait for a case that runs to come to rest, in seconds")
]
HostPart = Annotated[Host, Depends(_host)]
Actor = Annotated[str, Depends(_actor)]
