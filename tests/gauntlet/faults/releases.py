"""F41: a new version of a process is rolled out and taken back, under load."""

import asyncio
import signal
import time
from pathlib import Path

from load import loaded
from oracles import Violation
from stage import HERE, Stage
from supervisor import Member, answering
from trial import Ground, Outcome

ACTIVE = 8
BETWEEN_S = 3.0
SAYS_MORE = {"transferred as": "transferred, by the new version, as"}


async def rolled(ground: Ground, n: int) -> Outcome:
    """F41: host after host is replaced by one with the other version, n times to and fro."""
    outcome = Outcome(n=0, timed="the replacement of all hosts")
    async with ground.staged("F41") as stage:
        lists = [HERE / "langgraph.json", changed_process(stage.folder / "changed", SAYS_MORE)]
        async with loaded(stage, active=ACTIVE):
            for number in range(n):
                began = time.monotonic()
                await replace_all(stage, lists[(number + 1) % 2])
                outcome.times.append(time.monotonic() - began)
                outcome.n += 1
                await asyncio.sleep(BETWEEN_S)
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
        rows = await stage.query("SELECT version, count(*) FROM cases GROUP BY 1")
        failed = [
            one
            for one in stage.driver.history.operations
            if one.outcome == "unknown" and one.answer.get("error") != "ConnectError"
        ]
    outcome.violations += [Violation("I10", f"{one.action} failed: {one.answer}") for one in failed]
    if len(rows) != min(n + 1, len(lists)):
        outcome.violations.append(Violation("I5", f"cases of {len(rows)} versions"))
    outcome.figures["cases a version"] = ", ".join(str(row[1]) for row in rows)
    outcome.figures["failed requests"] = f"{len(failed)} of {len(stage.driver.history.operations)}"
    return outcome


def changed_process(folder: Path, changes: dict[str, str]) -> Path:
    """Write the process with parts of its text replaced; return its list of processes."""
    folder.mkdir()
    source = (HERE / "processes.py").read_text("utf-8")
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    (folder / "processes.py").write_text(source, "utf-8")
    file = folder / "langgraph.json"
    file.write_text('{"graphs": {"transfer": "./processes.py:graph"}}', "utf-8")
    return file


async def replace_all(stage: Stage, processes: Path) -> None:
    """Start the new beside the old, then stop the old in order."""
    stage.hosts.environment["STEWARD_PROCESSES"] = str(processes)
    old: list[Member] = [*stage.hosts.workers]
    for _ in old:
        await stage.hosts.add("worker")
    for member in old:
        await stage.hosts.down([member], by=signal.SIGTERM)
    await stage.hosts.remove(old)
    for api in stage.hosts.apis:  # an address stays: its process is replaced
        await stage.hosts.down([api], by=signal.SIGTERM)
        stage.hosts.up([api])
        await answering(api)
