"""Decision tables: YAML files of rules, one a line, and the engine that reads and explains them.

    table = load_table("invoice_to_pay")
    decision = decide(table, facts, as_of=date(2026, 10, 31))

No framework and no input or output but the tables beside this file: whoever has the facts may ask.
"""

from rules.decision import Basis, Decision, Escalation, NotTaken
from rules.errors import Finding, NotAValue, RuleError, TableError, TableNotFound
from rules.evaluation import decide
from rules.parsing import list_tables, load_table, parse_table
from rules.table import Condition, Input, Output, Rule, Table
from rules.values import JsonValue

__all__ = [
    "Basis",
    "Condition",
    "Decision",
    "Escalation",
    "Finding",
    "Input",
    "JsonValue",
    "NotAValue",
    "NotTaken",
    "Output",
    "Rule",
    "RuleError",
    "Table",
    "TableError",
    "TableNotFound",
    "decide",
    "list_tables",
    "load_table",
    "parse_table",
]
