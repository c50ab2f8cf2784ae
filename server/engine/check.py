"""Which unfinished cases this checkout cannot continue, and which tools nobody may call in it."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel

from server.engine.continuity import Obstacle, obstacles_of
from server.engine.registry import Registry
from server.errors import StartRefused
from server.storage.database import Connection, Database
from server.storage.heads import read_heads
from server.storage.migrate import list_pending
from server.storage.versions import Unfinished, list_outlines, list_unfinished
from tools.approval.approvals import approvals_of
from tools.registry import ServerEntry

BATCH = 500
_SHOWN = 3


class Stuck(BaseModel):
    """Cases of one version that one obstacle keeps from going on, with the ids of some of them."""

    process: str
    version: str
    obstacle: Obstacle
    cases: int
    examples: list[UUID]


class Unapproved(BaseModel):
    """The listed tools of one server that nobody has approved, and the file where it would stand."""

    server: str
    tools: list[str]
    lock: str


class Report(BaseModel):
    """What a check found; `examined` counts the unfinished cases of other versions than the present ones."""

    examined: int = 0
    stuck: list[Stuck] = []
    unapproved: list[Unapproved] = []

    @property
    def is_clean(self) -> bool:
        return not (self.stuck or self.unapproved)


async def check_cases(database: Database, registry: Registry) -> Report:
    """Compare every unfinished case of another version with the processes as they are now.

    Raises:
        StartRefused: the database lacks migrations of this version.
    """
    if pending := await list_pending(database):
        raise StartRefused(f"the database lacks {', '.join(pending)}: run `steward migrate` first")
    report = Report()
    groups: dict[tuple[str, str, str], Stuck] = {}
    after: UUID | None = None
    while True:
        async with database.transaction() as connection:
            cases = await list_unfinished(connection, registry, after=after, limit=BATCH)
            if not cases:
                return report.model_copy(update={"stuck": sorted(groups.values(), key=_order)})
            for case, obstacle in await _examine(connection, registry, cases=cases):
                _count(groups, case, obstacle=obstacle)
        report.examined += len(cases)
        after = cases[-1].id


def check_approvals(entries: Iterable[ServerEntry]) -> list[Unapproved]:
    """Name the tools that no process can call because nobody has approved them; no server is asked.

    Raises:
        ServersInvalid: a lock file cannot be used.
    """
    found = []
    for entry in entries:
        tools = [tool for tool in entry.tools if entry.pinned and tool not in approvals_of(entry)]
        if tools:
            found.append(Unapproved(server=entry.name, tools=tools, lock=str(entry.lock_file)))
    return found


async def _examine(
    connection: Connection, registry: Registry, *, cases: list[Unfinished]
) -> Iterable[tuple[Unfinished, Obstacle]]:
    heads = await read_heads(connection, [case.id for case in cases])
    outlines = await list_outlines(connection, {(case.process, case.version) for case in cases})
    found = []
    for case in cases:
        process = registry.find(case.process)
        if process is None:
            gone = Obstacle(
                kind="process", name=case.process, message=f"the process {case.process!r} is gone"
            )
            found.append((case, gone))
            continue
        outline = outlines.get((case.process, case.version))
        obstacles = obstacles_of(process, heads.get(case.id), input_=case.input, outline=outline)
        found += [(case, obstacle) for obstacle in obstacles]
    return found


def _count(groups: dict[tuple[str, str, str], Stuck], case: Unfinished, *, obstacle: Obstacle) -> None:
    group = groups.setdefault(
        (case.process, case.version, obstacle.message),
        Stuck(process=case.process, version=case.version, obstacle=obstacle, cases=0, examples=[]),
    )
    group.cases += 1
    if len(group.examples) < _SHOWN:
        group.examples.append(case.id)


def _order(stuck: Stuck) -> tuple[str, str, int]:
    return stuck.process, stuck.version, -stuck.cases
