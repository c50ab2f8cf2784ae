"""A person's answer kept as a rule: for all facts that the table cannot tell from those that were decided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.change.space import Axis, Space
from rules.decision import Escalation
from rules.document import Findings, Plain, plain, read_document
from rules.errors import RuleError
from rules.table import Table
from rules.verify.wording import cell_of
from rules.writing import flow_text, write_table


class Unproposable(RuleError):
    """No rule can be made of an escalation; the message says why."""

    code = "rule_unproposable"


@dataclass(frozen=True)
class Proposal:
    """A rule as a line of its table, and the table's text with it."""

    rule: str
    line: str
    text: str


def propose(said: Escalation, outcome: Mapping[str, str], *, because: str, rule: str) -> Proposal:
    """Make a rule of what was decided instead of the table; `outcome` is written as in a row.

    It holds for the box of the facts: what differs from them in no cell of any row. It stands above rows that
    contradict each other, and below all others where there was a gap.

    Raises:
        Unproposable: a fact is missing or none, or the rows cannot say what the facts are.
    """
    if said.kind not in ("no_rule", "conflict"):
        raise Unproposable(f"{said.kind.replace('_', ' ')}: no rule helps where a fact is not known")
    table = said.basis.table
    if said.kind == "conflict" and not set(said.rules) <= {one.id for one in table.rules}:
        raise Unproposable("the rules that contradict each other are those of a table that was asked")
    content = plain(read_document(table.sources[table.file], Findings(table.file)))
    rows = content.get("rules") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(rows, list):
        raise Unproposable("its rows stand in a file of their own")
    row: dict[str, Plain] = {
        "id": rule,
        **_priority(said),
        "when": dict(_cells(said)),
        "then": dict(outcome),
        "because": because,
    }
    return Proposal(rule, f"- {flow_text(row)}", write_table({**content, "rules": [row, *rows]}))


def _priority(said: Escalation) -> dict[str, Plain]:
    table = said.basis.table
    if not table.by_priority:
        return {}
    if said.kind == "no_rule":
        return {"priority": str(min(rule.priority for rule in table.rules))}
    return {"priority": str(1 + max(rule.priority for rule in table.rules if rule.id in said.rules))}


def _cells(said: Escalation) -> Iterator[tuple[str, str]]:
    table = said.basis.table
    for axis in Space(table, table).axes:
        atoms = 1 << _atom(axis, said, table)
        text = cell_of(axis, atoms, axis.kind)
        if text is None:
            raise Unproposable(f"no cell says what {axis.name!r} is here, and nothing else")
        if text != "-":
            yield axis.name, text


def _atom(axis: Axis, said: Escalation, table: Table) -> int:
    fact = said.basis.value(axis.name)
    return axis.cut.missing if fact is None else axis.cut.atom(table.inputs[axis.name].type.fact(fact))
