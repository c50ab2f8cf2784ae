"""The host's processes: API processes and workers that are killed, and started again at once."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
from launching import ended, launch

from server.failpoints import VARIABLE

START_S = 60.0


@dataclass(frozen=True)
class Death:
    """One process that ended: its name, when, and how (negative: by that signal)."""

    name: str
    at: float
    code: int


@dataclass
class Member:
    """A place for a process. `fault` is a fail-point for its next start only."""

    kind: str
    place: int
    port: int | None = None
    wanted: bool = True
    fault: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    starts: int = 0
    process: BaseProcess | None = None
    task: asyncio.Task[None] | None = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """The name of its present process; it is also its `application_name` in the database."""
        return f"{self.kind}-{self.place}.{self.starts}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Supervisor:
    """Starts the members, and starts each again when it ends, as long as it is wanted."""

    def __init__(self, environment: dict[str, str], *, logs: Path) -> None:
        self.environment = environment
        self.members: list[Member] = []
        self.deaths: list[Death] = []
        self._logs = logs
        self._places = 0  # never given twice, so that a name tells one process

    @property
    def apis(self) -> list[Member]:
        return [member for member in self.members if member.kind == "api"]

    @property
    def workers(self) -> list[Member]:
        return [member for member in self.members if member.kind == "worker"]

    async def add(self, kind: str, *, fault: str = "", environment: dict[str, str] | None = None) -> Member:
        """Add a member and start it; an API process is waited for."""
        self._places += 1
        member = Member(
            kind,
            self._places,
            port=_free_port() if kind == "api" else None,
            fault=fault,
            environment=environment or {},
        )
        self.members.append(member)
        member.task = asyncio.create_task(self._keep(member))
        if kind == "api":
            await answering(member)
        return member

    async def _keep(self, member: Member) -> None:
        while True:
            if not member.wanted:
                member.stirred.clear()
                await member.stirred.wait()
                continue
            self._start(member)
            assert member.process is not None
            code = await ended(member.process)
            self.deaths.append(Death(member.name, time.time(), code))

    def _start(self, member: Member) -> None:
        member.starts += 1
        variables = {"PGAPPNAME": member.name, VARIABLE: member.fault}
        member.fault = ""
        arguments = ["work"]
        if member.kind == "api":
            arguments = ["serve", "--dev", "--no-worker", "--port", str(member.port)]
        log = self._logs / f"{member.kind}-{member.place}.log"
        member.process = launch(arguments, self.environment | member.environment | variables, log=log)

    def send(self, member: Member, number: signal.Signals) -> None:
        assert member.process is not None
        with suppress(ProcessLookupError):
            os.kill(member.process.pid or 0, number)

    async def down(self, members: Iterable[Member], *, by: signal.Signals = signal.SIGKILL) -> None:
        """End these members and let them stay down."""
        chosen = list(members)
        for member in chosen:
            member.wanted = False
            if member.alive:
                self.send(member, by)
        while any(member.alive for member in chosen):
            await asyncio.sleep(0.01)

    def up(self, members: Iterable[Member], *, fault: str = "") -> None:
        for member in members:
            member.wanted, member.fault = True, fault
            member.stirred.set()

    async def remove(self, members: Iterable[Member]) -> None:
        """End these members for good."""
        gone = list(members)
        await self.down(gone)
        tasks = [member.task for member in gone if member.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.members = [member for member in self.members if member not in gone]


async def answering(member: Member, *, within_s: float = START_S) -> None:
    """Wait until the API process serves."""
    deadline = time.monotonic() + within_s
    async with httpx.AsyncClient(base_url=member.address, timeout=5) as client:
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if (await client.get("/healthz")).is_success:
                    return
            await asyncio.sleep(0.02)
    raise RuntimeError(f"{member.name} does not serve on {member.address}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
