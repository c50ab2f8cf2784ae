"""Running one claimed run: stream the graph, then write how it ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained, is_invalid_resume
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot

from nodes import ports
from server.engine.bounds import BoundedSaver, stream_within
from server.engine.duties import Duties
from server.engine.guard import HostGuard, caller_of
from server.engine.incidents import cause_of, open_incident
from server.engine.interrupts import set_waits, sort_interrupts
from server.engine.ledger import PostgresLedger
from server.engine.quotas import Quotas
from server.engine.registry import Graph, Registry
from server.engine.rest import Rest
from server.engine.rulebook import CaseRulebook, TableTexts
from server.engine.witnesses import CaseWitnesses
from server.errors import AttemptSuperseded, ServerError, StepDeadline, Stopped, Unavailable
from server.failpoints import pass_point
from server.identity.actors import RUNTIME
from server.policies.loading import Policies
from server.storage.admission import admit_next
from server.storage.cases import set_status
from server.storage.database import Connection, Database
from server.storage.rests import record_rest
from server.storage.runs import (
    Claim,
    assert_current,
    cancel_waiting_runs,
    claim_run,
    fail_run,
    requeue_run,
    shut_out,
)
from server.storage.stops import hold_run, hold_unclaimed_run, list_halted
from tools.ports import install

log = structlog.get_logger()


class Runner:
    """Runs what the queue hands out. `control` drains every run under way when the worker stops."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        *,
        own_policies: Path | None = None,
        policies: Policies | None = None,
    ) -> None:
        self._database = database
        self._registry = registry
        self._policies = policies or Policies(own_policies)
        self._quotas, self._duties = Quotas(own_policies), Duties(own_policies)
        self._texts = TableTexts(database)
        self._controls: dict[UUID, RunControl] = {}
        self._draining = False

    def drain(self) -> None:
        """Let every run under way, and every one that still begins, stop after its present step."""
        self._draining = True
        for control in self._controls.values():
            control.request_drain()

    async def halt(self) -> None:
        """Let runs that are stopped, suspended or cancelled end after their present step."""
        if self._controls:
            async with self._database.connection() as connection:
                for run_id in await list_halted(connection, self._controls.keys()):
                    if control := self._controls.get(run_id):
                        control.request_drain()

    async def run(self, run_id: UUID, *, worker: int) -> None:
        """Claim the run and bring it to its next rest: a review or a wait, an end, an incident.

        What goes wrong is written to the case; what cannot be written is left to the worker, which puts back
        every run of its own that it no longer executes.
        """
        pass_point("claim_before_commit")
        async with self._database.connection() as connection:
            claim = await claim_run(connection, run_id, worker=worker)
            if claim is None:
                await hold_unclaimed_run(connection, run_id)
        pass_point("claim_after_commit")
        if claim is None:
            return
        with structlog.contextvars.bound_contextvars(case_id=str(claim.case_id), attempt=claim.attempt):
            await self._run_claim(claim)

    async def _run_claim(self, claim: Claim) -> None:
        log.debug("run_claimed", process=claim.process, run_id=str(claim.run_id))
        if not self._registry.has(claim.process, version=claim.version):
            log.warning("run_of_another_version", version=claim.version)
            await self._put_back(claim)
            return
        try:
            await self._settle(claim, await self._stream(claim))
        except AttemptSuperseded:
            log.warning("attempt_superseded")
        except (Unavailable, GraphDrained, Stopped) as stop:
            log.warning("run_put_back", reason=type(stop).__name__)
            await self._put_back(claim, stop=stop.stop if isinstance(stop, Stopped) else None)
        except Exception as error:
            log.exception("run_failed")
            await self._open_incident(claim, error)

    async def _stream(self, claim: Claim) -> Rest:
        """Stream the graph from where the case stands until it comes to rest."""
        saver = self._saver_of(claim)
        graph, answers = self._graph_of(claim, saver), claim.resume or {}
        values: Mapping[str, Any] = {}
        taken = await saver.last_round()
        if taken is not None and not claim.fresh:
            state = await graph.aget_state(_config_of(claim))
            open_ids = {interrupt.id for task in state.tasks for interrupt in task.interrupts}
            answers = {id_: answer for id_, answer in answers.items() if id_ in open_ids}
            if not _needs_run(claim, state, answers=answers):
                return Rest.of(state)
            values = state.values  # an operator may have edited them
        input_: Any = claim.input if taken is None else Command(resume=answers) if answers else None
        await self._stream_to_rest(claim, graph, input_, taken=taken)
        return Rest(saver.interrupts, saver.values or values)

    async def _stream_to_rest(self, claim: Claim, graph: Graph, input_: Any, *, taken: int | None) -> None:
        control = RunControl()
        self._controls[claim.run_id] = control
        if self._draining:
            control.request_drain()
        limits, config = self._registry.get(claim.process).limits, _config_of(claim)
        try:
            ledger = PostgresLedger(self._database, claim, quotas=self._quotas, duties=self._duties)
            guard = HostGuard(self._database, claim, self._policies, quotas=self._quotas)
            rulebook = CaseRulebook(self._database, claim, self._texts)
            caller = caller_of(claim)
            witnesses = CaseWitnesses(self._database, claim)
            ours = install(ledger=ledger, guard=guard, caller=caller, witnesses=witnesses)
            with ports.install(rulebook), ours:
                await stream_within(limits, graph, input_, taken=taken, config=config, control=control)
        finally:
            # A later attempt of the same run may have begun in this process: its control stays.
            if self._controls.get(claim.run_id) is control:
                del self._controls[claim.run_id]

    async def _settle(self, claim: Claim, rest: Rest) -> None:
        """Write how the run ended, in one transaction under the fence."""
        questions, waits = sort_interrupts(rest.interrupts)
        async with self._database.pipeline() as connection:
            more = await record_rest(
                connection,
                claim,
                actor=RUNTIME,
                questions=questions,
                waits=waits.keys(),
                title=rest.tell("title"),
                result=rest.tell("result"),
            )
            await set_waits(connection, claim.case_id, waits)
            if more:
                await _go_on(connection, claim.case_id, at_end=not rest.interrupts)
            pass_point("end_before_commit")
        pass_point("end_after_commit")
        log.info("run_ended", waits=bool(rest.interrupts))

    async def _put_back(self, claim: Claim, *, stop: UUID | None = None) -> None:
        """Return the run to the queue, or let it wait where it may not go on.

        If the database is still away, the worker does it later.
        """
        try:
            async with self._database.transaction() as connection:
                await assert_current(connection, claim)
                if not await hold_run(connection, claim.run_id, stop=stop):
                    await requeue_run(connection, claim.run_id, worker=claim.worker)
        except ServerError:
            log.warning("run_left_to_takeover")

    async def _open_incident(self, claim: Claim, error: Exception) -> None:
        try:
            if is_invalid_resume(error):
                await self._reopen(claim)
                return
            async with self._database.transaction() as connection:
                await fail_run(connection, claim)
                if isinstance(error, StepDeadline):  # the step may go on in vain
                    await shut_out(connection, claim)
                await open_incident(connection, claim.case_id, run_id=claim.run_id, cause=cause_of(error))
        except ServerError:
            log.exception("incident_not_recorded")

    async def _reopen(self, claim: Claim) -> None:
        """The step refused the answer: nothing was saved, so its review is opened again."""
        graph = self._graph_of(claim, self._saver_of(claim))
        await self._settle(claim, Rest.of(await graph.aget_state(_config_of(claim))))

    def _saver_of(self, claim: Claim) -> BoundedSaver:
        limits = self._registry.get(claim.process).limits
        return BoundedSaver(self._database, case_id=claim.case_id, attempt=claim.attempt, limits=limits)

    def _graph_of(self, claim: Claim, saver: BoundedSaver) -> Graph:
        """Return the process's graph with the saver of this attempt."""
        process = self._registry.get(claim.process)
        graph = process.graph.copy(update={"checkpointer": saver})
        graph.nodes = process.timed_nodes
        return graph


async def _go_on(connection: Connection, case_id: UUID, *, at_end: bool) -> None:
    """Admit the run that waited for this one, or drop it when the case has come to its end."""
    if at_end:
        await cancel_waiting_runs(connection, case_id)
    elif await admit_next(connection, case_id):
        await set_status(connection, case_id, status="running")


def _config_of(claim: Claim) -> RunnableConfig:
    return {"configurable": {"thread_id": str(claim.case_id), "__pregel_strict_resume": True}}


def _needs_run(claim: Claim, state: StateSnapshot, *, answers: dict[str, Any]) -> bool:
    """Say whether anything is left to run; an attempt may die between the last step and its end.

    A case that waits for an answer only goes on with one, or when a retry lets its open steps ask again.
    """
    waits = any(task.interrupts for task in state.tasks)
    return bool(state.tasks) and (claim.kind == "retry" or not waits or bool(answers))
