"""The newest checkpoint of a run, kept in memory: while an attempt owns its case, nobody else changes it."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg.rows import DictRow

from server.storage.saver_rows import Rows, Table

_WHOLE = 4  # from this format on, a checkpoint's own row and blobs say everything


@dataclass
class Head:
    """The newest checkpoint in the root namespace of a thread, as rows; without an id there is none yet."""

    thread_id: str
    checkpoint_id: str = ""
    parent_id: str = ""
    document: str = "{}"
    metadata: str = "{}"
    blobs: dict[str, tuple[str, str, bytes]] = field(
        default_factory=dict
    )  # by channel, each with its version
    writes: dict[tuple[str, int], tuple[Any, ...]] = field(default_factory=dict)  # by task and index

    @classmethod
    def of_row(cls, thread_id: str, row: DictRow | None) -> Self | None:
        """Return what a row of the stock saver's `SELECT_SQL` says; None if it does not say everything."""
        if row is None:
            return cls(thread_id)
        document = row["checkpoint"]
        if document["v"] < _WHOLE:
            return None
        versions = document["channel_versions"]
        return cls(
            thread_id,
            row["checkpoint_id"],
            row["parent_checkpoint_id"] or "",
            json.dumps(document),
            json.dumps(row["metadata"]),
            {
                (name := channel.decode()): (str(versions[name]), kind.decode(), blob)
                for channel, kind, blob in row["channel_values"] or ()
            },
            {
                (task_id.decode(), int(index)): (path.decode(), channel.decode(), kind.decode(), blob)
                for task_id, channel, kind, blob, path, index in row["pending_writes"] or ()
            },
        )

    def after(self, rows: Rows) -> Self | None:
        """Return the head once the rows are written; None if they branch off from an earlier checkpoint."""
        for (thread_id, namespace, id_), (parent_id, document, metadata) in rows.checkpoints.items():
            if (thread_id, namespace) != (self.thread_id, ""):
                return self
            if parent_id != self.checkpoint_id:
                return None
            self.checkpoint_id, self.parent_id, self.writes = id_, parent_id, {}
            self.document, self.metadata = document, metadata
        for (*_, channel, version), (kind, blob) in rows.blobs.items():
            self.blobs[channel] = (version, kind, blob)
        self.writes = self._here(rows.writes) | self.writes | self._here(rows.rewrites)
        return self

    def _here(self, table: Table) -> dict[tuple[str, int], tuple[Any, ...]]:
        """Return those of the writes that belong to this checkpoint, by task and index."""
        place = (self.thread_id, "", self.checkpoint_id)
        return {(key[3], key[4]): row for key, row in table.items() if key[:3] == place}

    def round(self) -> int | None:
        """Return the number of the round after which the case stands; None if it has not begun."""
        return int(json.loads(self.metadata)["step"]) if self.checkpoint_id else None

    def load(self, serde: SerializerProtocol) -> CheckpointTuple | None:
        """Return it as LangGraph reads it, made anew each time, for LangGraph changes what it has read."""
        if not self.checkpoint_id:
            return None
        document = json.loads(self.document)
        versions = document["channel_versions"]
        document["channel_values"] |= {
            channel: serde.loads_typed((kind, blob))
            for channel, (version, kind, blob) in self.blobs.items()
            if version == str(versions.get(channel))
        }
        writes = sorted(
            (path, *key, channel, (kind, blob)) for key, (path, channel, kind, blob) in self.writes.items()
        )
        return CheckpointTuple(
            self._config(self.checkpoint_id),
            document,
            json.loads(self.metadata),
            self._config(self.parent_id) if self.parent_id else None,
            [(task_id, channel, serde.loads_typed(value)) for _, task_id, _, channel, value in writes],
        )

    def _config(self, checkpoint_id: str) -> Any:
        place = {"thread_id": self.thread_id, "checkpoint_ns": "", "checkpoint_id": checkpoint_id}
        return {"configurable": place}
