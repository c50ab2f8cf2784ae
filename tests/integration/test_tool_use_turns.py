"""The turns of a model that works with tools: what goes wrong in them, and what they may cost."""

from decimal import Decimal
from typing import Any

import pytest
from chat_models import USAGE, call, plans, says
from langchain_core.messages import AIMessage
from office_books import OfficeBooks
from offices import office, office_folder  # noqa: F401
from tool_use_cases import clerk, worked_alone

from nodes.tool_use import Caps, Price

PLAN = plans(office__find_supplier=2)
FIND = says("", call("office__find_supplier", name="Bergmann"))
DONE = says("Done.")
GARBAGE = {"name": "office__find_supplier", "args": "{name", "id": "1", "error": "no JSON"}


@pytest.fixture(autouse=True)
def books(request: pytest.FixtureRequest) -> OfficeBooks:
    books: OfficeBooks = request.getfixturevalue("office")
    return books


def unreadable() -> AIMessage:
    return AIMessage("", invalid_tool_calls=[{**GARBAGE, "type": "invalid_tool_call"}])


TROUBLE: dict[str, Any] = {
    "it fails": RuntimeError("429 Too Many Requests"),
    "it does not answer in time": TimeoutError(),
    "a call is garbage": unreadable(),
    "a number is none": says("", call("office__find_supplier", name=float("nan"))),
    "a number is beyond 64 bits": says("", call("office__find_supplier", name=2**64)),
    "its answer is cut off": says("Well, ", finish_reason="length"),
    "it declines": says("I cannot", stop_reason="refusal"),
    "it says nothing": says("  "),
    "it calls a tool that there is not": says("", call("office__burn", name="x")),
    "it repeats a call": FIND,
}


@pytest.mark.parametrize("reply", TROUBLE.values(), ids=TROUBLE.keys())
async def test_it_tries_again_when(reply: Any) -> None:
    work, model = await worked_alone([PLAN, FIND, reply, DONE])

    assert (work.outcome, work.answer, work.repairs) == ("done", "Done.", 1)
    assert len(model.heard) == 4


@pytest.mark.parametrize("reply", TROUBLE.values(), ids=TROUBLE.keys())
async def test_a_person_is_asked_when_it_goes_wrong_a_third_time_that(reply: Any) -> None:
    work, model = await worked_alone([PLAN, FIND, reply, reply, reply, DONE])

    assert (work.outcome, work.about) == ("", "trouble")
    assert work.question.startswith("it does not get on: ")
    assert len(model.heard) == 5


@pytest.mark.parametrize(
    "plan",
    [
        says("I shall look the supplier up."),
        says("", call("write_plan", tools="all")),
        plans(office__burn=1),
        says("", call("office__find_supplier", name="Bergmann")),
    ],
)
async def test_a_plan_that_is_none_is_written_again(plan: Any, books: OfficeBooks) -> None:
    work, model = await worked_alone([plan, PLAN, DONE])

    assert (work.outcome, len(model.heard)) == ("done", 3)
    assert books.calls("find_supplier") == []


async def test_a_turn_that_takes_too_long_is_broken_off_and_counts_at_its_worst() -> None:
    caps = Caps(turn_s=0.05)

    work, _ = await worked_alone([PLAN] * 3, pause_s=30, caps=caps)

    assert work.question == "it does not get on: The model did not answer in time."
    assert work.spent.written == 3 * caps.answer_tokens


PRICE = Price(read=Decimal(3), written=Decimal(15), currency="EUR")
A_TURN = PRICE.of(USAGE["input_tokens"], USAGE["output_tokens"])


async def test_money_is_counted_exactly() -> None:
    work, _ = await worked_alone([PLAN, FIND, DONE], price=PRICE)

    assert work.spent.money == 3 * A_TURN == Decimal("0.0135")
    assert (work.spent.turns, work.spent.read, work.spent.written) == (3, 3000, 300)


def silent(reply: AIMessage) -> AIMessage:
    """The same of a provider that does not say what it used, so that it counts at its worst."""
    return reply.model_copy(update={"usage_metadata": None})


@pytest.mark.parametrize("cents", range(2, 11))
async def test_no_turn_begins_that_could_pass_the_cap_on_money(cents: int) -> None:
    caps = Caps(money=Decimal(cents) / 100, answer_tokens=100, turns=50)
    endless = [silent(PLAN), *[silent(FIND)] * 40]

    work, model = await worked_alone(endless, price=PRICE, caps=caps, repairs=99)

    assert work.outcome == "stopped"
    assert "EUR" in work.reason
    assert 0 < work.spent.money <= Decimal(cents) / 100
    assert work.spent.turns == len(model.heard)


async def test_a_turn_of_unknown_usage_costs_what_it_could() -> None:
    silent = AIMessage("Done.")

    work, _ = await worked_alone([PLAN, silent], price=PRICE)

    assert work.spent.written == USAGE["output_tokens"] + Caps().answer_tokens
    assert work.spent.read > USAGE["input_tokens"] + 1000


@pytest.mark.parametrize(
    ("caps", "reason"),
    [
        (Caps(turns=2), "it has had its 2 turns"),
        (Caps(tokens=6_000), "tokens of 6000"),
        (Caps(seconds=0.001), "it has had its 0.001 seconds"),
    ],
)
async def test_it_stops_at_the_cap(caps: Caps, reason: str) -> None:
    work, model = await worked_alone([PLAN, FIND, DONE], caps=caps)

    assert work.outcome == "stopped"
    assert reason in work.reason
    assert len(model.heard) < 3


def test_a_cap_on_money_needs_a_price() -> None:
    with pytest.raises(ValueError, match="needs the model's price"):
        clerk(None, caps=Caps(money=Decimal(1)))
