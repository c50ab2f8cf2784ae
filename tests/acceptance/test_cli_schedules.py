"""The commands for schedules, against a running host."""

import json
import sys
from collections.abc import Callable

import pytest

from server.cli import main

INPUT = '{"document": "sample:04-no-order.xml"}'
Steward = Callable[..., tuple[int, str, str]]


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server_url: str) -> Steward:
    """The command line: it returns the exit code and what was printed, to stdout and to stderr."""
    monkeypatch.setenv("STEWARD_URL", server_url)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["steward", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return run


def make(steward: Steward, name: str, *arguments: str) -> tuple[int, str, str]:
    fixed = ("--process", "invoice_to_pay", "--cron", "0 8 1 1 *", "--input", INPUT)
    return steward("schedule", name, *fixed, *arguments)


def test_a_schedule_is_made_and_shown_with_its_next_moments(steward: Steward) -> None:
    code, made, _ = make(steward, "yearly", "--zone", "Europe/Zurich", "--overlap", "queue")

    _, listed, _ = steward("schedules")
    _, shown, _ = steward("schedules", "yearly")

    assert code == 0
    assert "0 8 1 1 * (Europe/Zurich)" in made
    assert "yearly" in listed
    assert shown.count("-01-01 07:00") == 6


def test_what_is_given_is_changed_and_the_rest_stays(steward: Steward) -> None:
    make(steward, "changing", "--overlap", "queue")

    steward("schedule", "changing", "--catch-up", "all", "--disable")

    _, printed, _ = steward("schedules", "changing", "--json")
    found = json.loads(printed)
    assert (found["overlap"], found["catch_up"], found["enabled"]) == ("queue", "all", False)
    assert found["next_at"] is None


def test_a_deleted_schedule_is_gone(steward: Steward) -> None:
    make(steward, "short-lived")

    deleted, _, _ = steward("unschedule", "short-lived")
    code, _, error = steward("schedules", "short-lived")

    assert deleted == 0
    assert (code, error) == (1, "steward: there is no schedule 'short-lived'\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--cron", "never"), 1, "(cron)"),
        (("--zone", "Mars"), 1, "(zone)"),
        (("--process", "absent"), 1, "(process)"),
        (("--input", "{"), 2, "--input"),
        (("--overlap", "maybe"), 2, "--overlap"),
    ],
)
def test_what_cannot_be_used_is_named(
    steward: Steward, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended, _, error = make(steward, "wrong", *arguments)

    assert (ended, said in error) == (code, True)


def test_the_process_of_a_schedule_stays(steward: Steward) -> None:
    make(steward, "steady")

    code, _, error = steward("schedule", "steady", "--process", "another")

    assert code == 1
    assert "invoice_to_pay" in error
