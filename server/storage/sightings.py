"""What the witnesses of a case answered."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from server.storage.database import Connection
from tools.ports import Sighting

_NOTE = """
    INSERT INTO sightings (case_id, witness, object, value)
    SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[])
    ON CONFLICT (case_id, witness, object) DO UPDATE SET value = EXCLUDED.value, seen_at = EXCLUDED.seen_at
"""
_FIND = """
    SELECT DISTINCT ON (argument) argument, wanted.witness
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::float8[]) WITH ORDINALITY
        AS wanted (argument, witness, object, value, within_s, place)
    JOIN sightings USING (witness, object, value)
    WHERE case_id = %s AND seen_at > now() - make_interval(secs => within_s)
    ORDER BY argument, place
"""


async def note_sightings(connection: Connection, case_id: UUID, seen: Sequence[Sighting]) -> None:
    """Keep what was answered now, in the place of what the same witness said of the same object before."""
    ordered = sorted(seen, key=lambda one: (one.witness, one.object))  # two steps at once do not deadlock
    columns = zip(*((one.witness, one.object, one.value) for one in ordered), strict=True)
    await connection.execute(_NOTE, (case_id, *map(list, columns)))


async def find_witnesses(
    connection: Connection, case_id: UUID, wanted: Mapping[str, Sequence[Sighting]]
) -> dict[str, str]:
    """Return, by argument, the first of its witnesses that answered so, and not too long ago."""
    rows = [
        (argument, one.witness, one.object, one.value, one.within_s)
        for argument, any_of in wanted.items()
        for one in any_of
    ]
    if not rows:
        return {}
    cursor = await connection.execute(_FIND, (*map(list, zip(*rows, strict=True)), case_id))
    return {row["argument"]: row["witness"] for row in await cursor.fetchall()}


async def find_kept_sources(connection: Connection, key: str, *, digest: str) -> dict[str, str] | None:
    """Return the sources that an effect was begun with, unless it certainly did not happen."""
    cursor = await connection.execute(
        "SELECT sources FROM effects WHERE key = %s AND digest = %s AND status <> 'failed'", (key, digest)
    )
    row = await cursor.fetchone()
    return row["sources"] if row else None
