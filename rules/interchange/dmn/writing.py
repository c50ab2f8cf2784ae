"""From tables of ours to the XML of DMN 1.3; what DMN cannot say stands in attributes of our own."""

from rules.errors import TableError
from rules.interchange.dmn.decisions import DecisionWriter
from rules.interchange.dmn.markup import Tag, document
from rules.interchange.dmn.model import Model
from rules.interchange.dmn.vocabulary import BOUNDS, DIAGRAM, LINES, MODEL, OURS
from rules.table import Table


def export_dmn(table: Table) -> str:
    """Write a table as a DMN file, with the tables that it asks.

    A table that goes by priority is written in that order, and there the first rule that fits decides: that
    two of equal priority may contradict each other, and leave it to a person, no hit policy of DMN says.

    Raises:
        TableError: something of them has no counterpart in DMN; `findings` says all of it.
    """
    model = Model(_with_asked(table))
    decisions = [DecisionWriter(one, model).decision() for one in model.tables.values()]
    attributes = {
        "xmlns": MODEL,
        "xmlns:dmndi": DIAGRAM,
        "xmlns:dc": BOUNDS,
        "xmlns:di": LINES,
        "xmlns:steward": OURS,
        "id": model.take(f"{table.id}_definitions"),
        "name": table.id,
        "namespace": f"{OURS}:{table.id}",
        "exporter": "Steward",
    }
    root = Tag("definitions", attributes, [*decisions, *model.input_data(), model.picture()])
    if model.findings:
        raise TableError(sorted(set(model.findings)))
    return document(root)


def _with_asked(table: Table) -> list[Table]:
    """The table and all that it asks by way of others, each once."""
    found, left = {table.id: table}, [table]
    while left:
        new = {name: one for name, one in left.pop().asked.items() if name not in found}
        found |= new
        left += new.values()
    return list(found.values())
