"""What a change of a table changes: case by case, and in the decisions that were made."""

from rules.change.backtest import Backtest, Flip, Past, backtest, said_of
from rules.change.boxes import Said
from rules.change.diff import CaseChange, Difference, RowChange, diff

__all__ = [
    "Backtest",
    "CaseChange",
    "Difference",
    "Flip",
    "Past",
    "RowChange",
    "Said",
    "backtest",
    "diff",
    "said_of",
]
