"""The client that the MCP conformance suite judges: our own door, and nothing else of MCP.

The suite starts it as `conformance_client.py URL`, with the scenario's name in MCP_CONFORMANCE_SCENARIO.
"""

import asyncio
import json
import os
import sys

import httpx

import tools
from tools import Server
from tools.registry import ServerEntry

# What each scenario wants called; `initialize` offers no tool, so that opening a session is all of it.
CALLS = {
    "initialize": ("none", {}),
    "tools_call": ("add_numbers", {"a": 5, "b": 3}),
    "sse-retry": ("test_reconnection", {}),
    "elicitation-sep1034-client-defaults": ("test_client_elicitation_defaults", {}),
    "auth/client-credentials-basic": ("test-tool", {}),
    "auth/client-credentials-jwt": ("test-tool", {}),
}


def identity(url: str) -> dict[str, object]:
    """Return what an operator would write about the scenario's authorisation server."""
    known = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    if "client_id" not in known:
        return {}
    told = httpx.get(httpx.URL(url).join("/.well-known/oauth-protected-resource/mcp")).json()
    secret = "client_secret" if "client_secret" in known else "private_key_pem"
    os.environ["CONFORMANCE_SECRET"] = known[secret]
    place = {secret.removesuffix("_pem"): {"env": "CONFORMANCE_SECRET"}}
    return {"oauth": {"issuer": told["authorization_servers"][0], "client_id": known["client_id"], **place}}


async def main(scenario: str, url: str) -> None:
    tool, arguments = CALLS[scenario]
    entry = ServerEntry(
        name="conformance",
        url=url,
        sandbox=True,
        pinned=False,
        timeout_s=10,
        identity=identity(url),
        tools={tool: {"contract": "read", "answer": "text"}},
    )
    try:
        sys.stdout.write(f"{await Server(entry).call(tool, **arguments)}\n")
    except tools.ToolError as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
    finally:
        await tools.close()


asyncio.run(main(os.environ["MCP_CONFORMANCE_SCENARIO"], sys.argv[1]))
