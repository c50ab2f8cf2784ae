"""The key of an effect, and which errors let its step run again."""

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from tools import errors
from tools.effects import Execution, digest, find_execution, next_key
from tools.ports import Entry
from tools.retry import may_repeat


def test_a_key_names_case_step_effect_and_ordinal():
    assert next_key(Execution("c0", "book:t0", 1.0, 1), "erp.book") == "c0/book:t0/erp.book/1"


def test_calls_of_one_tool_in_one_execution_are_counted_and_other_tools_apart():
    execution = Execution("c1", "book:count", 1.0, 1)

    keys = [next_key(execution, effect) for effect in ("erp.book", "erp.book", "erp.pay")]

    assert [key.removeprefix("c1/book:count/") for key in keys] == ["erp.book/1", "erp.book/2", "erp.pay/1"]


@pytest.mark.parametrize(("began_at", "attempt"), [(1.0, 2), (2.0, 1)])
def test_an_execution_that_runs_again_gives_the_same_keys(began_at, attempt):
    first = [next_key(Execution("c1", f"again:{attempt}", 1.0, 1), "erp.book") for _ in range(2)]

    second = [next_key(Execution("c1", f"again:{attempt}", began_at, attempt), "erp.book") for _ in range(2)]

    assert first == second


def test_there_is_no_execution_outside_a_graph():
    assert find_execution() is None


@pytest.mark.parametrize(("saver", "case"), [(None, None), (InMemorySaver(), "c1")])
async def test_an_execution_has_a_case_where_checkpoints_are_kept(saver, case):
    seen = []

    async def look(_state: dict) -> dict:
        seen.append(find_execution())
        return {}

    graph = StateGraph(dict).add_node(look).add_edge(START, "look").add_edge("look", END)
    config = {"configurable": {"thread_id": case}} if case else {}
    await graph.compile(checkpointer=saver).ainvoke({}, config)

    assert [execution and execution.case for execution in seen] == [case]
    assert case is None or seen[0].step.startswith("look:")


def test_a_digest_does_not_depend_on_the_order_of_names():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


def test_a_number_that_json_lacks_has_no_digest():
    with pytest.raises(ValueError, match="JSON"):
        digest({"amount": float("nan")})


@pytest.mark.parametrize(
    ("error", "repeatable"),
    [
        (errors.NotSent("x"), True),
        (errors.DeadlineExceeded("x"), True),
        (errors.ConnectionLost("x"), True),
        (errors.OutcomeUnknown("x", repeatable=True), True),
        (errors.OutcomeUnknown("x", repeatable=False), False),
        (errors.ToolRefused("x"), False),
        (errors.BadAnswer("x"), False),
        (errors.NotAllowed("x"), False),
        (errors.EffectConflict("x"), False),
        (OSError("x"), False),
        (TimeoutError("x"), False),
    ],
)
def test_a_step_runs_again_for_what_is_transient_or_can_be_repeated_and_nothing_else(error, repeatable):
    assert may_repeat(error) is repeatable


def test_every_error_has_a_code_of_its_own():
    leaves = _below(errors.ToolError)

    assert len({leaf.code for leaf in leaves}) == len(leaves) > 20


def _below(root):
    return [leaf for child in root.__subclasses__() for leaf in (child, *_below(child))]


@pytest.mark.parametrize(("state", "receipt"), [("done", None), ("new", {}), ("unfinished", {})])
def test_a_ledger_entry_has_a_receipt_only_when_done(state, receipt):
    with pytest.raises(ValueError, match="receipt"):
        Entry(state, receipt)
