"""Every judge of the gauntlet sees the violation that it is there for, and none where there is none."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence import Evidence
from history import History
from oracles import (
    Allowed,
    accepted_work_survives,
    audit_is_complete,
    effect_once,
    judge,
    nothing_is_lost,
    one_decision,
    one_writer,
    takeover_times,
)
from supervisor import Death

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CASE: dict[str, Any] = {
    "id": "case",
    "status": "succeeded",
    "attempt": 1,
    "input": {"reference": "r", "system": "keyed"},
    "error": None,
}
REVIEW: dict[str, Any] = {
    "id": "review",
    "case_id": "case",
    "status": "answered",
    "answer": {"approved": True},
    "answered_by": "anna",
}
SOUND = Evidence(
    applied={"keyed": [{"reference": "r", "key": "k"}]},
    cases=[CASE],
    runs=[{"case_id": "case", "ended_at": NOON + timedelta(seconds=9)}],
    reviews=[REVIEW],
    effects=[{"key": "k"}],
    audit=[
        {"action": "case_started", "object": "case/case"},
        {"action": "effect_intended", "object": "effect/k"},
        {"action": "review_answered", "object": "review/review"},
        {"action": "case_succeeded", "object": "case/case"},
    ],
    claims=[{"case_id": "case", "writer": "worker-0.1", "at": NOON}],
    writes=[{"case_id": "case", "writer": "worker-0.1", "place": "checkpoints", "at": NOON}],
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A case started and its review answered, once each, and both were acknowledged."""
    history = History(tmp_path / "history.jsonl")
    history.end(history.begin("start", "r"), "ok", status=201, id="case")
    history.end(history.begin("answer", "review", actor="anna"), "ok", status=200, id="review")
    yield history
    history.close()


def case(**fields: Any) -> Evidence:
    return replace(SOUND, cases=[CASE | fields])


def test_nobody_objects_to_a_sound_run(history: History) -> None:
    assert judge(history, SOUND, Allowed()) == []


def test_an_accepted_start_that_is_gone_is_seen(history: History) -> None:
    assert [v.invariant for v in accepted_work_survives(history, replace(SOUND, cases=[]))] == ["I1"]


def test_an_order_started_twice_is_seen(history: History) -> None:
    twice = replace(SOUND, cases=[CASE, CASE | {"id": "other"}])

    assert [v.invariant for v in accepted_work_survives(history, twice)] == ["I1"]


def test_an_accepted_answer_that_is_gone_is_seen(history: History) -> None:
    reopened = replace(SOUND, reviews=[REVIEW | {"status": "open"}])

    assert [v.invariant for v in accepted_work_survives(history, reopened)] == ["I1"]


def test_a_write_of_a_worker_that_lost_the_case_is_seen() -> None:
    taken_over = {"case_id": "case", "writer": "worker-1.1", "at": NOON + timedelta(seconds=1)}
    stale = SOUND.writes[0] | {"at": NOON + timedelta(seconds=2)}
    evidence = replace(SOUND, claims=[*SOUND.claims, taken_over], writes=[*SOUND.writes, stale])

    assert [v.invariant for v in one_writer(evidence)] == ["I2"]


def test_a_write_without_a_claim_is_seen() -> None:
    assert [v.invariant for v in one_writer(replace(SOUND, claims=[]))] == ["I2"]


def test_an_effect_applied_twice_is_seen() -> None:
    row = {"reference": "r", "key": "k"}

    assert [v.invariant for v in effect_once(replace(SOUND, applied={"blind": [row, row]}))] == ["I3"]


def test_a_success_that_the_system_knows_nothing_of_is_seen() -> None:
    nothing = replace(SOUND, applied={"keyed": []})

    assert [v.invariant for v in nothing_is_lost(nothing, Allowed())] == ["I3"]


def test_two_accepted_answers_are_seen(history: History) -> None:
    history.end(history.begin("answer", "review", actor="ben"), "ok", status=200, id="review")

    assert [v.invariant for v in one_decision(history, SOUND)] == ["I4"]


def test_an_answer_under_another_name_is_seen(history: History) -> None:
    renamed = replace(SOUND, reviews=[REVIEW | {"answered_by": "ben"}])

    assert [v.invariant for v in one_decision(history, renamed)] == ["I4"]


def test_a_case_that_runs_for_ever_is_seen() -> None:
    assert [v.invariant for v in nothing_is_lost(case(status="running"), Allowed())] == ["I5"]


def test_a_case_that_waits_for_nothing_is_seen() -> None:
    assert [v.invariant for v in nothing_is_lost(case(status="waiting"), Allowed())] == ["I5"]


def test_an_incident_is_seen_where_the_contract_class_rules_it_out() -> None:
    incident = case(status="incident")

    assert [v.invariant for v in nothing_is_lost(incident, Allowed())] == ["I5"]
    assert list(nothing_is_lost(incident, Allowed(frozenset({"keyed"})))) == []


def test_a_row_outside_without_an_audit_entry_is_seen() -> None:
    silent = replace(SOUND, audit=[entry for entry in SOUND.audit if entry["action"] != "effect_intended"])

    assert [v.invariant for v in audit_is_complete(silent)] == ["I6"]


@pytest.mark.parametrize("action", ["case_started", "case_succeeded", "review_answered"])
def test_a_transition_without_an_audit_entry_is_seen(action: str) -> None:
    silent = replace(SOUND, audit=[entry for entry in SOUND.audit if entry["action"] != action])

    assert [v.invariant for v in audit_is_complete(silent)] == ["I6"]


def test_a_case_that_ended_twice_is_seen() -> None:
    assert [v.invariant for v in audit_is_complete(replace(SOUND, audit=SOUND.audit * 2))] == ["I6", "I6"]


def test_a_take_over_is_timed_from_the_death_to_the_next_claim() -> None:
    claims = [
        {"case_id": "case", "writer": "worker-1.1", "at": NOON + timedelta(seconds=4)},
        {"case_id": "case", "writer": "worker-0.1", "at": NOON},
    ]
    deaths = [Death("worker-0.1", NOON.timestamp() + 3, -9)]

    assert takeover_times(replace(SOUND, claims=claims), deaths) == [1.0]


def test_a_claim_after_a_run_that_had_ended_is_no_take_over() -> None:
    claims = [
        {"case_id": "case", "writer": "worker-0.1", "at": NOON},
        {"case_id": "case", "writer": "worker-1.1", "at": NOON + timedelta(seconds=20)},
    ]
    deaths = [Death("worker-0.1", NOON.timestamp() + 10, -9)]

    assert takeover_times(replace(SOUND, claims=claims), deaths) == []
