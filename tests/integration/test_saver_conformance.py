"""LangGraph's own conformance suite, run over our saver."""

from collections.abc import AsyncIterator

import pytest
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import BASE_CAPABILITIES, Capability
from savers import new_attempt

from server.storage.database import Database
from server.storage.saver import FencedSaver

KEPT = sorted({capability.value for capability in BASE_CAPABILITIES} | {Capability.PRUNE.value})


@pytest.mark.parametrize("capability", KEPT)
async def test_the_saver_conforms(database: Database, capability: str) -> None:
    attempt = await new_attempt(database)

    @checkpointer_test(name="steward")
    async def saver() -> AsyncIterator[FencedSaver]:
        yield FencedSaver(database, case_id=attempt.case_id, attempt=attempt.number)

    report = await validate(saver, capabilities={capability})

    result = report.results[capability]
    assert result.passed, result.failures
    assert result.tests_passed > 0
