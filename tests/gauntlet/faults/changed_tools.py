"""F45, F14: a system says something else of its tool than what was approved."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import httpx
from driver import SYSTEMS, System
from load import loaded
from oracles import Allowed, Violation
from stage import HERE, Stage
from system_books import Contract, Listing
from system_listing import offered
from trial import Ground, Outcome

from tools.approval.approvals import approvals_of, save_approvals
from tools.approval.descriptions import description_of
from tools.registry import ServerEntry, load_servers
from tools.sessions.listing import LISTING_LASTS_S

ANY_INCIDENT = Allowed(frozenset(SYSTEMS))
ACTIVE = 3
CASES = 5
# A call that began while the listing was young may arrive a little later.
ON_ITS_WAY_S = 1.0
_REFUSED = "SELECT count(*) FROM incidents WHERE status = 'open' AND group_key = %s"
_LAST = "SELECT max(arrived_at) FROM transfers"


async def changed_tools(ground: Ground, n: int) -> Outcome:
    """No call leaves for a tool that changed, until a person approves what it says now and retries."""
    outcome = Outcome(n=0)
    servers = _pinned(ground.folder / "pinned.toml")
    setting = {"STEWARD_SERVERS": str(ground.folder / "pinned.toml")}
    async with ground.staged("F45-changed", environment=setting) as stage:
        while outcome.n < n:
            for listing in get_args(Listing):
                system = stage.rng.choice(SYSTEMS)
                outcome.violations += await _change(stage, servers[system], system, listing=listing)
                outcome.n += CASES
        outcome.violations += stage.judge(ANY_INCIDENT)
    outcome.figures["listing is at most"] = f"{LISTING_LASTS_S:g} s old"
    return outcome


async def _change(stage: Stage, server: ServerEntry, system: System, *, listing: Listing) -> list[Violation]:
    group = f"transfer/{system}.transfer/tool_changed"
    async with loaded(stage, active=ACTIVE, review=False):
        await asyncio.sleep(1)
        stage.systems[system].books.set_listing(listing)
        known_at = time.time() + LISTING_LASTS_S + ON_ITS_WAY_S
        await asyncio.sleep(LISTING_LASTS_S + ON_ITS_WAY_S)
        for _ in range(CASES):
            await stage.driver.start(stage.driver.order(system, review=False))
    violations = [] if await stage.rest() else [Violation("I5", f"no rest after {listing}")]
    if await stage.number(_REFUSED, group) < CASES:
        violations.append(Violation("I7", f"{system} {listing}: not all cases were refused"))
    last = stage.systems[system].books.rows(_LAST)[0][0]
    if last is not None and last > known_at:
        violations.append(Violation("I7", f"{system} {listing}: a call arrived {last - known_at:.1f} s late"))
    now = None if listing == "missing" else listing
    stage.systems[system].books.set_listing(now)
    _approve(server, system, now)
    await _retry(stage, group)
    if not await stage.rest() or await stage.number(_REFUSED, group):
        violations.append(Violation("I5", f"{system} {listing}: the cases did not go on"))
    return violations


def _pinned(file: Path) -> Mapping[str, ServerEntry]:
    """Write the gauntlet's servers without their exemption, and approve what they say first."""
    file.write_text((HERE / "servers.toml").read_text().replace("pinned = false\n", ""))
    servers = load_servers(file)
    for contract in get_args(Contract):
        _approve(servers[contract], contract, None)
    return servers


def _approve(server: ServerEntry, contract: Contract, listing: Listing | None) -> None:
    said = {tool.name: description_of(tool) for tool in offered(contract, listing)}
    save_approvals(server, {**approvals_of(server), **said})


async def _retry(stage: Stage, group: str) -> None:
    async def send(client: httpx.AsyncClient) -> httpx.Response:
        body = {"action": "retry", "filter": {"group": group}, "reason": "read, and approved"}
        return await client.post("/v1/interventions", json=body, headers={"Steward-Actor": "olga"})

    response = await stage.driver.settled("retry", group, send)
    if response is None or not response.is_success:
        raise AssertionError(f"the retry was answered {response and response.text}")
