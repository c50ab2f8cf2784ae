"""What a server says when a session with it opens: its protocol, and the tools that it offers."""

from mcp import ClientSession, McpError, types
from pydantic import ValidationError

from tools.errors import BadOffer
from tools.sessions.messages import UNUSABLE
from tools.words import quoted

MOST_TOOLS = 1_000
MOST_PAGES = 100


async def begin(client: ClientSession, server: str) -> list[types.Tool]:
    """Open the session, and return the tools that the server offers.

    Raises:
        BadOffer: it speaks another protocol, or its tools come to no end.
        McpError: it refuses.
    """
    try:
        await client.initialize()
        return await list_tools(client, server)
    except McpError as error:
        if error.error.code != UNUSABLE:
            raise
        raise BadOffer(f"{server} cannot be used: {error.error.message}") from error
    except (RuntimeError, ValidationError) as error:  # how the MCP client tells of another protocol
        raise BadOffer(f"{server} cannot be used: {quoted(str(error))}") from error


async def list_tools(client: ClientSession, server: str) -> list[types.Tool]:
    """Return the tools that the server offers now; raises what `begin` does."""
    tools: list[types.Tool] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        tools += page.tools
        cursor = page.nextCursor
        if len(tools) > MOST_TOOLS:
            break
        if not cursor:
            return tools
    raise BadOffer(f"{server} lists more than {MOST_TOOLS:,} tools, or goes on for {MOST_PAGES} pages")
