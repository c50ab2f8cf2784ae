"""The limits of a case while it runs: where LangGraph's loop is stopped, and under which name."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.types import ERROR, INTERRUPT, TASKS
from langgraph.errors import GraphRecursionError, NodeTimeoutError
from langgraph.runtime import RunControl
from langgraph.types import Interrupt

from server.engine.limits import Limits
from server.engine.plain_json import NotPlain, TooManyBytes, check_plain
from server.engine.registry import Graph
from server.errors import (
    CaseSuperstepLimit,
    FanOutLimit,
    RecursionLimit,
    ServerError,
    StateLimit,
    StateNotStorable,
    StepDeadline,
)
from server.storage.database import Database
from server.storage.saver import FencedSaver


async def stream_within(
    limits: Limits,
    graph: Graph,
    input_: Any,
    *,
    taken: int | None,
    config: RunnableConfig,
    control: RunControl,
) -> None:
    """Stream the graph until the case rests, for the rounds that are left after `taken`; None is not begun.

    Raises:
        RecursionLimit: it would take more rounds than one run may.
        CaseSuperstepLimit: it would take more than the case has left.
        StepDeadline: a step did not end in time.
    """
    left = limits.case_supersteps - max(0, taken or 0)
    limit = _limit_of(limits, left=left)
    if left <= 0:
        raise limit
    rounds = min(limits.supersteps, left)
    # LangGraph counts the input as a round, and lets a run that resumes take two more than it says.
    recursion_limit = rounds if taken is None else max(1, rounds - 2)
    bounded: RunnableConfig = {**config, "recursion_limit": recursion_limit}
    stream = graph.astream(input_, bounded, stream_mode="updates", durability="sync", control=control)
    try:
        async for _ in stream:
            pass
    except GraphRecursionError as error:
        # It stops after the last round without a look at whether anything is left to do.
        if (await graph.aget_state(config)).tasks:
            raise limit from error
    except NodeTimeoutError as error:
        raise StepDeadline(f"it did not end within {error.timeout:g} s", step=error.node) from error


def _limit_of(limits: Limits, *, left: int) -> ServerError:
    if left <= limits.supersteps:
        return CaseSuperstepLimit(f"the case has taken the {limits.case_supersteps:,} rounds that it may")
    return RecursionLimit(f"the run has taken the {limits.supersteps:,} rounds that it may")


class BoundedSaver(FencedSaver):
    """The fenced saver, which refuses what the process's limits do not allow before anything is written.

    LangGraph waits for the checkpoint before it begins the next round, but not for a step's writes. So a
    refusal of writes is remembered, and refuses the checkpoint too.

    What a run has written says how it came to rest: `values` is the state after its last round, and
    `interrupts` what its steps have asked since.
    """

    def __init__(self, database: Database, *, case_id: UUID, attempt: int, limits: Limits) -> None:
        super().__init__(database, case_id=case_id, attempt=attempt)
        self._limits = limits
        self._refusal: ServerError | None = None
        self._sizes: dict[tuple[str, str], int] = {}  # bytes by namespace and channel
        self._sent: dict[str, list[str]] = {}  # names of the steps sent out last, by namespace
        self._asked: dict[str, list[Interrupt]] = {}  # by task
        self.values: dict[str, Any] = {}

    @property
    def interrupts(self) -> list[Interrupt]:
        return [interrupt for asked in self._asked.values() for interrupt in asked]

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a step returned, if it may be.

        Raises:
            StateNotStorable: naming the step and the field.
            StateLimit, FanOutLimit: naming the step.
        """
        try:
            self._check_writes(writes, step=self._step_of(task_path, config["configurable"]["checkpoint_ns"]))
        except ServerError as error:
            self._refusal = error
            raise
        await super().aput_writes(config, writes, task_id, task_path)
        asked = [one for channel, value in writes if channel == INTERRUPT for one in value]
        if asked and not config["configurable"]["checkpoint_ns"]:
            self._asked[task_id] = asked

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep the state after a round, if it may be; the next round begins only then.

        Raises:
            StateNotStorable, StateLimit, FanOutLimit: the limit that the round passed.
        """
        if self._refusal is not None:
            raise self._refusal
        self._check_checkpoint(checkpoint, new_versions, namespace=config["configurable"]["checkpoint_ns"])
        after = await super().aput(config, checkpoint, metadata, new_versions)
        if not config["configurable"]["checkpoint_ns"]:
            self.values, self._asked = checkpoint["channel_values"], {}
        return after

    def _check_writes(self, writes: Sequence[tuple[str, Any]], *, step: str) -> None:
        self._check_fan_out(sum(channel == TASKS for channel, _ in writes), step=step)
        sizes = [self._measure(channel, value, step=step) for channel, value in writes if channel != ERROR]
        self._check_size(sum(sizes), step=step)

    def _check_checkpoint(
        self, checkpoint: Checkpoint, new_versions: ChannelVersions, *, namespace: str
    ) -> None:
        values = checkpoint["channel_values"]
        self._sent[namespace] = [packet.node for packet in values.get(TASKS, ())]
        self._check_fan_out(len(self._sent[namespace]))
        for channel, value in values.items():
            if channel in new_versions or (namespace, channel) not in self._sizes:
                self._sizes[namespace, channel] = self._measure(channel, value)
        self._check_size(sum(self._sizes[namespace, channel] for channel in values))

    def _check_fan_out(self, count: int, *, step: str | None = None) -> None:
        if count > (limit := self._limits.fan_out):
            raise FanOutLimit(f"{count:,} steps are sent out in one round; the limit is {limit:,}", step=step)

    def _check_size(self, size: int, *, step: str | None = None) -> None:
        if size > (limit := self._limits.state_bytes):
            what = "the state" if step is None else f"what step {step} returned"
            raise StateLimit(f"{what} has {size:,} bytes; the limit is {limit:,}", step=step)

    def _measure(self, channel: str, value: Any, *, step: str | None = None) -> int:
        if value is None:  # most are: the marks that lead to the next step
            return 0
        where = "the state" if step is None else f"what step {step} returned"
        field = {TASKS: "Send", INTERRUPT: "interrupt"}.get(channel, channel)
        try:
            return check_plain(value, max_bytes=self._limits.state_bytes)
        except TooManyBytes as error:
            raise StateLimit(f"{where} has in {field} {error.reason}", field=field, step=step) from error
        except NotPlain as error:
            path = ".".join((field, *error.path))
            raise StateNotStorable(f"{where} has in {path} {error.reason}", field=path, step=step) from error

    def _step_of(self, path: str, namespace: str) -> str:
        """Read a step's name off LangGraph's task path; of one sent out it gives the place in the round."""
        kind, _, rest = path.removeprefix("~").partition(", ")
        if kind != "__pregel_push":
            return rest
        place = int(rest.partition(",")[0])
        sent = self._sent.get(namespace, [])
        return sent[place] if place < len(sent) else "sent out"
