"""A call that a policy wants reviewed: who may approve it, what an approval is of, and what it is not."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from memory_ledger import notes
from pydantic import BaseModel
from tool_servers import unreliable

import tools
from server.engine.cases import answer_review, start_case
from server.engine.registry import Process, Registry, as_process
from server.engine.runner import Runner
from server.errors import BadRequest, NotPermitted
from server.policies.loading import Policies
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.reviews import Review, list_reviews
from tools import Server
from tools.approval.approvals import save_approvals
from tools.approval.descriptions import Description
from tools.registry import our_servers

POLICIES = """
@id("notes")
@reason("notes go")
permit (principal in Process::"two_notes", action == Action::"unreliable.note", resource)
when { context.arguments.text == "a" };

@id("other-notes")
@reason("another note is looked at first")
@obligation("review:controller")
permit (principal in Process::"two_notes", action == Action::"unreliable.note", resource)
when { context.arguments.text != "a" };
"""
NOTE = Description(
    name="note",
    input_schema={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
)


class Texts(BaseModel):
    """What the case carries."""

    texts: list[str] = ["a", "b"]
    asks: bool = False
    answer: Any = None
    result: str = ""


class Answer(BaseModel):
    """The form of the step's own question, which a review's answer fits as well."""

    decision: str
    comment: str = ""


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


class Stage:
    """A case whose one step takes two notes, the second of which needs a review."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.entry = unreliable(folder, file=folder / "servers.toml")
        save_approvals(self.entry, {"note": NOTE})
        self.process = self._process()
        self.policies(POLICIES)
        self.case_id: UUID

    def policies(self, text: str) -> None:
        own = self.folder / "policies"
        own.mkdir(exist_ok=True)
        (own / "notes.cedar").write_text(text)
        self._policies = Policies(own, servers={**our_servers(), "unreliable": self.entry})

    def _process(self) -> Process:
        server = Server(self.entry)

        async def act(state: Texts) -> dict[str, Any]:
            """Take two notes."""
            await server.call("note", text=state.texts[0])
            await server.call("note", text=self.text or state.texts[1])
            own = interrupt({"question": "And now?"}, response_schema=Answer) if state.asks else None
            return {"result": "noted", "answer": own.decision if own else None}

        self.text = ""
        builder = StateGraph(Texts).add_node(act).add_edge(START, "act").add_edge("act", END)
        return as_process("two_notes", builder, doc="Two notes.", store=None)

    async def start(self, **input_: Any) -> None:
        case, _ = await start_case(self.database, self.process, input_=input_, actor="anna", key=None)
        self.case_id = case.id
        await self.run()

    async def run(self) -> None:
        runner = Runner(self.database, Registry([self.process]), policies=self._policies)
        async with self.database.transaction() as connection:
            rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
        for row in rows:
            await runner.run(row["id"], worker=1)

    async def review(self) -> Review:
        async with self.database.connection() as connection:
            (review,) = await list_reviews(connection, status="open", limit=10)
        return review

    async def answer(self, decision: str, *, by: str = "bob", **more: str) -> None:
        review = await self.review()
        await answer_review(self.database, review.id, answer={"decision": decision, **more}, actor=by)
        await self.run()

    async def case(self) -> Case:
        async with self.database.connection() as connection:
            return await get_case(connection, self.case_id)

    async def noted(self) -> list[str]:
        """Return the texts of the notes that the ledger has as taken; the server has as many."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(
                "SELECT arguments->>'text' AS text FROM effects WHERE status = 'done' ORDER BY intended_at"
            )
            texts = [row["text"] for row in await cursor.fetchall()]
        assert len(texts) == len(notes(self.folder))
        return texts

    async def audited(self, action: str) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            cursor = await connection.execute(
                "SELECT actor, object, detail FROM audit_entries WHERE action = %s ORDER BY id", (action,)
            )
            return await cursor.fetchall()


@pytest.fixture
def stage(database: Database, tmp_path: Path) -> Stage:
    return Stage(database, tmp_path)


async def test_the_review_shows_the_call_its_policy_and_the_role(stage: Stage) -> None:
    await stage.start()

    review = await stage.review()

    assert (review.role, review.body["reason"]) == ("controller", "another note is looked at first")
    assert review.question == "May process/two_notes call unreliable.note for anna?"
    shown = review.body["evidence"]
    assert (shown["tool"], shown["arguments"], shown["policies"]) == (
        "note",
        {"text": "b"},
        ["other-notes"],
    )
    assert await stage.noted() == ["a"]


async def test_an_approved_call_is_made_once_and_so_is_the_one_before_it(stage: Stage) -> None:
    await stage.start()

    await stage.answer("approve")

    assert (await stage.case()).status == "succeeded"
    assert await stage.noted() == ["a", "b"]


async def test_the_ledger_keeps_who_approved(stage: Stage) -> None:
    await stage.start()
    await stage.answer("approve")

    async with stage.database.connection() as connection:
        cursor = await connection.execute("SELECT verdict FROM effects WHERE arguments->>'text' = 'b'")
        (row,) = await cursor.fetchall()

    assert row["verdict"]["approved_by"] == ["bob"]
    assert row["verdict"]["obligations"] == [{"kind": "review", "detail": "controller"}]


async def test_a_rejected_call_is_not_made(stage: Stage) -> None:
    await stage.start()

    await stage.answer("reject", comment="too slow")

    case = await stage.case()
    assert (case.status, case.error["code"]) == ("incident", "tool_not_allowed")
    assert "bob rejected it: too slow" in case.error["message"]
    assert await stage.noted() == ["a"]
    (denied,) = await stage.audited("call_denied")
    assert denied["object"] == "tool/unreliable.note"


async def test_who_started_the_case_cannot_approve_its_call(stage: Stage) -> None:
    await stage.start()

    with pytest.raises(NotPermitted, match="anna started the case"):
        await stage.answer("approve", by="anna")

    assert (await stage.review()).status == "open"


async def test_an_answer_that_is_neither_yes_nor_no_is_refused(stage: Stage) -> None:
    await stage.start()

    with pytest.raises(BadRequest):
        await stage.answer("check_again")


async def test_an_approval_of_other_arguments_does_not_count(stage: Stage) -> None:
    await stage.start()
    stage.text = "z"

    await stage.answer("approve")

    assert await stage.noted() == ["a"]
    review = await stage.review()
    assert review.body["evidence"]["arguments"] == {"text": "z"}
    await stage.answer("approve")
    assert await stage.noted() == ["a", "z"]
    assert (await stage.case()).status == "succeeded"


async def test_an_answer_in_the_state_that_the_database_does_not_have_is_no_approval(stage: Stage) -> None:
    await stage.start()
    review = await stage.review()
    async with stage.database.transaction() as connection:
        await connection.execute(
            "UPDATE reviews SET body = jsonb_set(body, '{evidence,place}', '\"elsewhere\"') WHERE id = %s",
            (review.id,),
        )

    await stage.answer("approve")

    assert await stage.noted() == ["a"]
    assert (await stage.review()).status == "open"


async def test_an_approval_by_a_role_that_no_longer_suffices_is_asked_again(stage: Stage) -> None:
    await stage.start()
    stage.policies(POLICIES.replace("review:controller", "review:cfo"))

    await stage.answer("approve")

    assert (await stage.review()).role == "cfo"
    await stage.answer("approve", by="carol")
    assert await stage.noted() == ["a", "b"]


async def test_a_policy_that_forbids_meanwhile_goes_before_the_approval(stage: Stage) -> None:
    await stage.start()
    stage.policies(
        POLICIES
        + '@id("closed") @reason("closed today")'
        + ' forbid (principal, action == Action::"unreliable.note", resource)'
        + ' when { context.arguments.text == "b" };'
    )

    await stage.answer("approve")

    assert "closed today" in (await stage.case()).error["message"]
    assert await stage.noted() == ["a"]


@pytest.mark.parametrize("loosened", [False, True])
async def test_the_answer_about_a_call_never_answers_a_question_of_the_step(
    stage: Stage, loosened: bool
) -> None:
    await stage.start(asks=True)
    if loosened:
        stage.policies(POLICIES.replace('@obligation("review:controller")\n', ""))

    await stage.answer("approve")

    assert (await stage.review()).question == "And now?"
    await stage.answer("whatever")
    case = await stage.case()
    assert (case.status, await stage.noted()) == ("succeeded", ["a", "b"])


async def test_a_denial_is_an_audit_entry_with_policy_and_digest(stage: Stage) -> None:
    stage.policies(POLICIES.replace("two_notes", "other"))

    await stage.start()

    (denied,) = await stage.audited("call_denied")
    assert (denied["actor"], denied["object"]) == ("process/two_notes", "tool/unreliable.note")
    assert (denied["detail"]["person"], denied["detail"]["reason"]) == ("anna", "no policy permits it")
    assert len(denied["detail"]["digest"]) == 64
    assert (await stage.case()).error["code"] == "tool_not_allowed"
