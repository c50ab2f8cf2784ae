"""The command line: it runs the host, and is a client of the HTTP API for everything about cases."""

import typer

from server.cli.tables import one_line
from server.errors import ServerError
from server.packages import check_packages


def main() -> None:
    """Run the command line: an expected failure is one line on stderr and exit code 1, wrong usage is 2."""
    try:
        check_packages()
        # Only now: the commands import the five packages, which the line above found to be ours.
        from rules import RuleError
        from server.cli.commands import app

        try:
            app()
        except RuleError as error:  # a line a finding, as editors read them
            typer.echo(str(error), err=True)
            raise SystemExit(1) from None
        except Exception as error:
            # It takes its time, and most commands do without the tools.
            from tools import ToolError

            if not isinstance(error, ToolError):
                raise
            typer.echo(f"steward: {one_line(str(error))}", err=True)
            raise SystemExit(1) from None
    except ServerError as error:
        typer.echo(f"steward: {one_line(error.message)}", err=True)
        raise SystemExit(1) from None
