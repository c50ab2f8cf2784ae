"""An office as an MCP server: suppliers and their letters, a bank, mail, a search on the internet.

`office_server.py FOLDER PORT` reads what it knows from FOLDER/office.json, at each call anew, and writes
every call into FOLDER/office.sqlite3, see `office_books`. A payment goes to whatever account it is told.
"""

import socket
import sys
from pathlib import Path

import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from mcp.types import Tool
from office_books import OfficeBooks
from pydantic import BaseModel

KEY_IN_META = "io.steward/idempotency-key"

books = OfficeBooks(Path(sys.argv[1]))


class Supplier(BaseModel):
    """The master data of a supplier."""

    id: str
    name: str
    iban: str


class SupplierAnswer(BaseModel):
    supplier: Supplier | None


class Texts(BaseModel):
    texts: list[str]


class Done(BaseModel):
    number: str


class Office(FastMCP):
    """Describes its tools as FOLDER/office.json says, where it says anything."""

    async def list_tools(self) -> list[Tool]:
        said = books.knows("descriptions", {})
        return [
            tool.model_copy(update={"description": said.get(tool.name, tool.description)})
            for tool in await super().list_tools()
        ]


office = Office("office", log_level="CRITICAL", stateless_http=True, json_response=True)


@office.tool()
def find_supplier(name: str) -> SupplierAnswer:
    """Find a supplier in the master data by its exact name."""
    books.note("find_supplier", {"name": name})
    found = [one for one in books.knows("suppliers", []) if one["name"] == name]
    return SupplierAnswer(supplier=found[0] if found else None)


@office.tool()
def list_letters(supplier: str) -> Texts:
    """List what a supplier has written to us lately."""
    books.note("list_letters", {"supplier": supplier})
    return Texts(texts=books.knows("letters", []))


@office.tool()
def search_internet(query: str) -> Texts:
    """Search the internet, which sees the query."""
    books.note("search_internet", {"query": query})
    return Texts(texts=books.knows("found", []))


@office.tool()
def pay(context: Context, supplier: str, iban: str, amount: str, reference: str) -> Done:
    """Pay an amount in euro to an account."""
    arguments = {"supplier": supplier, "iban": iban, "amount": amount, "reference": reference}
    return Done(number=books.note("pay", arguments, key=_key(context)))


@office.tool()
def send_mail(to: str, subject: str, body: str) -> Done:
    """Send a mail to anybody."""
    return Done(number=books.note("send_mail", {"to": to, "subject": subject, "body": body}))


def _key(context: Context) -> str | None:
    meta = context.request_context.meta
    return (meta.model_extra or {}).get(KEY_IN_META) if meta else None


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[2]))) as listener:
        sys.stderr.write(f"office at http://127.0.0.1:{listener.getsockname()[1]}/mcp\n")
        sys.stderr.flush()
        config = uvicorn.Config(office.streamable_http_app(), log_level="critical")
        uvicorn.Server(config).run(sockets=[listener])
