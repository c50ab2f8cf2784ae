"""What the driver did and was told, as JSON lines: the side of the story that no crash can change."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "fail", "unknown", "open"]


@dataclass
class Operation:
    """One request: `ok` was acknowledged, `fail` was refused, `unknown` got no answer that settles it."""

    number: int
    action: str
    subject: str
    began_at: float
    detail: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = "open"
    ended_at: float | None = None
    status: int | None = None
    answer: dict[str, Any] = field(default_factory=dict)


class History:
    """All operations in the order of their beginning, kept in memory and in a file."""

    def __init__(self, file: Path) -> None:
        self.operations: list[Operation] = []
        self._file = file.open("w", encoding="utf-8")

    def begin(self, action: str, subject: str, **detail: Any) -> Operation:
        operation = Operation(len(self.operations), action, subject, time.time(), detail)
        self.operations.append(operation)
        self._note("invoke", operation)
        return operation

    def end(
        self, operation: Operation, outcome: Outcome, *, status: int | None = None, **answer: Any
    ) -> None:
        operation.outcome = outcome
        operation.ended_at = time.time()
        operation.status = status
        operation.answer = answer
        self._note(outcome, operation)

    def of(self, action: str, outcome: Outcome | None = None) -> Iterator[Operation]:
        return (
            one
            for one in self.operations
            if one.action == action and (outcome is None or one.outcome == outcome)
        )

    def close(self) -> None:
        self._file.close()

    def _note(self, phase: str, operation: Operation) -> None:
        self._file.write(json.dumps({"phase": phase, **asdict(operation)}) + "\n")
        self._file.flush()
