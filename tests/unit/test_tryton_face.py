"""Tryton offers the tools of the bundled ERP, word for word, so that a process cannot tell the two apart."""

import json
from pathlib import Path

from tools.erp.books import Books
from tools.registry import SERVERS, load_servers
from tools.tryton.books import TrytonBooks

OURS = Path(__file__).parents[2] / "tools" / "tryton" / "servers.toml"


def test_what_is_approved_of_tryton_is_what_is_approved_of_the_bundled_erp() -> None:
    bundled, theirs = load_servers(SERVERS)["erp"], load_servers(OURS)["erp"]

    assert theirs.lock_file is not None
    assert bundled.lock_file is not None
    approved = [json.loads(file.read_text("utf-8"))["erp"] for file in (bundled.lock_file, theirs.lock_file)]
    assert approved[0] == approved[1]


def test_the_tools_have_the_same_contracts_witnesses_and_record() -> None:
    bundled, theirs = load_servers(SERVERS)["erp"], load_servers(OURS)["erp"]

    assert theirs.tools == bundled.tools
    assert theirs.record == bundled.record


def test_trytons_books_answer_whatever_the_face_asks() -> None:
    asked = {name for name in vars(Books) if not name.startswith("_")}

    assert asked <= set(vars(TrytonBooks))
