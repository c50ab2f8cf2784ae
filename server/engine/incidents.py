"""Incidents: a case that cannot go on by itself is given to the operators, with the reason."""

import re
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import JsonValue

from rules.errors import RuleError
from server.errors import ServerError
from server.identity.actors import RUNTIME
from server.storage.audit import append_entry
from server.storage.cases import set_status
from server.storage.database import Connection
from server.storage.incidents import insert_incident, resolve_incident
from tools.errors import Kind, ToolError

# LangGraph notes the task on the exception that ends it. A step of a graph inside a step is noted first.
_STEP = re.compile(r"During task with name '(.+)' and id '")


@dataclass(frozen=True)
class Cause:
    """Why a case cannot go on, in words that an operator may read.

    `type` tells apart what has no code. `about` is the tool whose fault it is, whichever step called it.
    """

    code: str
    kind: Kind
    message: str
    type: str
    step: str | None = None
    about: str | None = None
    detail: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """What cases that stand still for the same cause have in common."""
        code = f"{self.code}.{self.type}" if self.code == "unexpected" else self.code
        return f"{self.about or self.step or '-'}/{code}"


def cause_of(error: Exception) -> Cause:
    """Describe what a step raised; only our own messages are shown, others may quote a secret."""
    type_, step = type(error).__name__, _step_of(error)
    if isinstance(error, ToolError):
        message = printable(str(error))
        return Cause(error.code, error.kind, message, type_, step, about=error.about, detail=error.detail)
    if isinstance(error, ServerError):
        return Cause(error.code, error.kind, printable(str(error)), type_, error.step or step)
    if isinstance(error, RuleError):
        return Cause(error.code, "permanent", printable(str(error)), type_, step)
    return Cause("unexpected", "permanent", "see the log of the worker", type_, step)


async def open_incident(connection: Connection, case_id: UUID, *, run_id: UUID | None, cause: Cause) -> UUID:
    """Let the case wait for an operator. The caller ends its run in the same transaction.

    An incident that is still open, for an older host resolves none, gives way to this one.
    """
    error = {"type": cause.type, "code": cause.code, "message": cause.message}
    await resolve_incident(connection, case_id, actor=RUNTIME, how="superseded", reason=None)
    incident_id = await insert_incident(
        connection,
        case_id,
        run_id=run_id,
        step=cause.step,
        code=cause.code,
        kind=cause.kind,
        message=cause.message,
        detail={"type": cause.type, **cause.detail},
        group=cause.group,
    )
    await set_status(connection, case_id, status="incident", error=error)
    await append_entry(
        connection,
        RUNTIME,
        action="incident_opened",
        object_=f"incident/{incident_id}",
        case_id=case_id,
        step=cause.step,
        error=error,
    )
    return incident_id


def _step_of(error: Exception) -> str | None:
    found = [match[1] for note in getattr(error, "__notes__", ()) if (match := _STEP.match(note))]
    return found[-1] if found else None


def printable(text: str) -> str:
    """Return the text without what a database refuses to keep: tool servers send what they like."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
