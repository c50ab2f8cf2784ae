"""A tool server that repeats all it was sent: `gossiping_server.py --http PORT`, or over stdio without.

What it was sent are the headers of the request, or its whole environment. Each tool says it in another way,
most of them against the protocol; it speaks that by hand, since no library would.
"""

import json
import os
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOOLS = ("echo", "complain", "fail", "garble", "misspeak", "forbid", "reject", "break", "drop")
PROMISE = {"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]}
SESSION = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "gossip", "version": "1"},
}


def result_of(name: str, said: str) -> dict[str, object] | None:
    """Return the result of a tool that answers by the protocol."""
    content = [{"type": "text", "text": said}]
    match name:
        case "echo":
            return {"content": content, "structuredContent": {"said": said}}
        case "complain":
            return {"content": content, "isError": True}
        case "misspeak":
            return {"content": content, "structuredContent": {"said": [said]}}
    return None


def reply(message: dict[str, object], said: str) -> dict[str, object] | None:
    """Return the JSON-RPC message that answers this one; None where there is none."""
    match message["method"]:
        case "initialize":
            result: dict[str, object] | None = SESSION
        case "tools/list":
            offered = {"inputSchema": {"type": "object"}, "outputSchema": PROMISE}
            result = {"tools": [{"name": name, **offered} for name in TOOLS]}
        case "tools/call":
            result = result_of(message["params"]["name"], said)  # type: ignore[index]
        case _:
            result = {}
    if "id" not in message:
        return None
    answer = {"result": result} if result is not None else {"error": {"code": -32603, "message": said}}
    return {"jsonrpc": "2.0", "id": message["id"], **answer}


def misbehave(name: str, said: str) -> Response | None:
    """Return what a tool answers against the protocol."""
    scope = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{said[:400]}"'}
    match name:
        case "garble":
            return Response(f'{{"jsonrpc": {said}', media_type="application/json")
        case "forbid":
            return Response(said, 403, headers=scope)
        case "reject":
            return Response(said, 401)
        case "break":
            return Response(said, 500)
        case "drop":
            return Response(
                said, headers={"Content-Length": str(len(said) + 99)}, media_type="application/json"
            )
    return None


async def serve(request):
    if request.method != "POST":
        return Response(status_code=405)
    message = await request.json()
    said = f"{request.url} {dict(request.headers)}"
    called = message.get("params", {}).get("name") if message["method"] == "tools/call" else None
    if called and (refused := misbehave(called, said)):
        return refused
    answer = reply(message, said)
    return JSONResponse(answer) if answer else Response(status_code=202)


def over_stdio() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        said = str(dict(os.environ))
        called = message.get("params", {}).get("name") if message["method"] == "tools/call" else None
        if called in {"garble", "forbid", "reject", "break", "drop"}:
            sys.stdout.write(f"garbled {said}\n")
            sys.stdout.flush()
            if called == "drop":
                os._exit(9)
        answer = reply(message, said)
        if answer:
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if "--http" in sys.argv:
        app = Starlette(routes=[Route("/mcp", serve, methods=["GET", "POST", "DELETE"])])
        uvicorn.run(app, port=int(sys.argv[-1]), log_level="critical")
    else:
        over_stdio()
