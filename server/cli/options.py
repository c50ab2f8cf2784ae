"""Options that several commands take."""

from typing import Annotated

import typer

Url = Annotated[str, typer.Option(envvar="STEWARD_URL", help="Where the server is.")]
Actor = Annotated[
    str | None, typer.Option("--as", envvar="STEWARD_ACTOR", help="Who does it, for the audit trail.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON, one document a line.")]
Limit = Annotated[int, typer.Option(min=1, help="How many rows, newest first.")]
Abbreviated = Annotated[
    str | None, typer.Argument(metavar="ID", help="An id, or its beginning, to see one in detail.")
]
