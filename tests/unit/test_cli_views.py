"""What people see of a case and its reviews."""

from typing import Any

import pytest

from server.cli import views
from server.cli.tables import Grid
from server.http import examples
from server.http.models import CaseDetail, Effect, Process, Review

WAITING = CaseDetail.model_validate(examples.CASE_DETAIL)
REVIEW = Review.model_validate(examples.REVIEW)


def of(changes: dict[str, Any]) -> CaseDetail:
    return CaseDetail.model_validate({**examples.CASE_DETAIL, "reviews": [], **changes})


def grid(grids: list[Grid], title: str) -> Grid:
    return next(one for one in grids if one.title == title)


def test_a_waiting_case_says_for_whom_and_why() -> None:
    assert views.what_became_of(WAITING) == f"waiting for buyer: {examples.REVIEW['body']['reason']}"


def test_a_case_whose_review_was_answered_waits_for_nobody() -> None:
    case = of({"reviews": [examples.ANSWERED_REVIEW], "status": "succeeded", "result": "booked as entry 4"})

    assert views.what_became_of(case) == "booked as entry 4"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "succeeded", "result": "rejected: a duplicate"}, "rejected: a duplicate"),
        (
            {"status": "incident", "error": {"code": "tool_refused", "message": "no such order"}},
            "no such order",
        ),
        ({"status": "incident", "error": {"code": "odd"}}, "{'code': 'odd'}"),
        ({"status": "running"}, ""),
    ],
)
def test_a_case_that_waits_for_nobody_tells_its_result_or_its_error(
    changes: dict[str, Any], told: str
) -> None:
    assert views.what_became_of(of(changes)) == told


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": ["odd"]}])
def test_a_review_without_a_reason_is_told_by_its_question(body: dict[str, Any]) -> None:
    review = REVIEW.model_copy(update={"body": body})

    assert views.reason_of(review) == review.question


@pytest.mark.parametrize(("at", "status"), [(None, "done"), ("2026-10-05T09:20:00Z", "undone")])
def test_an_effect_that_was_taken_back_is_shown_so(at: str | None, status: str) -> None:
    effect = Effect.model_validate({**examples.EFFECT, "compensated_at": at})

    grids = views.case(WAITING.model_copy(update={"effects": [effect]}))

    assert grid(grids, "effects").rows[0][2] == status


def test_a_case_in_detail_shows_state_steps_reviews_and_effects() -> None:
    case = WAITING.model_copy(update={"effects": [Effect.model_validate(examples.EFFECT)]})

    grids = views.case(case)

    assert ("status", "waiting") in grids[0].rows
    assert ("outcome", "ask") in grid(grids, "state").rows
    assert grid(grids, "steps").rows == [("1", "read", "done", "2026-10-05 08:00:00", "0.00 s")]
    assert grid(grids, "reviews").rows[0][:3] == (examples.REVIEW_ID, "open", "buyer")
    assert grid(grids, "effects").rows[0][:4] == ("book", "erp.book_invoice", "done", "1")


def test_a_part_of_a_case_that_is_empty_is_left_out() -> None:
    titles = [one.title for one in views.case(of({"steps": []}))]

    assert titles == ["", "state"]


def test_a_long_value_of_the_state_is_shortened() -> None:
    (value,) = [row[1] for row in grid(views.case(of({"state": {"invoice": ["x" * 1000]}})), "state").rows]

    assert len(value) == 160
    assert value.endswith("…")


def test_a_review_in_detail_shows_the_fields_of_its_form() -> None:
    form = grid(views.review(REVIEW), "answer with")

    assert form.rows == [
        ("decision", "approve | reject | check_again", "yes", ""),
        ("comment", "string", "", ""),
    ]


def test_a_process_in_detail_shows_its_input_and_steps() -> None:
    grids = views.process(Process.model_validate(examples.PROCESS))

    assert grid(grids, "input").rows == [("document", "string", "yes", "")]
    assert grid(grids, "steps").rows == [("read", "Read the electronic invoice from the document.")]
