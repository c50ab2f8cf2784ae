"""The command that runs the examples of tables."""

import json
from typing import Annotated

import typer

from rules import Escalation, list_tables
from rules.trial import Trial, Tried, try_examples
from server.cli.rule_files import open_layers
from server.cli.tables import one_line


def try_tables(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TABLE", help="Names or files; else all.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line and table.")
    ] = False,
) -> None:
    """Run the examples of tables, and name the rules that none reaches; exit with 1 if any fails."""
    trials = [try_examples(layers) for layers in map(open_layers, names or list_tables())]
    for trial in trials:
        if as_json:
            typer.echo(json.dumps(trial.as_json(), ensure_ascii=True))
        else:
            _print(trial)
    if any(trial.failed for trial in trials):
        raise typer.Exit(1)


def _print(trial: Trial) -> None:
    passed, reached = len(trial.tried) - len(trial.failed), len(trial.rules) - len(trial.unreached)
    typer.echo(
        f"{trial.layers.base.file}: {passed} of {len(trial.tried)} examples pass,"
        f" {reached} of {len(trial.rules)} rules are reached"
    )
    for one in trial.failed:
        typer.echo(f"{one.example.file}:{one.example.line}: {one_line(_failure(one))}")
    for rule in trial.unreached:
        typer.echo(f"{rule.origin}:{rule.line}: no example reaches rule {rule.id}")


def _failure(tried: Tried) -> str:
    differences = "; ".join(map(str, tried.differences))
    return f"example {tried.example.name!r}: {differences} ({_grounds(tried)})"


def _grounds(tried: Tried) -> str:
    answer = tried.answer
    return answer.message if isinstance(answer, Escalation) else f"decided by {', '.join(answer.rules)}"
