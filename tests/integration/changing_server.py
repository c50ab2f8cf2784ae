"""A tool server whose tools stand in a file: `changing_server.py FOLDER [--http PORT]`.

It offers what FOLDER/tools.json lists at the moment, so that a test can change it under a session. Each
call is a line of FOLDER/calls: the tool, the header `X-Key`, the variable TOKEN. A call of `announce` also
tells the client that the list has changed.
"""

import json
import os
import sys
from pathlib import Path

import uvicorn
from mcp import types
from mcp.server.fastmcp import FastMCP

folder = Path(sys.argv[1])
server = FastMCP("changing", log_level="CRITICAL")
lowlevel = server._mcp_server


async def list_tools(_request: types.ListToolsRequest) -> types.ServerResult:
    listed = json.loads((folder / "tools.json").read_text())
    return types.ServerResult(types.ListToolsResult(tools=[types.Tool(**tool) for tool in listed]))


async def call(request: types.CallToolRequest) -> types.ServerResult:
    context = lowlevel.request_context
    headers = context.request.headers if context.request else {}
    # Letter by letter, for what a server repeats of our secrets does not come through the door.
    key, token = (text and " ".join(text) for text in (headers.get("x-key"), os.environ.get("TOKEN")))
    seen = {"tool": request.params.name, "key": key, "token": token}
    with (folder / "calls").open("a") as calls:
        calls.write(json.dumps(seen) + "\n")
    if request.params.name == "announce":
        await context.session.send_tool_list_changed()
    return types.ServerResult(types.CallToolResult(content=[], structuredContent=seen))


lowlevel.request_handlers[types.ListToolsRequest] = list_tools
lowlevel.request_handlers[types.CallToolRequest] = call

if "--http" in sys.argv:
    port = int(sys.argv[-1])
    sys.stderr.write(f"at http://127.0.0.1:{port}/mcp\n")
    uvicorn.run(server.streamable_http_app(), port=port, log_level="critical")
else:
    server.run("stdio")
