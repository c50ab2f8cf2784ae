"""The outcome of an effect that happened, and what it makes of its quotas and duties."""

from typing import Any

from server.storage.database import Connection
from server.storage.duties import delete_duties
from server.storage.effects import finish_effect
from server.storage.quotas import release_quotas
from tools.registry import our_servers


async def write_done(connection: Connection, key: str, *, receipt: dict[str, Any], by: str) -> None:
    """Write that an effect happened.

    What it takes back gives back its quotas. An answer that left nothing there, as servers.toml says of its
    server's record, takes none, and is nobody's duty.
    """
    finished = await finish_effect(connection, key, receipt=receipt, by=by)
    if finished.undone is not None:
        await release_quotas(connection, finished.undone)
    if _left_nothing(finished.server, receipt):
        await release_quotas(connection, key)
        await delete_duties(connection, key)


def _left_nothing(server: str, receipt: dict[str, Any]) -> bool:
    entry = our_servers().get(server)
    return entry is not None and entry.record is not None and not entry.record.lists(receipt)
