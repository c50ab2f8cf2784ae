"""What people see of the API's objects, as rows."""

import json
from datetime import UTC, datetime
from typing import Any

from server.cli.answers import choices_of, kinds_of
from server.cli.tables import Grid, Id, Status
from server.http.models import (
    Case,
    CaseDetail,
    Effect,
    Incident,
    IncidentGroup,
    Process,
    Review,
    Step,
    Timer,
)

_MAX_VALUE = 160  # characters of a value in a summary; --json shows all


def processes(found: list[Process]) -> list[Grid]:
    rows = [(one.name, str(len(one.steps)), _first_line(one.doc)) for one in found]
    return [Grid(rows, ("process", "steps", "what it does"))]


def process(found: Process) -> list[Grid]:
    return [
        Grid([("process", found.name), ("does", found.doc)]),
        _fields(found.input_schema, title="input"),
        Grid([(step.name, step.doc) for step in found.steps], ("step", "what it does"), "steps"),
    ]


def cases(found: list[Case]) -> list[Grid]:
    rows = [
        (
            Id(one.id),
            one.process,
            Status(one.status),
            one.title or "",
            one.result or _error(one),
            _when(one.created_at),
        )
        for one in found
    ]
    return [Grid(rows, ("id", "process", "status", "title", "result", "created (UTC)"))]


def case(found: CaseDetail) -> list[Grid]:
    grids = [
        _facts(
            id=str(found.id),
            process=found.process,
            status=Status(found.status),
            title=found.title,
            result=found.result,
            error=_error(found),
            started=f"{_when(found.created_at)} UTC by {found.started_by}",
            ended=f"{_when(found.ended_at)} UTC" if found.ended_at else None,
        ),
        Grid(
            [(name, _value(value)) for name, value in found.state.items() if value],
            ("field", "value"),
            "state",
        ),
        Grid([_step(one) for one in found.steps], ("step", "name", "status", "began (UTC)", "took"), "steps"),
        Grid([_review(one) for one in found.reviews], _REVIEW, "reviews"),
        Grid([_timer(one) for one in found.timers], ("for", "status", "due (UTC)"), "timers"),
        Grid([_effect(one) for one in found.effects], _EFFECT, "effects"),
        Grid([_incident(one) for one in found.incidents], _INCIDENT, "incidents"),
    ]
    return [grid for grid in grids if grid.rows]


def reviews(found: list[Review]) -> list[Grid]:
    rows = [
        (Id(one.id), Status(one.status), one.role or "", one.question, reason_of(one), _when(one.opened_at))
        for one in found
    ]
    return [Grid(rows, ("id", "status", "role", "question", "because", "opened (UTC)"))]


def review(found: Review) -> list[Grid]:
    body = {name: value for name, value in found.body.items() if name not in {"question", "role", "reason"}}
    answered = f"{_when(found.answered_at)} UTC by {found.answered_by}" if found.answered_at else None
    grids = [
        _facts(
            id=str(found.id),
            case=str(found.case_id),
            title=found.title,
            status=Status(found.status),
            role=found.role,
            question=found.question,
            because=reason_of(found),
            opened=f"{_when(found.opened_at)} UTC",
            answered=answered,
            answer=None if found.answer is None else _value(found.answer),
        ),
        Grid([(name, _value(value)) for name, value in body.items() if value], ("field", "value"), "shown"),
        _fields(found.form or {}, title="answer with"),
    ]
    return [grid for grid in grids if grid.rows]


def incidents(found: list[Incident]) -> list[Grid]:
    return [Grid([(Id(one.case_id), *_incident(one)) for one in found], ("case", *_INCIDENT))]


def incident(found: Incident) -> list[Grid]:
    resolved = f"{_when(found.resolved_at)} UTC by {found.resolved_by}" if found.resolved_at else None
    return [
        _facts(
            id=str(found.id),
            case=str(found.case_id),
            group=found.group_key,
            status=Status(found.status),
            kind=found.kind,
            message=found.message,
            attempts=str(found.attempts),
            opened=f"{_when(found.opened_at)} UTC",
            resolved=resolved,
            by=found.resolved_how,
            because=found.reason,
        ),
        Grid([(name, _value(value)) for name, value in found.detail.items()], ("field", "value"), "detail"),
    ]


def incident_groups(found: list[IncidentGroup]) -> list[Grid]:
    rows = [
        (str(one.count), one.group_key, one.kind, one.message, _when(one.oldest_at), _when(one.newest_at))
        for one in found
    ]
    return [Grid(rows, ("cases", "group", "kind", "message", "oldest (UTC)", "newest (UTC)"))]


def what_became_of(found: Case) -> str:
    """Say in one line where a case stands: its result, whom or what it waits for, or what went wrong."""
    if isinstance(found, CaseDetail):
        waiting = [
            f"waiting for {one.role or 'anybody'}: {reason_of(one)}"
            for one in found.reviews
            if one.status == "open"
        ]
        waiting += [f"waiting until {_when(one.due_at)} UTC" for one in found.timers if one.status == "set"]
        if waiting:
            return "; ".join(waiting)
    return found.result or _error(found)


def reason_of(found: Review) -> str:
    """Return why the review was opened; the question says it where the process gave no reason."""
    reason = found.body.get("reason")
    return reason if isinstance(reason, str) and reason else found.question


_REVIEW = ("id", "status", "role", "question", "answer", "answered by")
_INCIDENT = ("id", "status", "step", "code", "kind", "message", "opened (UTC)", "resolved")
_EFFECT = ("step", "tool", "status", "tries", "receipt")


def _review(one: Review) -> tuple[str, ...]:
    answer = "" if one.answer is None else _value(one.answer)
    return Id(one.id), Status(one.status), one.role or "", one.question, answer, one.answered_by or ""


def _timer(one: Timer) -> tuple[str, ...]:
    return one.kind, Status(one.status), _when(one.due_at)


def _effect(one: Effect) -> tuple[str, ...]:
    told = one.receipt if one.error is None else one.error
    return (
        one.step,
        f"{one.server}.{one.tool}",
        Status("undone" if one.compensated_at else one.status),
        str(one.tries),
        _value(told) if told else "",
    )


def _incident(one: Incident) -> tuple[str, ...]:
    how = f"{one.resolved_how} by {one.resolved_by}" if one.resolved_how else ""
    opened = _when(one.opened_at)
    return Id(one.id), Status(one.status), one.step or "", one.code, one.kind, one.message, opened, how


def _step(one: Step) -> tuple[str, ...]:
    took = f"{(one.ended_at - one.started_at).total_seconds():.2f} s" if one.ended_at else ""
    return str(one.number), one.name, Status(one.status), _when(one.started_at), took


def _fields(schema: dict[str, Any], *, title: str) -> Grid:
    """Show the fields of a JSON Schema: what they take and whether they must be there."""
    required = schema.get("required", [])
    rows = [
        (
            name,
            " | ".join(choices_of(schema, field) or kinds_of(schema, field)),
            "yes" if name in required else "",
            str(field.get("description", "")),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    return Grid(rows, ("field", "takes", "required", "about"), title)


def _facts(**facts: str | None) -> Grid:
    return Grid([(name, value) for name, value in facts.items() if value])


def _error(found: Case) -> str:
    return str(found.error.get("message", found.error)) if found.error else ""


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
