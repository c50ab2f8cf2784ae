"""What a change of a table changes: case by case, and in the decisions that were made."""

from rules.change.diff import CaseChange, Difference, RowChange, diff

__all__ = ["CaseChange", "Difference", "RowChange", "diff"]
