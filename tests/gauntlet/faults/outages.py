"""F6, F7, F9, F24: the database goes away, is slow or is full, and hosts are stopped in order."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from history import Operation
from load import loaded
from oracles import Violation
from proxies import Trouble
from stage import Stage
from supervisor import answering
from trial import Ground, Outcome

ACTIVE = 8
BACK_S = 5.0
DRAIN_S = 10.0


async def database_killed(ground: Ground, n: int) -> Outcome:
    """F7: `kill -9` of the postmaster under load, and its restart."""
    outcome = Outcome(n=n, timed="PostgreSQL's restart to the API's first answer")
    async with ground.staged("F7") as stage:
        async with loaded(stage, active=ACTIVE):
            for _ in range(n):
                await asyncio.sleep(stage.rng.uniform(2, 4))
                await asyncio.to_thread(stage.postmaster.kill)
                await asyncio.sleep(stage.rng.uniform(0.5, 3))
                await asyncio.to_thread(stage.postmaster.start)
                outcome.times.append(await _back_after(stage))
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest after the last crash"))
        outcome.violations += [*stage.judge(), *_unnamed_errors(stage)]
    outcome.violations += [Violation("I11", f"back after {s:.1f} s") for s in outcome.times if s > BACK_S]
    outcome.figures["requests that got no answer or 503"] = str(_unsettled(stage))
    return outcome


async def _back_after(stage: Stage) -> float:
    began = time.monotonic()
    for client in stage.driver.clients:
        while time.monotonic() < began + 60:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/v1/cases", params={"limit": 1})).is_success:
                    break
            await asyncio.sleep(0.05)
    return time.monotonic() - began


def _unnamed_errors(stage: Stage) -> list[Violation]:
    """An outage is a 503, which says what to do; a 500 is a fault of the host."""
    return [
        Violation("I10", f"{one.action} {one.subject} was answered 500")
        for one in stage.driver.history.operations
        if one.status == httpx.codes.INTERNAL_SERVER_ERROR
    ]


def _unsettled(stage: Stage) -> int:
    return sum(one.outcome == "unknown" for one in stage.driver.history.operations)


async def database_in_trouble(ground: Ground, n: int) -> Outcome:
    """F9: the database is slow, silent, half-open, and ends connections; all that began must end."""
    troubles: list[Callable[[Stage], object]] = [
        lambda stage: _set(stage, Trouble(latency_s=0.05)),
        lambda stage: _set(stage, Trouble(black_hole=True)),
        lambda stage: _set(stage, Trouble(half_open=True)),
        lambda stage: _set(stage, Trouble(bytes_per_s=50_000)),
        lambda stage: stage.proxies["database"].reset(),
        _terminate_all,
        _exhaust,
    ]
    outcome = Outcome(n=0, timed="end of the trouble to rest")
    async with ground.staged("F9", database_proxy=True) as stage:
        for number in range(n):
            async with loaded(stage, active=ACTIVE):
                await asyncio.sleep(2)
                troubles[number % len(troubles)](stage)
                await asyncio.sleep(stage.rng.choice((1, 3, 14)))  # the last is longer than a lease
                _set(stage, Trouble())
            began = time.monotonic()
            if not await stage.rest():
                outcome.violations.append(Violation("I5", f"no rest after trouble {number % len(troubles)}"))
            outcome.times.append(time.monotonic() - began)
            outcome.n += 1
        outcome.violations += [*stage.judge(), *_unnamed_errors(stage)]
    return outcome


def _set(stage: Stage, trouble: Trouble) -> None:
    stage.proxies["database"].trouble = trouble


def _terminate_all(stage: Stage) -> None:
    stage.postmaster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE 'worker-%' OR application_name LIKE 'api-%'"
    )


def _exhaust(stage: Stage) -> None:
    """Let nobody in any more, and send those away who are in."""
    database = stage.url.partition("@/")[2].partition("?")[0]
    stage.postmaster.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
    _terminate_all(stage)
    asyncio.get_running_loop().call_later(
        3, stage.postmaster.execute, f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true'
    )


async def stopped_in_order(ground: Ground, n: int) -> Outcome:
    """F6: every process in turn gets SIGTERM under load, and is started again."""
    outcome = Outcome(n=0, timed="SIGTERM to the end of the process")
    async with ground.staged("F6") as stage:
        async with loaded(stage, active=ACTIVE):
            while outcome.n < n:
                for member in [*stage.hosts.workers, *stage.hosts.apis]:
                    await asyncio.sleep(1)
                    before, began = len(stage.hosts.deaths), time.monotonic()
                    stage.hosts.send(member, signal.SIGTERM)
                    while len(stage.hosts.deaths) == before:
                        await asyncio.sleep(0.01)
                    outcome.times.append(time.monotonic() - began)
                    outcome.n += 1
                    if member.kind == "api":
                        await answering(member)
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
        failed = [one for one in stage.driver.history.operations if _failed(one)]
        ended_badly = [death for death in stage.hosts.deaths[:n] if death.code != 0]
    outcome.violations += [Violation("I10", f"{one.action} failed: {one.answer}") for one in failed]
    outcome.violations += [Violation("I10", f"{death.name} ended with {death.code}") for death in ended_badly]
    outcome.violations += [Violation("I11", f"drained in {s:.1f} s") for s in outcome.times if s > DRAIN_S]
    outcome.figures["failed requests"] = f"{len(failed)} of {len(stage.driver.history.operations)}"
    return outcome


def _failed(operation: Operation) -> bool:
    """Whether a request got in and was not answered; one that nobody took goes elsewhere by itself."""
    return operation.outcome == "unknown" and operation.answer.get("error") != "ConnectError"


async def disk_full(ground: Ground, n: int) -> Outcome:
    """F24: the disk below the tables is full: writes are refused, reads go on, and all resumes by itself."""
    outcome = Outcome(n=n, timed="space again to rest")
    with small_disk(ground) as disk:
        if disk is None:
            return Outcome(n=0, skipped="skipped: no right to mount a file system here")
        async with ground.staged("F24", tablespace="small") as stage:
            for _ in range(n):
                await _fill_and_free(stage, disk, outcome)
            outcome.violations += [*stage.judge(), *_unnamed_errors(stage)]
    return outcome


async def _fill_and_free(stage: Stage, disk: Path, outcome: Outcome) -> None:
    async with loaded(stage, active=ACTIVE):
        await asyncio.sleep(2)
        ballast = disk / "ballast"
        await asyncio.to_thread(_fill, ballast)
        await asyncio.sleep(6)
        for path in ("/v1/cases", "/v1/reviews"):
            response = await stage.driver.clients[0].get(path)
            if not response.is_success:
                outcome.violations.append(
                    Violation("I10", f"{path} is {response.status_code} on a full disk")
                )
        refused = sum(
            one.status == httpx.codes.SERVICE_UNAVAILABLE for one in stage.driver.history.operations
        )
        outcome.figures["starts and answers refused with 503"] = str(refused)
        ballast.unlink()
    began = time.monotonic()
    if not await stage.rest():
        outcome.violations.append(Violation("I5", "no rest after the disk had space again"))
    outcome.times.append(time.monotonic() - began)


def _fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65536)


@contextlib.contextmanager
def small_disk(ground: Ground) -> Iterator[Path | None]:
    """Mount a file system of 96 MB with a tablespace `small` on it; None where that is not permitted."""
    disk = ground.folder / "small-disk"
    disk.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)], check=False)
    if not done or done.returncode != 0:
        yield None
        return
    try:
        space = disk / "space"
        space.mkdir()
        os.chown(space, ground.postmaster.account.uid, ground.postmaster.account.gid)
        ground.postmaster.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        yield disk
        ground.postmaster.execute("DROP TABLESPACE small")
    finally:
        subprocess.run([shutil.which("umount") or "umount", "--lazy", str(disk)], check=False)
