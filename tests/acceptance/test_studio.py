"""The official `langgraph dev` server and the official SDK, on the process as it stands."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDIO = Path(os.environ.get("STEWARD_STUDIO", ROOT / ".studio"))

DRIVER = """
import asyncio, json, sys
from langgraph_sdk import get_client


async def main(url):
    client = get_client(url=url)
    thread = await client.threads.create()
    arrival = {"document": "sample:04-no-order.xml"}
    waiting = await client.runs.wait(thread["thread_id"], "invoice_to_pay", input=arrival)
    state = await client.threads.get_state(thread["thread_id"])
    answer = {"resume": {"decision": "approve", "comment": "agreed by phone"}}
    ended = await client.runs.wait(thread["thread_id"], "invoice_to_pay", command=answer)
    after = await client.threads.get_state(thread["thread_id"])
    print(json.dumps({
        "interrupt": waiting["__interrupt__"][0]["value"],
        "next": state["next"],
        "result": ended["result"],
        "next_after": after["next"],
    }))


asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def studio_url(tmp_path: Path) -> Iterator[str]:
    """`langgraph dev` from its own environment, in memory, with an ERP of its own over stdio."""
    if not (STUDIO / "bin" / "langgraph").exists():
        pytest.skip("the environment of LangGraph Studio is not set up; `make test` does it")
    port = free_port()
    environment = os.environ | {"ERP_DATABASE": str(tmp_path / "erp.sqlite3"), "LANGSMITH_TRACING": "false"}
    environment.pop("ERP_URL", None)
    command = [STUDIO / "bin" / "langgraph", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    with (tmp_path / "studio.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until_up(f"http://127.0.0.1:{port}", process, tmp_path / "studio.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def test_a_case_runs_to_its_interrupt_and_is_resumed(studio_url: str) -> None:
    driver = subprocess.run(
        [STUDIO / "bin" / "python", "-c", DRIVER, studio_url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert driver.returncode == 0, driver.stderr[-3000:]
    seen = json.loads(driver.stdout)
    assert seen["interrupt"]["role"] == "buyer"
    assert seen["next"] == ["ask"]
    assert seen["result"].startswith("booked as entry JE-000001, payment PAY-000001 on ")
    assert seen["next_after"] == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/ok", timeout=1).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"langgraph dev did not start:\n{log.read_text()[-4000:]}")
