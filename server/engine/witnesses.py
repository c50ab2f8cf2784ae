"""What the witnesses of a case answered, kept under the fence, and asked of the database at the act."""

from collections.abc import Mapping, Sequence

from server.identity.actors import RUNTIME
from server.storage.audit import append_entry
from server.storage.database import Database
from server.storage.runs import Claim, assert_current
from server.storage.sightings import find_kept_sources, find_witnesses, note_sightings
from tools.ports import UNASKED, Call, Sighting


class CaseWitnesses:
    """The witnesses of one attempt's case; a superseded attempt notes nothing."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database = database
        self._claim = claim

    async def note(self, seen: Sequence[Sighting]) -> None:
        """See `tools.ports.Witnesses`."""
        async with self._database.pipeline() as connection:
            await assert_current(connection, self._claim)
            await note_sightings(connection, self._claim.case_id, seen)

    async def find(self, call: Call, wanted: Mapping[str, Sequence[Sighting]]) -> Mapping[str, str]:
        """See `tools.ports.Witnesses`. An argument without one is an audit entry: somebody tried."""
        async with self._database.transaction() as connection:
            if call.key:
                kept = await find_kept_sources(connection, call.key, digest=call.digest)
                if kept is not None:
                    return {path: kept.get(path, UNASKED) for path in wanted}
            found = await find_witnesses(connection, self._claim.case_id, wanted)
            if missing := sorted(wanted.keys() - found.keys()):
                await append_entry(
                    connection,
                    RUNTIME,
                    action="source_unknown",
                    object_=f"case/{self._claim.case_id}",
                    case_id=self._claim.case_id,
                    tool=f"{call.server}.{call.tool}",
                    arguments=list(missing),
                    digest=call.digest,
                    agent=call.caller.agent,
                )
        return found
