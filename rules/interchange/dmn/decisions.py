"""A table of ours as a decision of DMN."""

from collections.abc import Mapping, Sequence

from rules.interchange.dmn.clauses import ClauseWriter
from rules.interchange.dmn.markup import Tag
from rules.interchange.dmn.model import Model
from rules.table import Rule, Table

_HITS: Mapping[str, str] = {
    "unique": "UNIQUE",
    "any": "ANY",
    "first": "FIRST",
    "priority": "FIRST",
    "collect": "RULE ORDER",
}


class DecisionWriter:
    """Writes one table; its rules stand in the order in which they have the say."""

    def __init__(self, table: Table, model: Model) -> None:
        self._table = table
        self._model = model
        self._id = model.decisions[table.id]
        self._clauses = ClauseWriter(table, model)
        self._rules = _by_their_say(table)

    def decision(self) -> Tag:
        table = self._table
        self._refuse_what_no_policy_says()
        attributes = {
            "id": self._id,
            "name": table.id,
            "label": table.title,
            "steward:id": table.id if self._id != table.id else "",
            "steward:version": table.version,
            "steward:owner": table.owner,
            "steward:from": table.effective_from.isoformat(),
            "steward:to": table.effective_to.isoformat() if table.effective_to else "",
            "steward:contexts": " ".join(table.contexts),
        }
        content = [
            Tag("description", {}, table.prose) if table.prose else None,
            Tag("variable", {"id": self._model.take(f"{self._id}_variable"), "name": table.id}),
            *self._clauses.requirements(),
            self._decision_table(),
        ]
        return Tag("decision", attributes, content)

    def _decision_table(self) -> Tag:
        aggregate = self._table.aggregate or "list"
        attributes = {
            "id": self._model.take(f"{self._id}_table"),
            "hitPolicy": _HITS[self._table.hit] if aggregate == "list" else "COLLECT",
            "aggregation": aggregate.upper() if aggregate != "list" else "",
            "steward:hit": "priority" if self._table.hit == "priority" else "",
        }
        rules = [self._rule(rule) for rule in self._rules]
        return Tag("decisionTable", attributes, [*self._clauses.inputs(), *self._clauses.outputs(), *rules])

    def _rule(self, rule: Rule) -> Tag:
        own_id = self._model.take(rule.id)
        attributes = {
            "id": own_id,
            "steward:id": rule.id if own_id != rule.id else "",
            "steward:priority": str(rule.priority) if self._table.hit == "priority" else "",
            "steward:mandatory": "true" if rule.mandatory else "",
            "steward:contradicts": " ".join(rule.contradicts),
        }
        cells = [
            Tag(tag, {"id": self._model.take(f"{own_id}_{n}")}, [Tag("text", {}, text)])
            for n, (tag, text) in enumerate(self._clauses.cells(rule), start=1)
        ]
        return Tag("rule", attributes, [Tag("description", {}, rule.because), *cells])

    def _refuse_what_no_policy_says(self) -> None:
        table = self._table
        if table.overlays:
            self._model.note(table, 1, "DMN has no contexts: write the table without its overlays")
        if table.aggregate not in (None, "list") and len(table.outputs) > 1:
            self._model.note(
                table, 1, f"DMN takes the {table.aggregate} of one output, and there are several"
            )
        if table.hit not in ("priority", "first"):
            for rule in table.rules:
                if rule.mandatory:
                    self._model.note(
                        table, rule.line, f"rule {rule.id}: DMN has no mandatory rules under {table.hit}"
                    )


def _by_their_say(table: Table) -> Sequence[Rule]:
    """The rules, mandatory ones and higher priorities first, so that the first that fits decides."""
    if table.hit not in ("priority", "first"):
        return table.rules
    return sorted(table.rules, key=lambda rule: (not rule.mandatory, -rule.priority))
