"""One decision table of a DMN file, as a draft of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rules.document import Plain
from rules.errors import NotAValue
from rules.interchange.columns import Column, Columns, Spot
from rules.interchange.dmn.columns import ColumnReader, Surroundings
from rules.interchange.dmn.elements import Element
from rules.interchange.dmn.names import Asked
from rules.interchange.dmn.ranks import Rank, priorities, ranks_of
from rules.interchange.dmn.vocabulary import said_by
from rules.interchange.drafts import Draft, Heading, Row
from rules.values import NAME

_HITS: Mapping[str, str] = {
    "UNIQUE": "unique",
    "ANY": "any",
    "FIRST": "first",
    "PRIORITY": "priority",
    "COLLECT": "collect",
    "RULE ORDER": "collect",
    "OUTPUT ORDER": "collect",
}
_AGGREGATES: Mapping[str, str] = {"": "list", "SUM": "sum", "MIN": "min", "MAX": "max", "COUNT": "count"}


def read_table(
    decision: Element, asked: Asked, around: Surroundings, *, columns: Columns, heading: Heading
) -> Draft:
    """Read a decision that is a table; `asked` says what it is called here and there."""
    table = decision.first("decisionTable") or decision
    reader = ColumnReader(table, around, columns)
    rows = _in_order(table, reader.outputs(list(table.all("rule")), asked.outputs), columns)
    rules = [rule for rule, _ in rows]
    _check(table, rules, columns)
    return Draft(
        head=_head(decision, table, asked, heading=heading),
        inputs=reader.inputs(rules),
        outputs=reader.outputs(rules, asked.outputs),
        rows=[row for _, row in rows],
    )


def _in_order(table: Element, outputs: Sequence[Column], columns: Columns) -> list[tuple[Element, Row]]:
    """The rules in our order: where DMN ranks them by what they say, the best first."""
    rules = list(table.all("rule"))
    rows = [(rule, _row(rule, n)) for n, rule in enumerate(rules, start=1)]
    ranks = _ranks(table, outputs, columns)
    if ranks:
        best_first = sorted(zip(ranks, rows, strict=True), key=lambda ranked: ranked[0])
        rows = [row for _, row in best_first]
    if _policy(table) == "PRIORITY" and ranks:
        said = priorities(sorted(ranks))
        return [
            (rule, replace(row, said={**row.said, "priority": priority}))
            for (rule, row), priority in zip(rows, said, strict=True)
        ]
    if _is_by_our_priority(table):
        _check_priorities(table, rows, columns)
    return rows


def _row(rule: Element, number: int) -> Row:
    name = said_by(rule, "id") or rule.id
    return Row(
        number=number,
        id=name if NAME.fullmatch(name) else f"row-{number}",
        because=reason_of(rule),
        said=_said(rule),
    )


def _said(rule: Element) -> dict[str, Plain]:
    """What our own attributes say of a rule."""
    said: dict[str, Plain] = {key: text for key in ("priority", "mandatory") if (text := said_by(rule, key))}
    others = said_by(rule, "contradicts").split()
    return {**said, "contradicts": [*others]} if others else said


def _policy(table: Element) -> str:
    return table.attributes.get("hitPolicy", "UNIQUE")


def _is_by_our_priority(table: Element) -> bool:
    return _policy(table) == "FIRST" and said_by(table, "hit") == "priority"


def _head(decision: Element, table: Element, asked: Asked, *, heading: Heading) -> dict[str, Plain]:
    effective: dict[str, Plain] = {"from": said_by(decision, "from") or heading.effective_from.isoformat()}
    if until := said_by(decision, "to"):
        effective["to"] = until
    head: dict[str, Plain] = {
        "id": asked.table,
        "version": said_by(decision, "version") or heading.version,
        "owner": said_by(decision, "owner") or heading.owner,
        "title": decision.attributes.get("label") or decision.attributes.get("name") or asked.table,
    }
    if contexts := said_by(decision, "contexts"):
        head["contexts"] = [*contexts.split()]
    if prose := _one_line(decision.text_at("description")):
        head["prose"] = prose
    head["effective"] = effective
    head["hit"] = "priority" if _is_by_our_priority(table) else _HITS.get(_policy(table), "unique")
    aggregate = _AGGREGATES.get(table.attributes.get("aggregation", ""), "list")
    return {**head, "aggregate": aggregate} if head["hit"] == "collect" and aggregate != "list" else head


def _ranks(table: Element, outputs: Sequence[Column], columns: Columns) -> list[Rank]:
    if _policy(table) not in ("PRIORITY", "OUTPUT ORDER"):
        return []
    try:
        return ranks_of(outputs, columns)
    except NotAValue as refusal:
        columns.note(_spot(table, _policy(table)), refusal)
        return []


def _check_priorities(table: Element, rows: Sequence[tuple[Element, Row]], columns: Columns) -> None:
    """What was ordered by priorities of ours must be so still, as other tools order by place alone."""
    standings = []
    for rule, row in rows:
        priority = str(row.said.get("priority", ""))
        if priority.removeprefix("-").isdecimal():
            standings.append(("mandatory" in row.said, int(priority)))
        else:
            columns.note(
                _spot(rule, priority), "the table goes by priorities of ours, and this rule has none"
            )
    if standings != sorted(standings, reverse=True):
        columns.note(
            _spot(table, "FIRST"), "the rules do not stand in the order of the priorities they state"
        )


def _check(table: Element, rules: Sequence[Element], columns: Columns) -> None:
    policy, aggregation = _policy(table), table.attributes.get("aggregation", "")
    if policy not in _HITS:
        columns.note(_spot(table, policy), "is no hit policy of DMN")
    if aggregation not in _AGGREGATES or (aggregation and policy != "COLLECT"):
        columns.note(_spot(table, aggregation), f"is no aggregation of {policy}")
    outputs = len(list(table.all("output")))
    if aggregation and outputs > 1:
        columns.note(_spot(table, aggregation), "takes one output, and the table has several")
    for rule in rules:
        for tag, wanted in (("inputEntry", len(list(table.all("input")))), ("outputEntry", outputs)):
            if (found := len(list(rule.all(tag)))) != wanted:
                columns.note(
                    _spot(rule, ""), f"has {found} {tag}, and the table has {wanted} columns of them"
                )


def _spot(element: Element, text: str) -> Spot:
    return Spot(element.at, f"{element.name} {element.id}", text)


def reason_of(rule: Element) -> str:
    """What a rule says of itself: its description, or else its annotations."""
    annotations = [one.text_at("text") for one in rule.all("annotationEntry")]
    return _one_line(rule.text_at("description") or "; ".join(filter(None, annotations)))


def _one_line(text: str) -> str:
    return " ".join(text.split())
