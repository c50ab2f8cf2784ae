"""The commands about policies: two read the files, one asks a server.

What they need is imported only when they run: the commands of a client must start at once.
"""

from typing import Annotated
from uuid import UUID

import typer

from server.cli.answers import parse_json
from server.cli.api import DEFAULT_URL
from server.cli.operator_api import OperatorApi
from server.cli.options import Actor, Json, Url
from server.cli.tables import Grid, present
from server.http.policy_models import PolicyExplanation
from server.settings import load_settings

app = typer.Typer(
    name="policy", help="Check policies, and ask what they say of a call.", no_args_is_help=True
)


@app.command()
def check() -> None:
    """Check the policies, ours and those of STEWARD_POLICIES, against the approved tools."""
    from server.errors import PoliciesInvalid
    from server.policies.loading import Policies

    try:
        policies = Policies(load_settings().policies).current().policies
    except PoliciesInvalid as invalid:
        typer.echo("\n".join(invalid.findings), err=True)
        raise typer.Exit(1) from None
    files = sorted({policy.file for policy in policies.values()})
    tried = sum(policy.tried for policy in policies.values())
    trial = f", {tried} on trial" if tried else ""
    typer.echo(f"{len(policies)} policies{trial} fit the tools: {', '.join(files)}")


@app.command()
def schema() -> None:
    """Print the Cedar schema of the registered tools, for an editor or another checker."""
    from server.policies.actions import cedar_schema
    from server.policies.loading import registered_actions
    from tools.registry import our_servers

    typer.echo(cedar_schema(registered_actions(our_servers().values()).values()), nl=False)


@app.command()
def explain(
    tool: Annotated[str, typer.Argument(metavar="SERVER.TOOL", help="The tool.")],
    *,
    args: Annotated[str, typer.Option("--args", help="The arguments, as JSON.")] = "{}",
    person: Annotated[str | None, typer.Option(help="For whom the call would be made.")] = None,
    process: Annotated[str | None, typer.Option(help="In which process.")] = None,
    agent: Annotated[str | None, typer.Option(help="By which agent; else by a step of the process.")] = None,
    case: Annotated[UUID | None, typer.Option(help="A case that says for whom and in which process.")] = None,
    url: Url = DEFAULT_URL,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Say whether a call would be allowed, by which policies, and what would have to be different."""
    asked = {
        "tool": tool,
        "arguments": parse_json(args, option="--args"),
        "person": person,
        "process": process,
        "agent": agent,
        "case": str(case) if case else None,
    }
    with OperatorApi(url, actor=actor) as api:
        said = api.explain({name: value for name, value in asked.items() if value is not None})
        present(said, [Grid(_rows(said)), Grid(_voices(said), _HEADINGS)], as_json=as_json)


_HEADINGS = ("policy", "effect", "standing", "reason", "place")


def _rows(said: PolicyExplanation) -> list[tuple[str, str]]:
    owed = [" ".join(filter(None, (one.kind, one.detail))) for one in said.obligations]
    return [
        ("decision", said.decision),
        ("because", said.reason),
        *(("by", policy) for policy in said.policies),
        *(("obliges to", one) for one in owed),
        *(("on trial", one) for one in said.tried),
        *(("advice", one) for one in said.advice),
    ]


def _voices(said: PolicyExplanation) -> list[tuple[str, ...]]:
    return [
        (voice.id, voice.effect, voice.standing, voice.reason, f"{voice.file}:{voice.line}")
        for voice in said.voices
    ]
