"""Interventions in many cases: each is a transaction of its own, and one that is refused stops no other."""

from dataclasses import dataclass
from uuid import UUID

from server.engine.interventions import Intervention, Outcome, intervene
from server.engine.registry import Registry
from server.errors import ServerError, Unavailable
from server.storage.database import Database


@dataclass(frozen=True)
class Target:
    """A case, and the revision at which the operator saw it, if that matters."""

    case_id: UUID
    expected_revision: int | None = None


@dataclass(frozen=True)
class Result:
    """What became of one case: an outcome, or the problem for which it was refused."""

    case_id: UUID
    outcome: Outcome | None = None
    problem: ServerError | None = None


async def intervene_many(
    database: Database,
    registry: Registry,
    targets: list[Target],
    *,
    intervention: Intervention,
    actor: str,
) -> list[Result]:
    """Do the same to every case, in the given order. When the database goes away, the rest is not tried."""
    results: list[Result] = []
    for target in targets:
        if results and isinstance(gone := results[-1].problem, Unavailable):
            results.append(Result(target.case_id, problem=gone))
            continue
        try:
            outcome = await intervene(
                database,
                registry,
                target.case_id,
                intervention=intervention,
                actor=actor,
                expected_revision=target.expected_revision,
            )
            results.append(Result(target.case_id, outcome))
        except ServerError as problem:
            results.append(Result(target.case_id, problem=problem))
    return results
