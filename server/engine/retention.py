"""Old checkpoints go, a few at a time, while nobody waits for it."""

import asyncio

import structlog

from server.errors import Unavailable
from server.storage.database import Database
from server.storage.retention import BATCH, prune_ended

log = structlog.get_logger()

EVERY_S = 60.0


async def keep_pruning(database: Database, *, keep_days: int) -> None:
    """Prune what is due, once a minute, until cancelled."""
    while True:
        try:
            while await prune_ended(database, keep_days=keep_days) == BATCH:
                pass
        except Unavailable:
            log.warning("pruning_put_off")
        except Exception:
            log.exception("pruning_failed")
        await asyncio.sleep(EVERY_S)
