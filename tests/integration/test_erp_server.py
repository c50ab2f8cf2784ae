"""The ERP as any MCP client meets it, over HTTP and over stdio."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing

import httpx
import pytest
from tool_servers import INVOICE, ROOT, erp_over_http, http_client, started, stdio_erp

TOOLS = {
    "get_company": True,
    "find_supplier": True,
    "get_order": True,
    "find_invoices": True,
    "convert_amount": True,
    "trial_balance": True,
    "list_entries": True,
    "list_keys": True,
    "book_invoice": False,
    "schedule_payment": False,
}


@pytest.fixture
def database(tmp_path):
    return tmp_path / "erp.sqlite3"


@pytest.fixture
def erp_url(database):
    with erp_over_http(database) as (_, url):
        yield url


async def book(session, key, number="RE-2026-0117", **changes):
    result = await session.call_tool("book_invoice", {**INVOICE, "number": number, "key": key, **changes})
    return result.structuredContent or result.content[0].text


async def entries(session):
    result = await session.call_tool("list_entries", {"limit": 1000})
    return result.structuredContent["entries"]


async def test_a_foreign_client_lists_the_tools_with_schemas_and_annotations(erp_url):
    async with http_client(erp_url) as session:
        tools = (await session.list_tools()).tools

    assert {tool.name: tool.annotations.readOnlyHint for tool in tools} == TOOLS
    assert all(tool.outputSchema["type"] == "object" for tool in tools)
    assert all(tool.inputSchema["additionalProperties"] is False for tool in tools)
    assert not any(tool.annotations.destructiveHint for tool in tools if not tool.annotations.readOnlyHint)


async def test_a_foreign_client_books_over_http_and_reads_over_stdio(erp_url, database):
    async with http_client(erp_url) as session:
        booking = await book(session, "k1")

    async with stdio_erp(database) as session:
        found = await session.call_tool("find_invoices", {"supplier": "S-1001", "number": "re 2026/0117"})

    assert booking["status"] == "booked"
    assert found.structuredContent["invoices"][0]["entry"] == booking["entry"]
    assert found.structuredContent["invoices"][0]["key"] == "k1"


async def test_the_key_may_come_in_meta_and_the_argument_wins(erp_url):
    meta = {"io.steward/idempotency-key": "from-meta"}
    async with http_client(erp_url) as session:
        await session.call_tool("book_invoice", {**INVOICE, "number": "A"}, meta=meta)
        await session.call_tool("book_invoice", {**INVOICE, "number": "B", "key": "argument"}, meta=meta)
        found = [
            await session.call_tool("find_invoices", {"supplier": "S-1001", "number": number})
            for number in ("A", "B")
        ]

    assert [result.structuredContent["invoices"][0]["key"] for result in found] == ["from-meta", "argument"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"net": "12,50"}, "net"),
        ({"net": "1e3"}, "net"),
        ({"net": "1570.001"}, "net"),
        ({"net": "-1.00"}, "net"),
        ({"tax": 298.3}, "tax"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "14.09.2026"}, "date"),
        ({"currency": "eur"}, "currency"),
        ({"kind": "reminder"}, "kind"),
        ({"key": ""}, "key"),
        ({"number": ""}, "number"),
        ({"lines": [{"order_line": 1, "quantity": "-1"}]}, "lines.0.quantity"),
        ({"lines": [{"order_line": 1, "quantity": "1", "price": "2"}]}, "lines.0.price"),
        ({"lines": [{"order_line": 1, "quantity": "1.0000001"}]}, "lines.0.quantity"),
        ({"preceding": [""]}, "preceding.0"),
        ({"preceding": "RE-1"}, "preceding"),
        ({"despite": ["duplicate_invoice"]}, "despite.0"),
        ({"iban": "DE81100100100000666066"}, "iban"),
    ],
)
async def test_a_bad_argument_is_an_error_that_names_the_field(shared_erp, changes, field):
    async with http_client(shared_erp) as session:
        result = await session.call_tool("book_invoice", {**INVOICE, "key": "k1", **changes})
        written = await entries(session)

    assert result.isError
    assert field in result.content[0].text
    assert written == []


@pytest.fixture(scope="module")
def shared_erp(tmp_path_factory):
    """One server for the tests that write nothing."""
    with erp_over_http(tmp_path_factory.mktemp("erp") / "erp.sqlite3") as (_, url):
        yield url


async def test_a_key_with_other_arguments_is_an_error(erp_url):
    async with http_client(erp_url) as session:
        await book(session, "k1")
        answer = await book(session, "k1", number="RE-2")

    assert "key_conflict" in answer


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total": "1868.31"}, "unbookable"),
        ({"due_date": "2026-09-13"}, "unbookable"),
        ({"number": "---"}, "unbookable"),
        ({"kind": "credit_note", "preceding": ["RE-1"]}, "unknown_preceding"),
        ({"order": "po 2026/0001", "lines": [{"order_line": 1, "quantity": "101"}]}, "over_received"),
    ],
)
async def test_a_refusal_is_an_answer_with_code_and_message(shared_erp, changes, code):
    async with http_client(shared_erp) as session:
        answer = await book(session, "k1", **changes)
        written = await entries(session)

    filled = {field: value for field, value in answer.items() if value}
    assert filled == {"status": "refused", "code": code, "message": answer["message"]}
    assert written == []


async def test_an_order_is_overbilled_and_paid_in_part_on_request(erp_url):
    over = {"order": "po 2026/0001", "lines": [{"order_line": 1, "quantity": "101"}]}
    async with http_client(erp_url) as session:
        booking = await book(session, "k1", **over, despite=["over_received"])
        order = await session.call_tool("get_order", {"number": "po2026-0001"})
        payment = {"entry": booking["entry"], "supplier": "S-1001", "currency": "EUR"}
        paid = await session.call_tool(
            "schedule_payment",
            {
                **payment,
                "iban": "DE64500105170000110011",
                "date": "2026-10-14",
                "amount": "1868.29",
                "key": "p1",
            },
        )

    assert order.structuredContent["order"]["lines"][0]["invoiced"] == "101"
    assert paid.structuredContent["amount"] == "1868.29"


async def test_the_company_is_read_with_its_entity_and_its_stop_of_cash(shared_erp):
    async with http_client(shared_erp) as session:
        company = await session.call_tool("get_company", {})

    assert company.structuredContent == {
        "entity": "HW-DE",
        "name": "Halden Werke GmbH",
        "vat_id": "DE811907980",
        "city": "Hamburg",
        "cash_stop_until": None,
    }


async def test_twenty_at_once_with_one_key_over_two_processes_book_once(erp_url, database):
    async with http_client(erp_url) as first, stdio_erp(database) as second:
        answers = await asyncio.gather(*(book((first, second)[n % 2], "k1") for n in range(20)))
        written = await entries(first)

    assert len(written) == 1
    assert {answer["entry"] for answer in answers} == {written[0]["entry"]}
    assert Counter(answer["repeated"] for answer in answers) == {True: 19, False: 1}


async def test_processes_that_start_together_on_a_new_file_seed_it_once(database):
    async def count(_):
        async with stdio_erp(database) as session:
            answer = await session.call_tool("get_order", {"number": "PO-2026-0001"})
            return len(answer.structuredContent["order"]["lines"])

    assert await asyncio.gather(*map(count, range(4))) == [2, 2, 2, 2]


async def burst(url, keys, *, kill=None):
    """Book an invoice for each key and return the entries that were answered; `kill` at the tenth answer."""
    answered = {}

    async def one(client, number):
        call = {"name": "book_invoice", "arguments": {**INVOICE, "number": number, "key": number}}
        request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        response = await client.post(url, json=request)
        answered[number] = response.json()["result"]["structuredContent"]["entry"]
        if kill is not None and len(answered) == 10:
            kill()

    headers = {"Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient(headers=headers, timeout=20) as client:
        await asyncio.gather(*(one(client, key) for key in keys), return_exceptions=True)
    return answered


async def test_kill_in_a_burst_of_bookings_loses_no_answer_and_doubles_none(database):
    keys = [f"RE-{number}" for number in range(1, 61)]
    with erp_over_http(database) as (process, url):
        before = await burst(url, keys, kill=process.kill)

    with erp_over_http(database) as (_, url):
        after = await burst(url, keys)
        async with http_client(url) as session:
            written = await entries(session)
            balance = (await session.call_tool("trial_balance", {})).structuredContent

    assert 10 <= len(before) < len(keys), "the kill must fall into the burst"
    assert len(after) == len(keys)
    assert before.items() <= after.items()
    assert Counter(entry["number"] for entry in written) == dict.fromkeys(keys, 1)
    assert balance["balanced"]
    assert balance["debit"] == f"{186830 * len(keys) / 100:.2f}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_http_server_cleanly(database, number):
    with erp_over_http(database) as (process, _):
        process.send_signal(number)

        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""


def test_a_signal_ends_the_stdio_server_cleanly(database):
    command = [sys.executable, "-m", "tools.erp", "--stdio", "--database", str(database)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.terminate()

        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("transport", [["--stdio"], ["--http", "127.0.0.1:0"]])
def test_a_file_of_an_older_schema_is_refused_in_one_line(database, transport):
    with closing(sqlite3.connect(database)) as older:
        older.executescript("CREATE TABLE suppliers (id); PRAGMA user_version = 1")
    command = ["-m", "tools.erp", *transport, "--database", str(database)]

    ended = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert f"{database} has version 1" in ended.stderr
    assert "Remove the file" in ended.stderr


def test_a_request_under_a_foreign_host_name_is_turned_away(shared_erp):
    answer = httpx.post(shared_erp, json={}, headers={"Host": "rebound.example"})

    assert answer.status_code == 421


def test_a_host_off_loopback_needs_to_be_allowed(database):
    command = ["-m", "tools.erp", "--http", "0.0.0.0:0", "--database", str(database)]

    ended = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "--allow-host" in ended.stderr


def test_an_allowed_host_name_is_served_off_loopback(database):
    command = ["-m", "tools.erp", "--http", "0.0.0.0:0", "--allow-host", "erp", "--database", str(database)]
    with started(*command) as (_, url):
        port = httpx.URL(url).port
        answer = httpx.post(f"http://127.0.0.1:{port}/mcp", json={}, headers={"Host": f"erp:{port}"})

    assert answer.status_code != 421
