"""Decision tables: YAML files of rules, one a line, and the engine that reads and explains them.

    table = load_table("invoice_to_pay")
    decision = decide(table, facts, as_of=date(2026, 10, 31))

No framework and no input or output but the tables beside this file: whoever has the facts may ask.
"""

from rules.concerned import rows_concerned
from rules.decision import Basis, Decision, Escalation, NotTaken, Overridden
from rules.errors import Finding, NotAValue, RuleError, TableError, TableNotFound, UnknownContext
from rules.evaluation import decide
from rules.layers import LayeredTable
from rules.loading import list_tables, load_layers, load_table, read_table, restore_layers
from rules.overlay import Overlay
from rules.overlay_parsing import parse_overlay
from rules.parsing import parse_table
from rules.table import Condition, Example, Expectation, Input, Outcome, Output, Rule, Table
from rules.values import JsonValue

__all__ = [
    "Basis",
    "Condition",
    "Decision",
    "Escalation",
    "Example",
    "Expectation",
    "Finding",
    "Input",
    "JsonValue",
    "LayeredTable",
    "NotAValue",
    "NotTaken",
    "Outcome",
    "Output",
    "Overlay",
    "Overridden",
    "Rule",
    "RuleError",
    "Table",
    "TableError",
    "TableNotFound",
    "UnknownContext",
    "decide",
    "list_tables",
    "load_layers",
    "load_table",
    "parse_overlay",
    "parse_table",
    "read_table",
    "restore_layers",
    "rows_concerned",
]
