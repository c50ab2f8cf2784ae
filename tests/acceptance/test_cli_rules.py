"""The commands about tables of rules, which need no server."""

import re
from pathlib import Path

import pytest
from command_line import Steward

LOOSE = """\
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
- id: R1
  when: {urgent: true}
  then: {route: ask}
  because: Why not
"""
ROW = "- {id: R1, when: {urgent: true}, then: {route: ask}, because: Why not}\n"


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steward:
    return Steward(monkeypatch, capsys, url="http://127.0.0.1:9")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "limits.yaml"
    path.write_text(LOOSE)
    return path


def test_without_a_name_the_shipped_tables_are_listed(steward: Steward) -> None:
    outcome = steward("rules", "show")

    assert outcome.code == 0
    assert "invoice_to_pay" in outcome.out


def test_a_table_is_shown_as_rows(steward: Steward, file: Path) -> None:
    outcome = steward("rules", "show", str(file))

    assert "rule  urgent  route  because\nR1    true    ask    Why not\n" in outcome.out


def test_a_table_is_shown_as_json_and_as_markdown(steward: Steward, file: Path) -> None:
    [record] = steward("rules", "show", str(file), "--json").documents
    markdown = steward("rules", "show", str(file), "--markdown").out

    assert record["rules"][0]["when"] == {"urgent": "true"}
    assert "| R1 | true | ask | Why not |" in markdown


@pytest.mark.parametrize(("given", "said"), [("entity", "KIND=VALUE"), ("planet=Mars", "no kind of")])
def test_a_context_that_is_none_is_refused(steward: Steward, given: str, said: str) -> None:
    outcome = steward("rules", "show", "invoice_to_pay", "--in", given)

    assert outcome.code != 0
    assert said in outcome.err


def test_the_layout_is_checked_without_a_change_and_then_written(steward: Steward, file: Path) -> None:
    checked = steward("rules", "fmt", "--check", str(file))
    untouched = file.read_text()
    written = steward("rules", "fmt", str(file))
    again = steward("rules", "fmt", "--check", str(file))

    assert (checked.code, written.code, again.code) == (1, 0, 0)
    assert untouched == LOOSE
    assert file.read_text() == LOOSE[: LOOSE.index("- id")] + ROW


def test_each_finding_of_a_malformed_table_is_a_line_with_its_place(steward: Steward, file: Path) -> None:
    file.write_text(LOOSE.replace("Finance", "").replace("true", "yes"))

    outcome = steward("rules", "show", str(file))

    assert outcome.code == 1
    assert [line.split(": ")[0] for line in outcome.err.splitlines()] == [f"{file}:3:7", f"{file}:13:18"]


@pytest.mark.parametrize("name", ["nothing", "nothing.yaml"])
def test_a_table_that_is_not_there_is_said_in_one_line(steward: Steward, name: str) -> None:
    outcome = steward("rules", "show", name)

    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)


EXAMPLES = """\
examples:
- {name: Urgent, given: {urgent: true}, expect: {rule: R1, route: ask}}
- {name: Not urgent, given: {urgent: false}, expect: {route: pay}}
"""


def test_the_examples_of_all_shipped_tables_pass(steward: Steward) -> None:
    outcome = steward("rules", "test")

    assert (outcome.code, outcome.err) == (0, "")
    assert "rules/invoice_to_pay.yaml: " in outcome.out


def test_a_failing_example_and_an_unreached_rule_are_lines_with_their_places(
    steward: Steward, file: Path
) -> None:
    file.write_text(f"{LOOSE}{ROW.replace('R1', 'R2')}{EXAMPLES}")

    outcome = steward("rules", "test", str(file))

    said = "the answer is no_rule, expected decision (no rule of table 'limits' fits these facts)"
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        f"{file}: 1 of 2 examples pass, 1 of 2 rules are reached",
        f"{file}:19: example 'Not urgent': {said}",
        f"{file}:16: no example reaches rule R2",
    ]


def test_a_program_gets_every_example_with_its_answer(steward: Steward, file: Path) -> None:
    file.write_text(f"{LOOSE}{EXAMPLES}")

    [record] = steward("rules", "test", str(file), "--json").documents

    assert (record["passed"], record["unreached"]) == (False, [])
    assert [(one["name"], one["line"], one["passed"], one["answer"]) for one in record["examples"]] == [
        ("Urgent", 17, True, "decision"),
        ("Not urgent", 18, False, "no_rule"),
    ]


def test_what_a_changed_table_changes_is_told_in_cases(steward: Steward, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(LOOSE.replace("urgent: true", "urgent: false"))

    told = steward("rules", "diff", str(file), str(other)).out
    [record] = steward("rules", "diff", str(file), str(other), "--json").documents

    assert "no rule becomes route ask (R1)\n  where urgent is false\n  for example: urgent false\n" in told
    assert sorted(case["new"]["kind"] for case in record["cases"]) == ["decision", "no_rule"]


def test_the_schema_is_printed_as_the_file_for_editors_holds_it(steward: Steward) -> None:
    printed = steward("rules", "schema").out

    assert printed == (Path(__file__).parents[2] / "docs" / "rules.schema.json").read_text("utf-8")


CASES = """\
- {id: R2, when: {urgent: false}, then: {route: pay}, because: No hurry}
"""


def test_a_table_is_asked_and_says_why_no_other_rule_decides(steward: Steward, file: Path) -> None:
    file.write_text(LOOSE + CASES)

    outcome = steward("rules", "ask", str(file), "urgent=false", "--on", "2026-07-01")

    assert outcome.out.splitlines() == [
        "route    pay",
        "rule     R2",
        "because  No hurry",
        "asked    limits, version 1, as of 2026-07-01",
        "",
        "rule  why it does not decide",
        "R1    urgent is false, the rule wants true",
    ]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (["urgent=true"], "decision"),
        (["urgent=missing"], "missing_input"),
        ([], "missing_input"),
        (["urgent=NO"], "invalid_input"),
        (["amount=5"], "invalid_input"),
    ],
)
def test_what_is_no_fact_of_the_table_leads_to_a_person(
    steward: Steward, file: Path, facts: list[str], kind: str
) -> None:
    [record] = steward("rules", "ask", str(file), *facts, "--on", "2026-07-01", "--json").documents
    told = steward("rules", "ask", str(file), *facts, "--on", "2026-07-01").out

    assert record["kind"] == kind
    assert told.startswith("route" if kind == "decision" else f"escalation  {kind}\n")


def test_facts_are_written_as_in_cells(steward: Steward) -> None:
    facts = ["hold=none", "discount=24.50", "cash=free"]

    [record] = steward("rules", "ask", "invoice_payment", *facts, "--on", "2026-07-01", "--json").documents

    assert record["facts"]["discount"] == {"amount": "24.5", "currency": "EUR"}
    assert record["rule"] == "PA-100"


@pytest.mark.parametrize("command", ["ask", "test"])
def test_the_documentation_shows_what_the_command_prints(
    steward: Steward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
    table, examples = re.findall(
        r"^```yaml\n((?:id: travel_claim|examples:).*?)^```", text, re.DOTALL | re.MULTILINE
    )
    (tmp_path / "travel_claim.yaml").write_text(table + examples)
    monkeypatch.chdir(tmp_path)
    [(arguments, shown)] = re.findall(
        rf"^\$ steward rules {command} (travel_claim[^#\n]*).*?\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    )

    outcome = steward("rules", command, *arguments.split())

    assert outcome.out == shown
