"""The command line against a running host."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from command_line import Outcome, Steward

from server.cli.api import Api

NOBODY = "http://127.0.0.1:9"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server_url: str) -> Steward:
    return Steward(monkeypatch, capsys, url=server_url)


@pytest.fixture
def unreadable(tmp_path: Path) -> str:
    """A file that no other test sends, and that a person is asked about: it is XML, but no invoice."""
    file = tmp_path / "letter.xml"
    file.write_text(f"<letter>{uuid4()}</letter>")
    return str(file)


@pytest.fixture
def waiting(steward: Steward, unreadable: str) -> dict[str, Any]:
    """A case that waits for one review."""
    case: dict[str, Any] = submit(steward, unreadable, "--wait", "--json").documents[0]
    return case


def submit(steward: Steward, file: str, *arguments: str) -> Outcome:
    return steward("submit", file, "--process", "invoice_to_pay", *arguments)


def test_the_same_file_again_is_the_same_case(steward: Steward, unreadable: str) -> None:
    first = submit(steward, unreadable, "--json")
    second = submit(steward, unreadable, "--json")

    assert first.code == second.code == 0
    assert first.documents[0]["id"] == second.documents[0]["id"]


def test_another_key_makes_another_case_of_the_same_file(steward: Steward, unreadable: str) -> None:
    first = submit(steward, unreadable, "--json", "--key", str(uuid4()))
    second = submit(steward, unreadable, "--json", "--key", str(uuid4()))

    assert first.documents[0]["id"] != second.documents[0]["id"]


def test_waiting_for_a_case_tells_whom_it_waits_for(steward: Steward, unreadable: str) -> None:
    outcome = submit(steward, unreadable, "--wait")

    assert outcome.code == 0
    assert re.search(r"letter\.xml .* waiting .* waiting for ap_clerk: \S", outcome.out)


def test_a_refused_file_is_a_row_and_the_others_go_on(
    steward: Steward, unreadable: str, tmp_path: Path
) -> None:
    text = tmp_path / "note.txt"
    text.write_text("neither XML nor PDF")

    outcome = steward("submit", str(text), "gone.xml", unreadable, "--process", "invoice_to_pay")

    assert outcome.code == 1
    assert re.search(r"note\.txt +refused +the file is neither XML nor PDF", outcome.out)
    assert re.search(r"gone\.xml +refused +no such file or directory", outcome.out)
    assert re.search(r"letter\.xml +[0-9a-f-]{36} +running", outcome.out)


def test_a_refused_file_leaves_no_trace_among_the_json(steward: Steward, unreadable: str) -> None:
    outcome = steward("submit", "gone.xml", unreadable, "--process", "invoice_to_pay", "--json")

    assert [case["process"] for case in outcome.documents] == ["invoice_to_pay"]
    assert outcome.err == "steward: gone.xml: no such file or directory\n"


def test_a_file_of_50_megabytes_is_refused_with_the_limit(steward: Steward, tmp_path: Path) -> None:
    large = tmp_path / "large.xml"
    with large.open("wb") as file:
        file.truncate(50_000_000)

    outcome = submit(steward, str(large))

    assert outcome.code == 1
    assert "over the limit of" in outcome.out


def test_a_file_name_that_is_not_text_is_sent_with_question_marks(steward: Steward, tmp_path: Path) -> None:
    odd = tmp_path / "rechnung-\udcfc.xml"
    odd.write_text(f"<letter>{uuid4()}</letter>")

    assert submit(steward, str(odd)).code == 0


def test_cases_as_json_are_what_the_api_says(
    steward: Steward, server_url: str, waiting: dict[str, Any]
) -> None:
    arguments = ("--status", "waiting", "--process", "invoice_to_pay", "--limit", "1")

    outcome = steward("cases", *arguments, "--json")

    query = {"status": "waiting", "process": "invoice_to_pay", "limit": "1"}
    assert outcome.documents == [httpx.get(f"{server_url}/v1/cases", params=query).json()]


def test_a_limit_above_the_page_size_is_read_page_by_page(
    steward: Steward, server_url: str, unreadable: str
) -> None:
    submitted = [submit(steward, unreadable, "--json", "--key", str(uuid4())).documents[0] for _ in range(3)]

    with Api(server_url, page_limit=1) as api:
        page = api.list_cases(limit=3)

    assert [str(case.id) for case in page.items] == [case["id"] for case in reversed(submitted)]


def test_a_case_is_shown_by_the_beginning_of_its_id(steward: Steward, waiting: dict[str, Any]) -> None:
    outcome = steward("cases", waiting["id"][:13])

    assert outcome.code == 0
    assert waiting["id"] in outcome.out
    for part in ("state:", "steps:", "reviews:"):
        assert f"\n{part}\n" in outcome.out


def test_a_case_in_detail_as_json_is_what_the_api_says(
    steward: Steward, server_url: str, waiting: dict[str, Any]
) -> None:
    outcome = steward("cases", waiting["id"], "--json")

    assert outcome.documents == [httpx.get(f"{server_url}/v1/cases/{waiting['id']}").json()]


def test_an_answer_lets_the_case_go_on_under_the_name_of_its_actor(
    steward: Steward, waiting: dict[str, Any]
) -> None:
    review = waiting["reviews"][0]["id"]

    outcome = steward(
        "answer",
        review[:13],
        "--set",
        "decision=reject",
        "--set",
        "comment=no invoice",
        "--as",
        "ada",
        "--json",
    )

    assert outcome.code == 0
    assert outcome.documents[0]["answer"] == {"decision": "reject", "comment": "no invoice"}
    assert outcome.documents[0]["answered_by"] == "ada"


def test_the_second_answer_is_refused_with_the_name_of_the_first(
    steward: Steward, waiting: dict[str, Any]
) -> None:
    review, answer = waiting["reviews"][0]["id"], '{"decision": "reject", "comment": "no invoice"}'
    steward("answer", review, "--json-answer", answer, "--as", "ada")

    outcome = steward("answer", review, "--json-answer", answer, "--as", "grace")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("steward: ada answered this review")


def test_an_answer_that_does_not_fit_the_form_leaves_the_review_open(
    steward: Steward, waiting: dict[str, Any]
) -> None:
    review = waiting["reviews"][0]["id"]

    outcome = steward("answer", review, "--set", "decision=perhaps")

    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "answer.decision" in outcome.err
    assert steward("reviews", review, "--json").documents[0]["status"] == "open"


def test_open_reviews_are_listed_by_role_and_all_reviews_with_the_answered_ones(
    steward: Steward, waiting: dict[str, Any]
) -> None:
    review = waiting["reviews"][0]["id"]
    assert review in steward("reviews", "--role", "ap_clerk").out
    assert review not in steward("reviews", "--role", "buyer").out

    steward("answer", review, "--set", "decision=reject", "--set", "comment=no invoice")

    assert review not in steward("reviews").out
    assert re.search(f"{review} +answered", steward("reviews", "--all").out)


def test_a_review_in_detail_shows_the_form_of_its_answer(steward: Steward, waiting: dict[str, Any]) -> None:
    outcome = steward("reviews", waiting["reviews"][0]["id"])

    assert re.search(r"decision +replace \| reject +yes", outcome.out)


def test_processes_are_listed_and_shown(steward: Steward) -> None:
    assert re.search(r"^invoice_to_pay +\d+ +\S", steward("processes").out, re.MULTILINE)
    assert re.search(r"^document +string +yes", steward("processes", "invoice_to_pay").out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cases", "zzz"), "no id of the newest 200 begins with 'zzz'"),
        (("cases", "9f8e7d6c-0000-4000-8000-000000000000"), "there is no case 9f8e7d6c"),
        (("processes", "no such"), "there is no process 'no such'"),
        (("cases", "--url", NOBODY), f"no answer from {NOBODY}"),
        (("cases", "--url", "localhost"), "'localhost' is no URL"),
        (("answer", "9f8e", "--set", "a=1", "--as", "two words"), "a name of letters"),
    ],
)
def test_an_expected_failure_is_one_line_and_exit_code_1(
    steward: Steward, arguments: tuple[str, ...], said: str
) -> None:
    outcome = steward(*arguments)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"steward: {said}")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("cases", "--status", "asleep"),
        ("cases", "--limit", "0"),
        ("submit", "a.xml"),
        ("submit", "a.xml", "b.xml", "--process", "p", "--key", "k"),
        ("submit", "a.xml", "--process", "p", "--key", "ключ"),
        ("answer", "9f8e"),
        ("answer", "9f8e", "--set", "a=1", "--json-answer", "{}"),
        ("dance",),
    ],
)
def test_wrong_usage_is_exit_code_2(steward: Steward, arguments: tuple[str, ...]) -> None:
    outcome = steward(*arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert "Traceback" not in outcome.err


def test_a_proxy_of_the_environment_does_not_stand_before_this_machine(
    steward: Steward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", NOBODY)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert steward("cases").code == 0


def test_the_package_runs_as_a_module(server_url: str) -> None:
    command = [sys.executable, "-m", "server", "cases", "--url", server_url, "--json"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "items" in json.loads(done.stdout)
