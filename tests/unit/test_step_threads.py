"""The pool of step threads: which are lost, and that nobody waits for them."""

import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from server.engine.threads import MAX_LOST, StepThreads


@pytest.fixture
def held() -> Iterator[Event]:
    """What keeps threads busy until the test lets go."""
    event = Event()
    yield event
    event.set()


async def start(threads: StepThreads, held: Event) -> "asyncio.Future[bool]":
    begun = Event()

    def hold() -> bool:
        begun.set()
        return held.wait()

    future = asyncio.get_running_loop().run_in_executor(threads, hold)
    await asyncio.to_thread(begun.wait)
    return future


async def test_a_call_that_ends_gives_its_result_and_loses_no_thread() -> None:
    threads = StepThreads(1)

    result = await asyncio.get_running_loop().run_in_executor(threads, lambda: 5)

    assert (result, threads.lost()) == (5, 0)
    threads.shutdown()


async def test_an_error_reaches_whoever_waits() -> None:
    threads = StepThreads(1)

    with pytest.raises(ZeroDivisionError):
        await asyncio.get_running_loop().run_in_executor(threads, lambda: 1 // 0)

    threads.shutdown()


async def test_a_thread_is_lost_while_it_works_in_vain(held: Event) -> None:
    threads = StepThreads(1)
    call = await start(threads, held)

    call.cancel()
    await asyncio.sleep(0)
    lost = threads.lost()
    held.set()
    threads.shutdown()

    assert lost == 1
    async with asyncio.timeout(30):
        while threads.lost():  # noqa: ASYNC110  the thread sets no event
            await asyncio.sleep(0.01)


async def test_the_pool_ends_without_its_lost_threads(held: Event) -> None:
    threads = StepThreads(1)
    call = await start(threads, held)
    call.cancel()
    await asyncio.sleep(0)

    threads.shutdown()

    assert threads.lost() == 1


async def test_a_call_that_has_not_begun_is_simply_cancelled(held: Event) -> None:
    threads = StepThreads(1)
    running = [await start(threads, held) for _ in range(threads._max_workers)]
    waiting = asyncio.get_running_loop().run_in_executor(threads, lambda: 5)

    waiting.cancel()
    await asyncio.sleep(0)

    assert threads.lost() == 0
    held.set()
    await asyncio.gather(*running)
    threads.shutdown()


async def test_few_lost_threads_wear_no_process_out(held: Event) -> None:
    threads = StepThreads(1)
    for _ in range(MAX_LOST + 1):
        (await start(threads, held)).cancel()
    await asyncio.sleep(0)

    assert threads.lost() == MAX_LOST + 1
    assert threads.lost(after_s=60) == 0
