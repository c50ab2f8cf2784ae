"""The process in docs/tool_use.md: it loads, and a model works with the bundled ERP in it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from chat_models import Scripted, call, plans, says
from langgraph.checkpoint.memory import InMemorySaver

import tools

DOCUMENT = Path(__file__).parents[2] / "docs" / "tool_use.md"
LETTER = "Bergmann Stahlhandel GmbH, DE129273398: when will you pay RE-2026-0117?"


@pytest.fixture(autouse=True)
async def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))
    monkeypatch.delenv("ERP_URL", raising=False)
    yield
    await tools.close()


def example(model: Any) -> Any:
    """Run the block, with another model, and return its graph."""
    code = DOCUMENT.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"__name__": "inquiry", "another": model}
    exec(code.replace("model=model,", "model=another,"), names)
    return names["graph"]


async def test_the_example_answers_a_letter() -> None:
    found = call("erp__find_invoices", supplier="S-1001", number="RE-2026-0117")
    script = [
        plans(erp__find_supplier=1, erp__find_invoices=1),
        says("", call("erp__find_supplier", vat_id="DE129273398")),
        says("", found),
        says("We have no such invoice."),
    ]
    graph = example(Scripted(replies=script)).compile(checkpointer=InMemorySaver())

    state = await graph.ainvoke({"letter": LETTER}, {"configurable": {"thread_id": "1"}})

    assert state["result"] == "We have no such invoice."
