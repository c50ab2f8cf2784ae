"""Doors to an office, and cases that pay through it, run by the engine in this process."""

import sys
from pathlib import Path
from typing import Any

from office_books import OfficeBooks

from tools import Server
from tools.registry import ServerEntry

PROGRAM = Path(__file__).parents[1] / "gauntlet" / "office_server.py"
ACCOUNT = {"tool": "office.find_supplier", "place": "supplier.iban", "same": {"supplier": "supplier.id"}}


def office_entry(folder: Path, **pay: Any) -> ServerEntry:
    """An entry for an office over the folder; what is given is of its tool `pay`."""
    reading = dict.fromkeys(("find_supplier", "list_letters", "search_internet"), "read")
    witnessed = {"contract": "keyed", "witnesses": {"iban": [ACCOUNT]}}
    return ServerEntry.model_validate(
        {
            "name": "office",
            "command": [sys.executable, str(PROGRAM), str(folder)],
            "sandbox": True,
            "pinned": False,
            "timeout_s": 20.0,
            "tools": {**reading, "pay": {**witnessed, **pay}, "send_mail": "blind"},
        }
    )


def office_file(folder: Path) -> Path:
    """Write a file of servers with an office over the folder, for STEWARD_SERVERS."""
    file = folder / "servers.toml"
    witness = "{tool = 'office.find_supplier', place = 'supplier.iban', same = {supplier = 'supplier.id'}}"
    file.write_text(
        f"""
[office]
command = ["{sys.executable}", "{PROGRAM}", "{folder}"]
sandbox = true
pinned = false
timeout_s = 20

[office.tools]
find_supplier = "read"
list_letters = "read"
search_internet = "read"
pay = {{contract = "keyed", witnesses = {{iban = [{witness}]}}}}
send_mail = "blind"
"""
    )
    return file


def office(folder: Path, **pay: Any) -> tuple[Server, OfficeBooks]:
    """A door to an office, and its books."""
    books = OfficeBooks(folder)
    books.learn()
    return Server(office_entry(folder, **pay)), books
