"""The LangGraph store that a process reads documents from."""

import asyncio
import base64
from collections.abc import Iterable

from langgraph.store.base import BaseStore, GetOp, Item, Op, Result

from server.errors import ServerError
from server.storage.database import Database
from server.storage.documents import find_document

NAMESPACE = ("documents",)


class StoreOperationRefused(ServerError):
    """The document store is read-only for processes and knows one namespace."""

    code = "store_operation_refused"


class DocumentStore(BaseStore):
    """Documents of the host as items `{"name", "media_type", "content"}`, the content in base64.

    Through LangGraph's own store a process finds its documents in any host.
    """

    supports_ttl = False

    def __init__(self, database: Database) -> None:
        self._database = database

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        raise StoreOperationRefused("the document store answers asynchronous steps only")

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return list(await asyncio.gather(*(self._get(op) for op in ops)))

    async def _get(self, op: Op) -> Item | None:
        if not isinstance(op, GetOp) or op.namespace != NAMESPACE:
            raise StoreOperationRefused(f"the document store only reads {NAMESPACE}, not {op}")
        async with self._database.transaction() as connection:
            document = await find_document(connection, op.key)
        if document is None:
            return None
        return Item(
            value={
                "name": document.name,
                "media_type": document.media_type,
                "content": base64.b64encode(document.content).decode(),
            },
            key=op.key,
            namespace=NAMESPACE,
            created_at=document.created_at,
            updated_at=document.created_at,
        )
