"""A server written on version 2 of the MCP SDK, for its own interpreter: `sdk2_server.py PORT`."""

import sys

from mcp.server import MCPServer
from pydantic import BaseModel


class Sum(BaseModel):
    """What `add` answers."""

    total: str


server = MCPServer("sums")


@server.tool()
def add(a: str, b: str) -> Sum:
    """Add two whole numbers."""
    return Sum(total=str(int(a) + int(b)))


port = int(sys.argv[1])
sys.stderr.write(f"at http://127.0.0.1:{port}/mcp\n")
server.run("streamable-http", port=port)
