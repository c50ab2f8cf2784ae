"""The command that asks a table about facts and shows what it says and why."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from rules import Decision, Escalation, JsonValue, NotAValue, Table, decide
from rules.values import RESERVED, SetType, ValueType, in_words
from server.cli.rule_files import CONTEXT, TABLE, context_of, open_layers
from server.cli.tables import Grid, console_of, show


def ask_table(
    name: Annotated[str, TABLE],
    facts: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Facts as in cells; a set is a,b. Others are missing."),
    ] = None,
    *,
    context: Annotated[list[str] | None, CONTEXT] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; else today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what a case would keep of it.")] = False,
) -> None:
    """Ask a table about facts: what it decides and why no other rule does, or why a person would be asked."""
    day = (on or datetime.now(UTC)).date()
    table = open_layers(name).table(context_of(context), day)
    answer = decide(table, dict(_fact(pair, table) for pair in facts or ()), as_of=day)
    if as_json:
        typer.echo(json.dumps(answer.as_json(), ensure_ascii=True))
        return
    others = Grid([(row.rule, row.reason) for row in answer.why_not], ("rule", "why it does not decide"))
    show(console_of(), [Grid(_said(answer)), *([others] if others.rows else [])])


def _said(answer: Decision | Escalation) -> list[tuple[str, str]]:
    table = answer.basis.table
    asked = ("asked", f"{table.id}, version {table.version}, as of {answer.basis.as_of}")
    if isinstance(answer, Escalation):
        return [("escalation", answer.kind), ("because", answer.message), asked]
    said = [(name, in_words(value)) for name, value in answer.outcome.items() if value is not None]
    overridden = [("overrides", f"{one.rule} of {one.file}") for one in answer.overridden]
    return [*said, ("rule", ", ".join(answer.rules)), ("because", answer.because), *overridden, asked]


def _fact(pair: str, table: Table) -> tuple[str, JsonValue]:
    """A fact as JSON; what is none of its input's type is handed on as text, for the table to refuse."""
    name, equals, text = pair.partition("=")
    if not equals:
        raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="NAME=VALUE")
    declared = table.given.get(name)
    return name, _value(text, declared.type) if declared else text


def _value(text: str, kind: ValueType) -> JsonValue:
    if text == RESERVED:
        return None
    if isinstance(kind, SetType):
        return [*text.split(",")] if text else []
    try:
        return kind.plain(kind.literal(text))
    except NotAValue:
        return text
