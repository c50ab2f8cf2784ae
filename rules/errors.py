"""What can be wrong with rules.

RuleError
├── TableError       a table's file is malformed; `findings` says where and why, all of it at once
├── TableNotFound    no table has this name
├── UnknownContext   a table was asked for in a kind of context that it does not declare
└── NotAValue        a text or a fact is not a value of the type it stands for
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RuleError(Exception):
    """The root of all that `rules` raises."""

    code = "rule_error"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong with a table, and where: line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class TableError(RuleError):
    """A table's file is malformed and was not loaded."""

    code = "table_malformed"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(map(str, self.findings)))


class TableNotFound(RuleError):
    """No table has this name."""

    code = "table_not_found"


class UnknownContext(RuleError):
    """A table was asked for in a kind of context that it does not declare."""

    code = "unknown_context"


class NotAValue(RuleError):
    """A text in a table or a fact from the state is not a value of its type.

    The message is the rest of a sentence that begins with what was read.
    """

    code = "not_a_value"
