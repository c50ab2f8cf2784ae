"""Calls for many persons at once: the server's own record says that each ran as the person of its case."""

import asyncio
import random

import pytest
from identities import (
    SECRET,
    SECRET_VARIABLE,
    free_port,
    running_issuer,
    running_tokened,
    sign_as_steward,
    tokened,
)

import tools
from tools import Server
from tools.credentials.assertions import ISSUER_VARIABLE, KEY_VARIABLE
from tools.errors import ToolError
from tools.ports import Caller, install
from tools.sessions.lane import MOST_SESSIONS
from tools.sessions.pool import states

PERSONS = [f"person-{number}" for number in range(10)]
CALLS = 200


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "")
    monkeypatch.setenv(ISSUER_VARIABLE, "")
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    return sign_as_steward(tmp_path)


async def call_as(door, person, number):
    """Call for a person, again and again until it is done; each call says for whom it is meant."""
    with install(caller=Caller(person, f"process/{number % 2}", "pay")):
        while True:
            try:
                return await door.call("note", key=f"k{number}", text=f"{person} process/{number % 2}")
            except ToolError as error:
                if not error.repeatable:
                    raise
            await asyncio.sleep(0.2)


async def test_calls_for_ten_persons_run_as_nobody_else_through_new_tokens_and_a_restart(tmp_path, keys):
    port, rng = free_port(), random.Random(5)
    with running_issuer(tmp_path / "issuer", subject_keys=keys) as issuer:
        (issuer.folder / "lifetime_s").write_text("3")
        with running_tokened(tmp_path / "tokened", issuer, port=port) as server:
            door = Server(tokened(server, issuer, person=True))
            answers = await asyncio.gather(
                *(call_as(door, rng.choice(PERSONS), number) for number in range(CALLS // 2))
            )
        interrupted = [
            asyncio.create_task(call_as(door, rng.choice(PERSONS), number))
            for number in range(CALLS // 2, CALLS)
        ]
        with running_tokened(tmp_path / "tokened", issuer, port=port):
            answers += await asyncio.gather(*interrupted)
            await tools.close()

    recorded = [(f"{call['person']} {call['agent']}", call["text"]) for call in server.calls]
    assert len(answers) == CALLS
    assert len(recorded) >= CALLS
    assert [pair for pair in recorded if pair[0] != pair[1]] == []
    assert len(issuer.requests) > len({text for _, text in recorded})


async def test_the_sessions_of_many_persons_are_bounded(tmp_path, keys):
    with (
        running_issuer(tmp_path / "issuer", subject_keys=keys) as issuer,
        running_tokened(tmp_path / "tokened", issuer) as server,
    ):
        door = Server(tokened(server, issuer, person=True))
        for number in range(MOST_SESSIONS + 6):
            await call_as(door, f"person-{number}", 0)
        [state] = states()
        await tools.close()

    assert state.sessions == MOST_SESSIONS
    assert len({call["person"] for call in server.calls}) == MOST_SESSIONS + 6
