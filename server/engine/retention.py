"""Old checkpoints go, a few at a time, while nobody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from server.errors import Unavailable
from server.storage.database import Database
from server.storage.retention import BATCH, prune_ended, prune_waiting

log = structlog.get_logger()

EVERY_S = 60.0


async def keep_pruning(database: Database, *, ended_days: int, waiting_days: int) -> None:
    """Prune what is due, once a minute, until cancelled."""
    while True:
        await _prune(partial(prune_ended, database, keep_days=ended_days))
        await _prune(partial(prune_waiting, database, keep_days=waiting_days))
        await asyncio.sleep(EVERY_S)


async def _prune(batch: Callable[[], Awaitable[int]]) -> None:
    """Prune batch after batch until one is not full; what goes wrong waits for the next minute."""
    try:
        while await batch() == BATCH:
            pass
    except Unavailable:
        log.warning("pruning_put_off")
    except Exception:
        log.exception("pruning_failed")
