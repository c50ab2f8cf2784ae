"""LangGraph's checkpoints and writes as rows of the tables that langgraph-checkpoint-postgres keeps."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.types import _DeltaSnapshot

Table = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass
class Rows:
    """What one attempt writes at once: rows by primary key, in each table.

    A blob and a write that stand already are left as they are; a checkpoint and a rewrite replace theirs.
    """

    blobs: Table = field(default_factory=dict)
    checkpoints: Table = field(default_factory=dict)
    writes: Table = field(default_factory=dict)
    rewrites: Table = field(default_factory=dict)
    size: int = 0

    def add(self, later: Self) -> None:
        """Add rows as if they were written after these: one statement cannot touch a row twice."""
        self.blobs = later.blobs | self.blobs
        self.checkpoints |= later.checkpoints
        for key, row in later.writes.items():
            if key not in self.rewrites:
                self.writes.setdefault(key, row)
        for key, row in later.rewrites.items():
            self.writes.pop(key, None)
            self.rewrites[key] = row
        self.size += later.size


def rows_of_checkpoint(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    *,
    metadata: CheckpointMetadata,
    versions: ChannelVersions,
    serde: SerializerProtocol,
) -> Rows:
    """Return a checkpoint's row, and a blob for each channel of a new version that is no plain scalar."""
    configurable = config["configurable"]
    place = (configurable["thread_id"], configurable["checkpoint_ns"])
    inline, apart = _split(checkpoint["channel_values"])
    blobs: Table = {
        (*place, channel, str(version)): serde.dumps_typed(apart[channel])
        for channel, version in versions.items()
        if channel in apart
    }
    document = json.dumps({**checkpoint, "channel_values": inline})
    about = json.dumps(get_serializable_checkpoint_metadata(config, metadata))
    row = (configurable.get("checkpoint_id") or "", document, about)
    size = len(document) + len(about) + sum(len(blob) for _, blob in blobs.values())
    return Rows(blobs=blobs, checkpoints={(*place, checkpoint["id"]): row}, size=size)


def _split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what stands in the checkpoint itself from what stands in a blob, as the stock saver does."""
    inline, apart = {}, {}
    for channel, value in values.items():
        if value is None or isinstance(value, str | int | float | bool):
            inline[channel] = value
        else:
            apart[channel] = value
            if isinstance(value, _DeltaSnapshot):
                inline[channel] = True
    return inline, apart


def rows_of_writes(
    config: RunnableConfig,
    writes: Sequence[tuple[str, Any]],
    *,
    task_id: str,
    task_path: str,
    serde: SerializerProtocol,
) -> Rows:
    """Return a row for each write of a task; errors, interrupts and answers replace earlier ones."""
    configurable = config["configurable"]
    place = (configurable["thread_id"], configurable["checkpoint_ns"], configurable["checkpoint_id"], task_id)
    table: Table = {}
    for index, (channel, value) in enumerate(writes):
        kind, blob = serde.dumps_typed(value)
        table[(*place, WRITES_IDX_MAP.get(channel, index))] = (task_path, channel, kind, blob)
    size = sum(len(row[-1]) for row in table.values())
    if all(channel in WRITES_IDX_MAP for channel, _ in writes):
        return Rows(rewrites=table, size=size)
    return Rows(writes=table, size=size)
