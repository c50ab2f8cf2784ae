"""When a server is left alone, and for how long."""

import pytest

from tools.sessions.breaker import FIRST_REST_S, JITTER, JUDGED_CALLS, WINDOW_S, Breaker, BreakerLimits
from tools.sessions.repeats import Repeats


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def breaker_of(clock: Clock, **limits: float) -> Breaker:
    return Breaker(BreakerLimits.model_validate(limits), clock=clock)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        call = object()
        breaker.admit(call)
        breaker.note_failure(call)


def succeed(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        call = object()
        breaker.admit(call)
        breaker.note_success(call)


def test_failures_in_a_row_open_it(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=3)

    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)

    assert (breaker.state, breaker.lets_through) == ("open", False)


def test_a_success_ends_the_row(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=3)

    fail(breaker, 2)
    succeed(breaker)
    fail(breaker, 2)

    assert breaker.state == "closed"


def test_a_share_of_failures_opens_it_once_there_are_enough_calls_to_judge(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=100, share=0.5)

    for _ in range(JUDGED_CALLS // 2 - 1):
        succeed(breaker)
        fail(breaker)
    succeed(breaker)
    assert breaker.state == "closed"
    fail(breaker)

    assert breaker.state == "open"


def test_failures_of_long_ago_do_not_count_to_the_share(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=100, share=0.5)

    fail(breaker, JUDGED_CALLS - 1)
    clock.now = WINDOW_S + 1
    fail(breaker)

    assert breaker.state == "closed"


def test_after_its_rest_one_call_probes_and_closes_it(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=1)
    fail(breaker)
    clock.now = FIRST_REST_S
    probe = object()

    assert (breaker.state, breaker.lets_through) == ("half_open", True)
    breaker.admit(probe)
    assert not breaker.lets_through
    breaker.note_success(probe)

    assert (breaker.state, breaker.lets_through) == ("closed", True)


def test_each_probe_that_fails_doubles_the_rest_up_to_its_limit(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=1, longest_s=1.5)
    rests = []

    for _ in range(4):
        fail(breaker)
        begun = clock.now
        while not breaker.lets_through:
            clock.now += 0.01
        rests.append(clock.now - begun)

    for rest, most in zip(rests, [0.5, 1.0, 1.5, 1.5], strict=True):
        assert most * (1 - JITTER) <= rest <= most + 0.011


def test_a_probe_that_ends_without_a_sign_lets_the_next_one_probe(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=1)
    fail(breaker)
    clock.now = FIRST_REST_S
    probe = object()
    breaker.admit(probe)

    breaker.forget(probe)

    assert (breaker.state, breaker.lets_through) == ("half_open", True)


def test_calls_that_were_under_way_when_it_opened_do_not_close_it(clock: Clock) -> None:
    breaker = breaker_of(clock, failures=1)
    early = object()
    breaker.admit(early)
    fail(breaker)

    breaker.note_success(early)

    assert breaker.state == "open"


def test_repeats_are_three_for_each_place_and_come_back_with_time(clock: Clock) -> None:
    repeats = Repeats(2, clock=clock)

    assert [repeats.spend() for _ in range(7)] == [True] * 6 + [False]
    clock.now = 10.0
    assert [repeats.spend(), repeats.spend()] == [True, False]
    clock.now = 1000.0
    assert [repeats.spend() for _ in range(7)] == [True] * 6 + [False]


def test_ten_calls_earn_a_repeat(clock: Clock) -> None:
    repeats = Repeats(1, clock=clock)
    for _ in range(3):
        repeats.spend()

    for _ in range(9):
        repeats.note_call()
    assert not repeats.spend()
    for _ in range(2):  # one more than ten, as tenths do not add up to one
        repeats.note_call()

    assert repeats.spend()
