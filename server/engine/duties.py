"""Separation of duties: who had a part in one duty at a business object may have none in another.

It holds across cases and time, and is decided in the transaction that commits the intent: of two cases that
do two duties at one object at once, the later one sees the earlier.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

from pydantic import Field

from server.engine.call_values import text_at
from server.engine.policy_tables import PolicyTable, watched_tables
from server.errors import StartRefused
from server.identity.actors import RUNTIME
from server.storage.database import Connection
from server.storage.duties import Object, Part, find_part, insert_duties, list_answerers, lock_objects
from tools.contracts import ToolEntry
from tools.errors import DutiesConflict, NotAllowed
from tools.ports import Call, Verdict
from tools.registry import our_servers

FILE = "duties.toml"

Parts = Mapping[Part, Collection[str]]


class Separation(PolicyTable):
    """One table of duties.toml; the comment at the top of the file says what is what."""

    object: str
    duties: list[str] = Field(min_length=2)
    parts: list[Part] = Field(default=["initiator", "approver"], min_length=1)


class Duties:
    """The separations in force, as the files say now; `policies` is the operator's own folder.

    Raises:
        StartRefused: naming file, table and field.
    """

    def __init__(self, policies: Path | None = None) -> None:
        self._tables = watched_tables(Separation, FILE, policies=policies)

    async def take_up(
        self, connection: Connection, call: Call, verdict: Verdict, *, key: str, case_id: UUID
    ) -> None:
        """Write who has a part in the call, in the transaction that commits its intent.

        Raises:
            DutiesConflict: one of them had a part in a duty that excludes this one.
            NotAllowed: the call does not name its object, or nobody can say what is allowed.
        """
        entry = our_servers()[call.server].tools.get(call.tool) if call.server in our_servers() else None
        if entry is None or entry.duty is None:
            return
        objects = _objects(call, entry)
        parts = await _parts(connection, call, verdict, duty=entry.duty, case_id=case_id)
        for separation in self.separations():
            await _check(connection, call, separation, objects=objects, duty=entry.duty, parts=parts)
        await insert_duties(
            connection,
            key,
            objects=objects,
            duty=entry.duty,
            parts=parts,
            agent=call.caller.agent,
            case_id=case_id,
        )

    def separations(self) -> list[Separation]:
        """Return what excludes what.

        Raises:
            NotAllowed: a file was changed to something that cannot be used.
        """
        try:
            return self._tables.current()
        except StartRefused as error:
            raise NotAllowed(f"nothing is allowed before the duties can be read: {error}") from error


async def _check(
    connection: Connection,
    call: Call,
    separation: Separation,
    *,
    objects: list[Object],
    duty: str,
    parts: Parts,
) -> None:
    concerned = [one for one in objects if one.type == separation.object and one.id is not None]
    if duty not in separation.duties or not concerned:
        return
    await lock_objects(connection, concerned)
    counting: Parts = {part: persons for part, persons in parts.items() if part in separation.parts}
    others = [other for other in separation.duties if other != duty]
    for one in concerned:
        if found := await find_part(connection, one, duties=others, parts=counting):
            raise DutiesConflict(
                f"{call.server}.{call.tool} would let {found.person} have a part in {found.duty} and {duty}"
                f" of {one.type} {one.id}, against {separation.name}: see case {found.case_id},"
                f" {found.at:%F %T %Z}"
            )


async def _parts(
    connection: Connection, call: Call, verdict: Verdict, *, duty: str, case_id: UUID
) -> dict[Part, list[str]]:
    """Say who has a part in the call. The runtime, which starts what a schedule says, is nobody."""
    approvers = await list_answerers(connection, case_id, duty=duty)
    initiator = call.caller.person
    return {
        "initiator": [initiator] if initiator and initiator != RUNTIME else [],
        "approver": sorted({*approvers, *verdict.approved_by}),
    }


def _objects(call: Call, entry: ToolEntry) -> list[Object]:
    return [
        Object(type_, found_at=path.removeprefix("receipt."))
        if path.startswith("receipt.")
        else Object(type_, id=text_at(call, path, why=f"to know whose {entry.duty} this is"))
        for type_, path in entry.objects.items()
    ]
