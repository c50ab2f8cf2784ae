"""A table as people read it: rows and columns of text, Markdown, or plain JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from rules.layers import LayeredTable
from rules.table import Input, Output, Rule, Table
from rules.values import EnumType, JsonValue, MoneyType, SetType, ValueType, in_words

MOST_COLUMNS = 8  # inputs that stand in a column each; of more than these a row lists the few it tests

Row = tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """Rows of text under headings; `line` is where the headings stand, if they were read from a file."""

    title: str
    headings: Row
    rows: Sequence[Row]
    line: int = 1


def heading_of(table: Table) -> list[tuple[str, str]]:
    """What the table says of itself, by name."""
    said = {
        "table": table.id,
        "version": table.version,
        "title": table.title,
        "about": table.prose,
        "owner": table.owner,
        "in force": _days(table.effective_from, table.effective_to),
        "hit policy": f"{table.hit}: {table.aggregate}" if table.aggregate else table.hit,
        "contexts": ", ".join(table.contexts),
        "overlays": ", ".join(f"{one.id} ({one.version})" for one in table.overlays),
        "digest": table.digest,
    }
    return [(name, value) for name, value in said.items() if value]


def sheets_of(table: Table) -> list[Sheet]:
    """The inputs, the outputs and the rules."""
    inputs = [
        (one.name, input_type(one), _domain(one), _source(one), "yes" if one.optional else "", one.label)
        for one in table.inputs.values()
    ]
    outputs = [
        (one.name, _output_type(one), _domain(one), _only_when(one), one.label)
        for one in table.outputs.values()
    ]
    return [
        _said("inputs", ("input", "type", "domain", "comes from", "optional", "about"), inputs),
        _said("outputs", ("output", "type", "domain", "only when", "about"), outputs),
        rules_of(table),
    ]


def overlays_of(layers: LayeredTable) -> Sheet:
    """The overlays that there are of a table, and where each applies."""
    rows = [
        (
            one.id,
            one.version,
            "; ".join(f"{kind} {value}" for kind, value in one.context.items()),
            _days(one.effective_from, None if one.effective_to == date.max else one.effective_to),
            one.title,
        )
        for one in layers.overlays
    ]
    return Sheet("overlays", ("overlay", "version", "applies to", "in force", "title"), rows)


def rules_of(table: Table) -> Sheet:
    """The rules, one a row: a column for each input that any rule tests, or one for all if there are many."""
    tested = [name for name in table.inputs if any(name in _cells(rule) for rule in table.rules)]
    shown = tested if len(tested) <= MOST_COLUMNS else None
    headings = (
        ("rule", "priority", "mandatory", "contradicts"),
        ("when",) if shown is None else tuple(shown),
        (*table.outputs, "because", "file"),
    )
    rows = [tuple(_row(rule, table, shown)) for rule in table.rules]
    return _said("rules", tuple(chain(*headings)), rows)


def markdown_of(table: Table) -> str:
    """The whole table as Markdown."""
    heading = dict(heading_of(table))
    lines = [f"# {_safe(table.title)}", ""]
    lines += [f"{_safe(heading.pop('about'))}", ""] if table.prose else []
    lines += [f"- {name}: {_safe(value)}" for name, value in heading.items() if name != "title"]
    for sheet in sheets_of(table):
        lines += ["", f"## {sheet.title.capitalize()}", ""]
        lines += [_line(sheet.headings), _line(["---"] * len(sheet.headings)), *map(_line, sheet.rows)]
    return "\n".join(lines) + "\n"


def json_of(table: Table) -> dict[str, JsonValue]:
    """The table as plain JSON, its cells as they were written."""
    return {
        "table": table.id,
        "version": table.version,
        "digest": table.digest,
        "title": table.title,
        "prose": table.prose,
        "owner": table.owner,
        "effective_from": table.effective_from.isoformat(),
        "effective_to": table.effective_to.isoformat() if table.effective_to else None,
        "hit": table.hit,
        **({"aggregate": table.aggregate} if table.aggregate else {}),
        "contexts": [*table.contexts],
        "overlays": [one._asdict() for one in table.overlays],
        "inputs": [_input_json(one) for one in table.inputs.values()],
        "outputs": [_output_json(one) for one in table.outputs.values()],
        "rules": [_rule_json(rule, table) for rule in table.rules],
    }


def _days(since: date, until: date | None) -> str:
    return f"from {since}" + (f" to {until}" if until else "")


def _said(title: str, headings: Row, rows: Sequence[Row]) -> Sheet:
    """A sheet without the columns in which nothing is said."""
    kept = [n for n in range(len(headings)) if any(row[n] for row in rows)]
    return Sheet(title, tuple(headings[n] for n in kept), [tuple(row[n] for n in kept) for row in rows])


def _row(rule: Rule, table: Table, tested: Sequence[str] | None) -> Iterator[str]:
    cells = _cells(rule)
    yield rule.id
    yield str(rule.priority) if table.by_priority else ""
    yield "yes" if rule.mandatory else ""
    yield ", ".join(rule.contradicts)
    if tested is None:
        yield "; ".join(f"{name} {text}" for name, text in cells.items()) or "-"
    else:
        yield from (cells.get(name, "-") for name in tested)
    yield from ("-" if rule.outcome[name] is None else in_words(rule.outcome[name]) for name in table.outputs)
    yield rule.because
    yield rule.origin if table.overlays else ""


def _cells(rule: Rule) -> dict[str, str]:
    return {condition.input: condition.text for condition in rule.conditions}


def input_type(declared: Input) -> str:
    return _type_words(declared.type, declared.unit)


def _output_type(declared: Output) -> str:
    return declared.type if declared.type == "text" else _type_words(declared.value_type, declared.unit)


def _type_words(kind: ValueType, unit: str) -> str:
    if isinstance(kind, EnumType):
        return " | ".join(kind.values)
    if isinstance(kind, SetType):
        return f"{{{', '.join(kind.values)}}}"
    word = type(kind).__name__.removesuffix("Type").lower()
    counted = kind.currency if isinstance(kind, MoneyType) else unit
    return f"{word} in {counted}" if counted else word


def _domain(declared: Input | Output) -> str:
    return declared.domain.text if declared.domain else ""


def _source(declared: Input) -> str:
    """Where an input comes from that is not given."""
    if declared.asks:
        return f"{declared.asks.output} of {declared.asks.table}"
    return declared.derived.text if declared.derived else ""


def _only_when(declared: Output) -> str:
    return " is ".join(declared.only_when or ())


def _input_json(declared: Input) -> JsonValue:
    return {
        "name": declared.name,
        "type": input_type(declared),
        "optional": declared.optional,
        "domain": declared.domain.text if declared.domain else None,
        "derived": declared.derived.text if declared.derived else None,
        "from": {**declared.asks._asdict()} if declared.asks else None,
        "label": declared.label,
    }


def _output_json(declared: Output) -> JsonValue:
    return {
        "name": declared.name,
        "type": declared.type,
        "values": list(declared.values),
        "only_when": dict([declared.only_when]) if declared.only_when else None,
        "label": declared.label,
    }


def _rule_json(rule: Rule, table: Table) -> JsonValue:
    some: dict[str, JsonValue] = {
        "priority": rule.priority if table.by_priority else None,
        "mandatory": rule.mandatory or None,
        "contradicts": [*rule.contradicts] or None,
        "file": rule.origin if table.overlays else None,
    }
    return {
        "id": rule.id,
        **{name: value for name, value in some.items() if value is not None},
        "when": dict(_cells(rule)),
        "then": {name: said for name, said in rule.outcome.items() if said is not None},
        "because": rule.because,
    }


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_safe, cells))} |"


def _safe(text: str) -> str:
    """Text that Markdown shows as it is: no cell ends early, and nothing becomes emphasis, a link or HTML."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>|#&" else char for char in text)
    return " ".join(escaped.split())
