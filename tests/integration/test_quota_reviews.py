"""A call beyond a quota that a person may allow: it is asked about, and counts like the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_call_reviews import Stage
from tool_servers import UNRELIABLE

from server.engine.registry import Registry
from server.engine.runner import Runner
from server.storage.database import Database
from server.storage.quotas import list_uses
from tools.registry import VARIABLE, our_servers

PERMITTED = """
@id("notes")
@reason("notes go")
permit (principal in Process::"two_notes", action == Action::"unreliable.note", resource);
"""
QUOTA = """
[one_note]
tools = ["unreliable.note"]
window = "ever"
limit = 1
beyond = "review:controller"
"""


class CountedStage(Stage):
    """The stage of the call reviews, where no policy asks for a review and a quota does."""

    async def run(self) -> None:
        runner = Runner(
            self.database,
            Registry([self.process]),
            own_policies=self.folder / "policies",
            policies=self._policies,
        )
        async with self.database.transaction() as connection:
            rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
        for row in rows:
            await runner.run(row["id"], worker=1)

    async def used(self) -> int:
        async with self.database.connection() as connection:
            [use] = await list_uses(connection, quota="one_note", after=None, limit=10)
        return int(use.used)


@pytest.fixture
def stage(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedStage]:
    (tmp_path / "servers.toml").write_text(
        f"[unreliable]\ncommand = ['python', '{UNRELIABLE}', '{tmp_path}']\nsandbox = true\ntimeout_s = 10\n"
        "[unreliable.tools]\nnote = 'keyed'\n"
    )
    monkeypatch.setenv(VARIABLE, str(tmp_path / "servers.toml"))
    our_servers.cache_clear()
    stage = CountedStage(database, tmp_path)
    (tmp_path / "policies" / "quotas.toml").write_text(QUOTA)
    stage.policies(PERMITTED)
    yield stage
    our_servers.cache_clear()


async def test_the_call_that_would_pass_the_quota_is_asked_about_and_the_ones_before_are_not(
    stage: CountedStage,
) -> None:
    await stage.start()

    review = await stage.review()
    assert (review.role, review.body["evidence"]["arguments"]) == ("controller", {"text": "b"})
    assert "it would pass quota one_note, of 1" in review.body["reason"]
    assert (await stage.noted(), await stage.used()) == (["a"], 1)


async def test_an_approved_call_goes_beyond_and_counts(stage: CountedStage) -> None:
    await stage.start()

    await stage.answer("approve")

    assert (await stage.case()).status == "succeeded"
    assert (await stage.noted(), await stage.used()) == (["a", "b"], 2)


async def test_a_rejected_call_does_not_leave(stage: CountedStage) -> None:
    await stage.start()

    await stage.answer("reject", comment="enough for today")

    assert (await stage.case()).status == "incident"
    assert (await stage.noted(), await stage.used()) == (["a"], 1)


async def test_the_next_call_beyond_is_asked_about_too(stage: CountedStage) -> None:
    await stage.start()
    await stage.answer("approve")

    await stage.start()

    assert (await stage.review()).body["evidence"]["arguments"] == {"text": "a"}
    assert await stage.used() == 2
