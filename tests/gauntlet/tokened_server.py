"""A tool server that wants tokens: `tokened_server.py FOLDER PORT ISSUER`.

It takes those that ISSUER signed for its own address, with the scope `tools`, and writes down who called:
one line a call into FOLDER/calls, with the subject, the agent that acts for it, and what the call says of
both. A tool wants the scope `money` besides. While FOLDER/reject exists, no token is good enough. The tool
`echo` answers with the token itself, as no server should.
"""

import json
import sys
import time
from pathlib import Path

import httpx
import jwt
import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from pydantic import AnyHttpUrl, BaseModel

folder, port, issuer = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ADDRESS = f"http://127.0.0.1:{port}/mcp"
# How long the issuer's key is taken to be still the same.
KEPT_S = 0.3


class Verifier:
    """Checks signature, issuer, audience and expiry by the issuer's published keys."""

    def __init__(self):
        self.key = None
        self.fetched_at = 0.0

    async def verify_token(self, token):
        if (folder / "reject").exists():
            return None
        if time.monotonic() - self.fetched_at > KEPT_S:
            await self.fetch_key()
        claims = self.read(token)
        return claims and AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            resource=claims["aud"],
            subject=claims["sub"],
            claims=claims,
        )

    def read(self, token):
        try:
            return jwt.decode(token, self.key, ["ES256"], audience=ADDRESS, issuer=issuer)
        except (jwt.PyJWTError, TypeError):
            return None

    async def fetch_key(self):
        """Fetch the issuer's key, which is another one after each start."""
        async with httpx.AsyncClient() as client:
            keys = (await client.get(f"{issuer}/jwks")).json()["keys"]
        self.key, self.fetched_at = jwt.PyJWK(keys[0]), time.monotonic()


server = FastMCP(
    "tokened",
    port=port,
    log_level="CRITICAL",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=AnyHttpUrl(issuer),
        resource_server_url=AnyHttpUrl(ADDRESS),
        required_scopes=["tools"],
        validate_token_resource=True,
    ),
)


class Note(BaseModel):
    """Who called, as the token says."""

    person: str
    agent: str | None


@server.tool()
def note(text: str = "", key: str = "") -> Note:
    """Write down who calls."""
    claims = get_access_token().claims
    person, agent = claims["sub"], claims.get("act", {}).get("sub")
    with (folder / "calls").open("a") as file:
        line = {"person": person, "agent": agent, "text": text, "key": key, "token": claims["jti"]}
        file.write(json.dumps(line) + "\n")
    return Note(person=person, agent=agent)


class Echo(BaseModel):
    """What no server should answer."""

    token: str


@server.tool()
def echo() -> Echo:
    """Answer with the token."""
    return Echo(token=f"you sent {get_access_token().token}!")


@server.tool()
def complain() -> Echo:
    """Fail, and say the token in the error."""
    raise ToolError(f"bad token {get_access_token().token}")


if __name__ == "__main__":
    uvicorn.run(server.streamable_http_app(), port=port, log_level="critical")
