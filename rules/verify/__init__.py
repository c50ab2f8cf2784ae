"""Verification: what a table does not do as its author meant, each with a case that shows it."""

from rules.verify.check import check_layers, check_table
from rules.verify.flaw import Flaw, Witness

__all__ = ["Flaw", "Witness", "check_layers", "check_table"]
