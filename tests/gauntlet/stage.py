"""Everything together: database, systems, hosts and driver, for the time of one fault."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from driver import Driver
from evidence import Evidence, collect
from history import History
from observers import observe
from oracles import Allowed, Violation, judge
from postmaster import Postmaster
from proxies import Proxy
from running_systems import System, running_systems
from supervisor import Supervisor
from trytons import running_server, running_tryton

from server.storage.database import Database
from server.storage.embedded_cluster import OWNER
from server.storage.migrate import migrate

HERE = Path(__file__).parent
REST_S = 120.0
# The proxy between our server over Tryton and Tryton itself.
BEHIND_OUR_SERVER = "tryton itself"
WITHOUT_REST_S = 20.0
_UNRESTED = """
    SELECT (SELECT count(*) FROM cases WHERE status = 'running')
         + (SELECT count(*) FROM runs WHERE status IN ('waiting', 'ready', 'running'))
         + (SELECT count(*) FROM reviews WHERE status = 'open')
"""
_ACTIVE = "SELECT count(*) FROM cases WHERE status = 'running'"


@dataclass
class Setting:
    """What a fault needs of the stage.

    With proxies the traffic can be broken; without, it costs nothing. `without` is SQL that takes one
    mechanism out of this run's database. `password` is stated to a database that asks for none.
    """

    name: str
    seed: int
    apis: int = 2
    workers: int = 3
    database_proxy: bool = False
    system_proxies: bool = False
    tryton: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    client_timeout_s: float = 15
    without: str = ""
    tablespace: str = ""
    password: str = ""


class Stage:
    """The whole system under test; `rest` waits for its quiet, `judge` asks the oracles."""

    def __init__(
        self, setting: Setting, *, postmaster: Postmaster, url: str, systems: dict[str, System], folder: Path
    ) -> None:
        self.setting = setting
        self.rng = random.Random(setting.seed)
        self.postmaster = postmaster
        self.url = url
        self.systems = systems
        self.folder = folder
        self.proxies: dict[str, Proxy] = {}
        self.hosts: Supervisor
        self.driver: Driver

    async def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the host's database, past every proxy."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()

    async def number(self, statement: str, *values: object) -> int:
        return int(str((await self.query(statement, *values))[0][0]))

    async def active(self) -> int:
        """How many cases run now."""
        return await self.number(_ACTIVE)

    async def rest(self, *, within_s: float = REST_S) -> bool:
        """Answer reviews until no case runs and nobody is asked any more; say whether it came to that."""
        if self.setting.without:
            within_s = WITHOUT_REST_S  # what was taken out may leave something that never rests
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            await self.driver.answer_all()
            if not await self.number(_UNRESTED):
                return True
            await asyncio.sleep(0.1)
        return False

    def collect(self) -> Evidence:
        return collect(self.url, {name: system.books for name, system in self.systems.items()})

    def judge(self, allowed: Allowed | None = None) -> list[Violation]:
        return judge(self.driver.history, self.collect(), allowed or Allowed())


@asynccontextmanager
async def staged(setting: Setting, *, postmaster: Postmaster, folder: Path) -> AsyncIterator[Stage]:
    """Build the stage and take it down again; its logs and history stay in `folder`."""
    async with AsyncExitStack() as stack:
        name = stack.enter_context(postmaster.database(tablespace=setting.tablespace))
        url = postmaster.url(name)
        await _prepare(url, setting)
        systems = stack.enter_context(running_systems(folder))
        stage = Stage(setting, postmaster=postmaster, url=url, systems=systems, folder=folder)
        if setting.tryton:
            systems["tryton"] = await _tryton(stage, stack)
        environment = await _environment(stage, name, stack)
        stage.hosts = Supervisor(environment, logs=folder)
        stack.push_async_callback(lambda: stage.hosts.remove(stage.hosts.members))
        await asyncio.gather(
            *(stage.hosts.add("api") for _ in range(setting.apis)),
            *(stage.hosts.add("worker") for _ in range(setting.workers)),
        )
        history = History(folder / "history.jsonl")
        stack.callback(history.close)
        addresses = [api.address for api in stage.hosts.apis]
        stage.driver = await stack.enter_async_context(
            Driver(
                addresses,
                history,
                stage.rng,
                prefix=f"{setting.name}-{setting.seed}",
                timeout_s=setting.client_timeout_s,
            )
        )
        yield stage


async def _prepare(url: str, setting: Setting) -> None:
    async with Database(url, size=2) as database:
        await migrate(database)
    observe(url)
    if setting.without:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(setting.without.encode())


async def _tryton(stage: Stage, stack: AsyncExitStack) -> System:
    """Run a Tryton and our server over it, with a proxy between the two where there are proxies."""
    tryton = stack.enter_context(running_tryton(stage.folder / "tryton"))
    url = tryton.installation.url
    if stage.setting.system_proxies:
        upstream = ("127.0.0.1", tryton.installation.port)
        proxy = await stack.enter_async_context(_proxy(stage, BEHIND_OUR_SERVER, upstream))
        url = f"http://127.0.0.1:{proxy.port}"
    address, process = stack.enter_context(running_server(tryton, url=url))
    return System("tryton", address, tryton, process)


async def _environment(stage: Stage, database: str, stack: AsyncExitStack) -> dict[str, str]:
    """What the hosts are told: where everything is, through a proxy where there is one."""
    setting, url = stage.setting, stage.url
    if setting.database_proxy:
        proxy = await stack.enter_async_context(_proxy(stage, "database", stage.postmaster.socket))
        url = f"postgresql://{OWNER}@127.0.0.1:{proxy.port}/{quote(database)}?sslmode=disable&gssencmode=disable"
    if setting.password:
        parts = urlsplit(url)
        url = urlunsplit(
            parts._replace(netloc=f"{OWNER}:{setting.password}@{parts.netloc.rpartition('@')[2]}")
        )
    environment = {
        "DATABASE_URL": url,
        "STEWARD_DATA": str(stage.folder),
        "STEWARD_PROCESSES": str(HERE / "langgraph.json"),
        "STEWARD_SERVERS": str(HERE / "servers.toml"),
        "STEWARD_POLICIES": str(HERE / "policies"),
        "STEWARD_LOG_JSON": "true",
        "ERP_URL": "http://127.0.0.1:9/mcp",  # a host that was told of an ERP does not start its own
    }
    for contract, system in stage.systems.items():
        port = urlsplit(system.url).port or 0
        if setting.system_proxies:
            port = (await stack.enter_async_context(_proxy(stage, contract, ("127.0.0.1", port)))).port
        environment[f"{contract.upper()}_URL"] = f"http://127.0.0.1:{port}/mcp"
    return environment | setting.environment


@asynccontextmanager
async def _proxy(stage: Stage, name: str, upstream: Path | tuple[str, int]) -> AsyncIterator[Proxy]:
    async with Proxy(upstream, rng=stage.rng).listening() as proxy:
        stage.proxies[name] = proxy
        yield proxy
