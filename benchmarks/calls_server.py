"""The tool server that calls are measured on: `python -m benchmarks.calls_server [PORT]`, else over stdio."""

import sys

import uvicorn
from mcp.server.fastmcp import FastMCP
from pydantic import BaseModel

server = FastMCP("calls", log_level="CRITICAL")


class Answer(BaseModel):
    """What both tools answer."""

    text: str
    length: int
    known: bool


@server.tool()
def look(text: str) -> Answer:
    """Answer with what was said."""
    return Answer(text=text, length=len(text), known=True)


@server.tool()
def book(text: str, key: str) -> Answer:
    """Answer as if something had been done under the key."""
    return Answer(text=text, length=len(text), known=bool(key))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvicorn.run(server.streamable_http_app(), port=int(sys.argv[1]), log_level="critical")
    else:
        server.run("stdio")
