"""What an operator does to the state of a case: give fields other values, or let it go on at another step."""

from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.channels import BinaryOperatorAggregate
from langgraph.graph import END
from langgraph.types import StateSnapshot
from pydantic import ValidationError

from server.engine.detour import DETOUR, detour
from server.engine.payloads import check_payload
from server.engine.registry import Graph, Process
from server.errors import BadRequest, IllegalTransition
from server.storage.checkpoints import put_values, saver_on
from server.storage.database import Connection


async def edit_fields(
    connection: Connection, process: Process, case_id: UUID, *, fields: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Give the named fields these values, and return for each what it held before and after.

    Raises:
        BadRequest: the process's state has no such field, or not with this value.
        IllegalTransition: the case has no state yet.
    """
    check_payload(fields, field="fields", limits=process.limits)
    graph, config = _graph_on(connection, process), _config_of(case_id)
    before = (await _begun(graph, config)).values
    _check_state(process, before, fields=fields)
    await put_values(
        connection, case_id, {name: _write(graph, name, value) for name, value in fields.items()}
    )
    after = (await graph.aget_state(config)).values
    return {name: {"before": before.get(name), "after": after.get(name)} for name in fields}


async def skip_to(connection: Connection, process: Process, case_id: UUID, *, step: str) -> None:
    """Leave the steps that the case stands at, and let it go on at this one.

    What steps beside them have finished already is kept. LangGraph gives the step a new task, so that effects
    which it had before happen anew.

    Raises:
        BadRequest: the process has no such step, or it cannot begin by itself.
        IllegalTransition: the case has no state yet, or stands at this step already.
    """
    if step not in {known.name for known in process.steps}:
        raise BadRequest(f"process {process.name} has no step {step!r}", field="step")
    graph, config = _graph_on(connection, process), _config_of(case_id)
    state = await _begun(graph, config)
    if step in {task.name for task in state.tasks if task.result is None}:
        raise IllegalTransition(f"case {case_id} stands at step {step!r} already: retry goes on from there")
    await graph.aupdate_state(config, None, as_node=END)  # LangGraph's way to leave all steps
    bypass = detour(process, [step]).copy(update={"checkpointer": saver_on(connection)})
    await bypass.aupdate_state(config, None, as_node=DETOUR)
    if [task.name for task in (await graph.aget_state(config)).tasks] != [step]:
        raise BadRequest(f"step {step!r} cannot begin by itself", field="step")


def _check_state(process: Process, values: dict[str, Any], *, fields: dict[str, Any]) -> None:
    model = process.state_model
    if model is None:
        raise BadRequest(f"process {process.name} does not describe its state", field="fields")
    if unknown := sorted(fields.keys() - model.model_fields.keys()):
        raise BadRequest("the state has no such field", field=f"fields.{unknown[0]}")
    try:
        model.model_validate(values | fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise BadRequest(first["msg"], field=".".join(["fields", *map(str, first["loc"])])) from error


def _write(graph: Graph, name: str, value: Any) -> Any:
    """Return what sets the field; a field with a reducer would else add the value to what it holds."""
    if isinstance(graph.channels[name], BinaryOperatorAggregate):
        return {"__overwrite__": value}
    return value


async def _begun(graph: Graph, config: RunnableConfig) -> StateSnapshot:
    state = await graph.aget_state(config)
    if state.created_at is None:
        raise IllegalTransition("the case has not begun its first step: there is no state to change")
    return state


def _graph_on(connection: Connection, process: Process) -> Graph:
    return process.graph.copy(update={"checkpointer": saver_on(connection)})


def _config_of(case_id: UUID) -> RunnableConfig:
    return {"configurable": {"thread_id": str(case_id)}}
