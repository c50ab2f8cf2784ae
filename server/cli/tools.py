"""The commands about the tool servers of servers.toml. They ask the servers themselves, and need no host.

What they need is imported only when they run: the commands of a client must start at once.
"""

import json
from typing import Annotated

import typer

from server.cli.answers import parse_json
from server.cli.tables import console_of, show

app = typer.Typer(name="tools", help="See, approve and call the tools of servers.toml.", no_args_is_help=True)

ServerName = Annotated[str, typer.Argument(metavar="SERVER", help="A server of servers.toml.")]
ToolName = Annotated[str, typer.Argument(metavar="TOOL", help="One of its tools.")]
Person = Annotated[
    str | None,
    typer.Option("--as", envvar="STEWARD_ACTOR", help="For whom, at a server that is called for a person."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list")
def list_servers(*, person: Person = None, as_json: Json = False) -> None:
    """List the servers and their tools: whether they answer, and whether what they offer is approved."""
    from server.cli.tool_servers import known
    from server.cli.tool_texts import json_of, rows_of_servers, rows_of_tools

    servers = known(person=person)
    if as_json:
        typer.echo(json_of(servers))
    else:
        show(console_of(), [rows_of_servers(servers), rows_of_tools(servers)])
    for server in servers:
        if not server.pinned:
            typer.echo(f"steward: {server.name} is NOT PINNED: whatever it offers is called", err=True)


@app.command("show")
def show_tool(server: ServerName, tool: ToolName, *, person: Person = None) -> None:
    """Show all that a server says of a tool, and what differs from what was approved."""
    from server.cli.tool_servers import known, tool_of
    from server.cli.tool_texts import lines_of

    typer.echo("\n".join(lines_of(server, tool_of(known(server, person=person)[0], tool))))


@app.command()
def approve(
    server: ServerName,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOOL", help="Tools; without any, all that are new or changed."),
    ] = None,
    *,
    person: Person = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: somebody has read it already.")] = False,
) -> None:
    """Show what a server says of its tools, ask, and write it into the lock file beside its servers.toml.

    From then on a tool is called only while the server says the same of it.
    """
    from server.cli.tool_servers import approvable, keep_approved
    from server.cli.tool_texts import lines_of

    chosen = approvable(server, names or [], person=person)
    if not chosen:
        typer.echo(f"nothing to approve: {server} offers what was approved")
        return
    for tool in chosen:
        typer.echo("\n".join([*lines_of(server, tool), ""]))
    if not yes:
        typer.confirm(f"Approve {', '.join(tool.name for tool in chosen)} of {server}?", abort=True)
    typer.echo(f"written: {keep_approved(server, chosen)}")


@app.command()
def diff(
    server: Annotated[
        str | None, typer.Argument(metavar="SERVER", help="A server of servers.toml; without it, all.")
    ] = None,
    *,
    person: Person = None,
) -> None:
    """Say where a server offers something else than what was approved; exit with 1 if one does.

    A server that does not answer counts as different: nobody knows what it offers.
    """
    from server.cli.tool_servers import known
    from server.cli.tool_texts import differences

    servers = known(server, person=person)
    for line in differences(servers):
        typer.echo(line)
    for one in servers:
        if one.error:
            typer.echo(f"steward: {one.error}", err=True)
    if any(one.differs for one in servers):
        raise typer.Exit(1)


@app.command()
def call(
    server: ServerName,
    tool: ToolName,
    *,
    arguments: Annotated[
        str, typer.Option("--args", metavar="JSON", help="""What it is called with: '{"number": "PO-1"}'.""")
    ] = "{}",
    key: Annotated[
        str | None, typer.Option(help="For a tool that changes something: the key of this one effect.")
    ] = None,
    person: Person = None,
) -> None:
    """Call a tool and print its answer.

    No case is behind the call and no host guards it, so that a tool that changes something is called at a
    sandbox only, and with a key: the same one again is the same effect.
    """
    from server.cli.tool_servers import answer_of

    given = parse_json(arguments, option="--args")
    if not isinstance(given, dict) or "key" in given:
        raise typer.BadParameter("arguments are a JSON object, without a key", param_hint="--args")
    typer.echo(json.dumps(answer_of(server, tool, arguments=given, key=key, person=person)))
