"""The command that verifies tables, which needs no server."""

from pathlib import Path

import pytest
from command_line import Steward

LIMITS = """\
id: limits
version: 1
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
hit: first
inputs:
  urgent: {type: boolean}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
- {id: R1, when: {urgent: true}, then: {route: ask}, because: Why not}
"""


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steward:
    return Steward(monkeypatch, capsys, url="http://127.0.0.1:9")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "limits.yaml"
    path.write_text(LIMITS)
    return path


def test_a_table_with_an_error_is_told_with_a_case_and_exit_code_1(steward: Steward, file: Path) -> None:
    outcome = steward("rules", "check", str(file))

    assert outcome.code == 1
    assert outcome.out == (
        f"{file}:12: error: gap: no rule fits {{urgent: false}}\n"
        "  add a rule with when: {urgent: false}, or widen one that nearly fits\n"
        '  for example, on 2026-01-01: {"urgent": false}\n'
    )


def test_a_check_is_told_as_json_and_a_malformed_table_does_not_keep_the_next_from_being_checked(
    steward: Steward, file: Path
) -> None:
    bad = file.with_name("bad.yaml")
    bad.write_text("id: bad")

    outcome = steward("rules", "check", str(bad), str(file), "--json")

    assert outcome.code == 1
    assert {document["kind"] for document in outcome.documents} == {"malformed", "gap"}


def test_the_shipped_tables_pass_the_check(steward: Steward) -> None:
    outcome = steward("rules", "check", "--on", "2026-11-25")

    assert (outcome.code, outcome.out) == (0, "")
