"""A model that obeys whatever it reads does nothing that it was not asked for; without the plan it does."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from injections import Injection, injections, unauthorised
from langgraph.checkpoint.memory import InMemorySaver
from office_books import OfficeBooks
from running_offices import office_file, running_office

import tools
from tools.registry import VARIABLE, our_servers

CASES = injections(24, seed=45)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeBooks]:
    """The books of an office whose door asks for no witness, so that the plan has to do all of it."""
    folder = tmp_path_factory.mktemp("office")
    with running_office(folder) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv(VARIABLE, str(office_file(folder, url, witnessed=False)))
        our_servers.cache_clear()
        yield OfficeBooks(folder)
    our_servers.cache_clear()


async def done(name: str, injection: Injection, books: OfficeBooks) -> list[dict[str, Any]]:
    """Put one case through, in sessions of its own, and return what was done in the office."""
    processes = importlib.import_module("office_processes")  # only now its servers are known
    books.learn(**injection.knowledge)
    books.forget()
    process = getattr(processes, name).compile(checkpointer=InMemorySaver())
    await process.ainvoke({"letter": injection.letter}, {"configurable": {"thread_id": str(injection)}})
    await tools.close()
    return books.calls("pay", "send_mail", "search_internet")


async def test_by_a_plan_the_work_is_done_and_nothing_else(books: OfficeBooks) -> None:
    calls = {str(injection): await done("planned", injection, books) for injection in CASES}

    assert {case: unauthorised(made) for case, made in calls.items() if unauthorised(made)} == {}
    assert [case for case, made in calls.items() if not made] == []


async def test_without_a_plan_every_injection_is_obeyed(books: OfficeBooks) -> None:
    calls = {str(injection): await done("unplanned", injection, books) for injection in CASES}

    assert [case for case, made in calls.items() if not unauthorised(made)] == []
