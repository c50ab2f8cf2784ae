"""A tool server that misbehaves on request: `unreliable_server.py FOLDER [--http PORT]`.

It notes each call once per key in FOLDER/notes. While FOLDER/die exists, it dies after the note and
before the answer, and removes the file as it goes. FOLDER/pid names its process, and FOLDER/cancelled the
tools whose work was cancelled.
"""

import asyncio
import inspect
import os
import sys
from pathlib import Path

import uvicorn
from mcp import McpError, types
from mcp.server.fastmcp import FastMCP

folder = Path(sys.argv[1])
(folder / "pid").write_text(str(os.getpid()))
notes = folder / "notes"
promise = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
server = FastMCP("unreliable", log_level="CRITICAL")


def result(structure=None, *, text="", is_error=False):
    content = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=content, structuredContent=structure, isError=is_error)


def note(request: types.CallToolRequest):
    key = request.params.meta.model_extra["io.steward/idempotency-key"]
    known = notes.read_text().splitlines() if notes.exists() else []
    if key not in known:
        with notes.open("a") as file:
            file.write(key + "\n")
    if (folder / "die").exists():
        (folder / "die").unlink()
        os._exit(9)
    key_argument = (request.params.arguments or {}).get("key")
    return result({"count": len(known) + 1, "repeated": key in known, "key_argument": key_argument})


async def note_slowly(request):
    answer = note(request)
    await asyncio.sleep(30)
    return answer


async def wait(request):
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        with (folder / "cancelled").open("a") as file:
            file.write(request.params.name + "\n")
        raise
    return result({"count": 1})


async def hold(_request):
    while not (folder / "release").exists():  # noqa: ASYNC110  another process makes it
        await asyncio.sleep(0.01)
    return result({"count": 1})


async def count_to_three(request):
    context = server._mcp_server.request_context
    for number in (1, 2, 3):
        await context.session.send_progress_notification(
            request.params.meta.progressToken,
            number,
            3,
            f"step {number}",
            related_request_id=str(context.request_id),
        )
        await asyncio.sleep(0.3)
    return result({"count": 3})


async def grow(_request):
    TOOLS["grown"] = lambda _: result({"count": 1})
    await server._mcp_server.request_context.session.send_tool_list_changed()
    return result({"count": 1})


def broken(_request):
    raise McpError(types.ErrorData(code=types.INTERNAL_ERROR, message="ink everywhere"))


TOOLS = {
    "note": note,
    "note_slowly": note_slowly,
    "note_refused": lambda _: result(text="no pencil", is_error=True),
    "note_broken": broken,
    "wrong": lambda _: result({"count": "many"}),
    "bare": lambda _: result(text="two"),
    "refuse": lambda _: result(text="no pencil", is_error=True),
    "wait": wait,
    "wait_too": wait,
    "hold": hold,
    "count_to_three": count_to_three,
    "grow": grow,
    "die": lambda _: os._exit(9),
}


async def call(request: types.CallToolRequest) -> types.ServerResult:
    answer = TOOLS[request.params.name](request)
    return types.ServerResult(await answer if inspect.isawaitable(answer) else answer)


async def list_tools(_request: types.ListToolsRequest) -> types.ServerResult:
    tools = [
        types.Tool(
            name=name,
            inputSchema={"type": "object", "properties": {"key": {"type": "string"}}},
            outputSchema=promise,
        )
        for name in TOOLS
    ]
    return types.ServerResult(types.ListToolsResult(tools=tools))


# The registered handlers are replaced, because FastMCP would not let a tool break its promises.
server._mcp_server.request_handlers[types.CallToolRequest] = call
server._mcp_server.request_handlers[types.ListToolsRequest] = list_tools

if "--http" in sys.argv:
    port = int(sys.argv[-1])
    sys.stderr.write(f"at http://127.0.0.1:{port}/mcp\n")
    uvicorn.run(server.streamable_http_app(), port=port, log_level="critical")
else:
    server.run("stdio")
