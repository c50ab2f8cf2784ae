"""From tables of ours to the XML of DMN 1.3; what DMN cannot say stands in attributes of our own."""

from collections.abc import Sequence

from rules.errors import NotAValue, TableError
from rules.interchange.dmn.decisions import DecisionWriter
from rules.interchange.dmn.markup import Tag, document
from rules.interchange.dmn.model import Model
from rules.interchange.dmn.vocabulary import BOUNDS, DIAGRAM, LINES, MODEL, OURS
from rules.table import Table


def export_dmn(table: Table, asked: Sequence[Table] = ()) -> str:
    """Write a table as a DMN file; `asked` are the tables that it asks for inputs, and those that these ask.

    A table that goes by priority is written in that order, and there the first rule that fits decides: that
    two of equal priority may contradict each other, and leave it to a person, no hit policy of DMN says.

    Raises:
        TableError: something of them has no counterpart in DMN; `findings` says all of it.
    """
    model = Model([table, *asked])
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
    try:
        return document(root)
    except NotAValue as refusal:
        model.note(table, 1, refusal)
        raise TableError(model.findings) from refusal
