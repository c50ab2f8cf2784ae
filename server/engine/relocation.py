"""One waiting case taken to another version of its process, or back, in the caller's transaction."""

from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from server.engine.continuity import pending_steps
from server.engine.detour import DETOUR, detour
from server.engine.migration_plan import (
    Plan,
    refusal_of,
    steps_after,
    writes_of,
)
from server.engine.registry import Process
from server.errors import ServerError
from server.storage.audit import append_entry
from server.storage.case_migrations import MigratedCase, Migration, record_move
from server.storage.cases import Case, set_status
from server.storage.checkpoints import saver_on
from server.storage.database import Connection
from server.storage.heads import delete_head, is_inside_a_step, read_heads
from server.storage.incidents import resolve_incident
from server.storage.interventions import restore_reviews, withdraw_reviews
from server.storage.runs import cancel_retry, enqueue_run, has_active_run
from server.storage.timers import list_timers
from server.storage.versions import repin_case


class StaysAsItIs(ServerError):
    """The case is left alone; the message says why."""

    code = "stays_as_it_is"


async def find_movable(
    connection: Connection, case: Case, *, process: Process, from_version: str, plan: Plan
) -> CheckpointTuple:
    """Return the checkpoint at which a case waits that this plan fits; the case is held until the commit.

    Raises:
        StaysAsItIs: the case does not wait under the old version, or cannot go on like this under the new.
    """
    if (case.status, case.version) != ("waiting", from_version):
        raise StaysAsItIs(f"it is {case.status}, of version {case.version}")
    head = (await read_heads(connection, [case.id])).get(case.id)
    if head is None:
        raise StaysAsItIs("it has not begun")
    if await has_active_run(connection, case.id):
        raise StaysAsItIs("a run of it waits already")
    if any(timer.status == "set" for timer in await list_timers(connection, case.id)):
        raise StaysAsItIs("it waits for a time")
    if await is_inside_a_step(connection, case.id, steps=pending_steps(head)):
        raise StaysAsItIs("it waits inside a graph that is a step of its own")
    if refusal := refusal_of(plan, process, head):
        raise StaysAsItIs(refusal)
    return head


async def move_case(
    connection: Connection, case: Case, *, process: Process, migration: Migration, moved: MigratedCase
) -> None:
    """Write the checkpoint at which the case goes on under the new version, and let its step run anew.

    The step opens its review again, as the new version asks it; the old review is withdrawn, for its answer
    would find no interrupt.

    Raises:
        StaysAsItIs: the case does not wait under the old version, or cannot go on like this under the new.
    """
    plan = Plan.model_validate(migration.plan)
    head = await find_movable(
        connection, case, process=process, from_version=migration.from_version, plan=plan
    )
    tables = await repin_case(connection, case.id, version=process.version, tables=process.outline["tables"])
    after = await _write_checkpoint(connection, case.id, process=process, plan=plan, head=head)
    reviews = await withdraw_reviews(connection, case.id)
    await set_status(connection, case.id, status="running")
    await enqueue_run(connection, case.id, kind="retry")
    before = head.config["configurable"]["checkpoint_id"]
    await record_move(
        connection, moved, status="moved", before=before, after=after, reviews=reviews, tables=tables
    )
    await _audit(connection, "case_migrated", migration=migration, moved=moved, reviews=reviews)


async def put_case_back(
    connection: Connection, case: Case, *, migration: Migration, moved: MigratedCase
) -> None:
    """Make the checkpoint before the move the newest again, and open the reviews that were withdrawn.

    Raises:
        StaysAsItIs: the case has gone on since.
    """
    if case.version != migration.to_version or moved.after is None:
        raise StaysAsItIs(f"it is of version {case.version} by now")
    await cancel_retry(connection, case.id)
    head = (await read_heads(connection, [case.id])).get(case.id)
    if head is None or head.config["configurable"]["checkpoint_id"] != moved.after:
        raise StaysAsItIs("it has gone on since")
    if await has_active_run(connection, case.id) or case.status not in {"running", "waiting", "incident"}:
        raise StaysAsItIs(f"it is {case.status}, with a run under way or an answer given")
    await delete_head(connection, case.id, checkpoint=moved.after)
    await withdraw_reviews(connection, case.id)
    await restore_reviews(connection, moved.reviews)
    await resolve_incident(connection, case.id, actor=moved.changed_by, how="migration_undone", reason=None)
    await repin_case(connection, case.id, version=migration.from_version, tables=moved.tables)
    await set_status(connection, case.id, status="waiting")
    await record_move(connection, moved, status="undone")
    await _audit(connection, "case_migration_undone", migration=migration, moved=moved, reviews=moved.reviews)


async def _write_checkpoint(
    connection: Connection, case_id: UUID, *, process: Process, plan: Plan, head: CheckpointTuple
) -> str:
    """Write, by LangGraph's own means, the state after the move; return the checkpoint's id."""
    steps = steps_after(plan, head)
    graph = detour(process, steps).copy(update={"checkpointer": saver_on(connection)})
    config: RunnableConfig = {"configurable": {"thread_id": str(case_id), "checkpoint_ns": ""}}
    written = await graph.aupdate_state(config, writes_of(plan, process, head), as_node=DETOUR)
    tasks = (await graph.aget_state(written)).tasks
    if sorted(task.name for task in tasks) != sorted(steps):
        raise StaysAsItIs(f"it would go on at {sorted(task.name for task in tasks)}, not at {sorted(steps)}")
    after: str = written["configurable"]["checkpoint_id"]
    return after


async def _audit(
    connection: Connection, action: str, *, migration: Migration, moved: MigratedCase, reviews: list[UUID]
) -> None:
    await append_entry(
        connection,
        moved.changed_by,
        action=action,
        object_=f"case/{moved.case_id}",
        case_id=moved.case_id,
        migration=str(migration.id),
        before=migration.from_version,
        after=migration.to_version,
        reviews=[str(review) for review in reviews],
    )
