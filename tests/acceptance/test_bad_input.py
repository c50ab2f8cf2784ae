"""What a caller may not send: each has its problem, and nothing is half made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
START = "/v1/processes/invoice_to_pay/cases"
INVOICE = (SAMPLES / "03-no-order-small.xml").read_bytes()


@pytest.fixture(scope="module")
def client(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=60) as client:
        yield client


def case_count(client: httpx.Client) -> int:
    return len(client.get("/v1/cases", params={"limit": 200}).json()["items"])


def assert_problem(response: httpx.Response, status: int, field: str | None = None) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"].startswith("/problems/")
    assert problem["detail"]
    assert "Traceback" not in response.text
    if field:
        assert problem["field"] == field


def upload(client: httpx.Client, content: bytes, name: str = "invoice.xml") -> httpx.Response:
    return client.post(START, files={"file": (name, content)})


REFUSED_FILES = [
    ("fifty_megabytes", b"<" + b"x" * 50_000_000, "a.xml", 413, None),
    ("just_over_the_limit", b"<" + b"x" * (10 * 1024 * 1024), "a.xml", 413, "file"),
    ("not_xml", b"PK\x03\x04 an archive", "a.xml", 415, "file"),
    ("empty", b"", "a.xml", 415, "file"),
    ("path_in_the_name", INVOICE, "..\\..\\boot.ini", 422, "file"),
    ("name_too_long", INVOICE, "a" * 201 + ".xml", 422, "file"),
]


@pytest.mark.parametrize(
    ("content", "name", "status", "field"),
    [row[1:] for row in REFUSED_FILES],
    ids=[row[0] for row in REFUSED_FILES],
)
def test_a_file_is_refused_and_no_case_is_made(
    client: httpx.Client, content: bytes, name: str, status: int, field: str | None
) -> None:
    before = case_count(client)

    response = upload(client, content, name)

    assert_problem(response, status, field)
    assert case_count(client) == before


def test_a_file_name_with_a_path_is_refused(client: httpx.Client) -> None:
    """Sent by hand, because clients strip the folders off."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="../../x.xml"\r\n\r\n<a/>\r\n--b--\r\n'
    )

    response = client.post(START, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})

    assert_problem(response, 422, "file")


JSON = {"Content-Type": "application/json"}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


REFUSED_BODIES: list[tuple[str, dict[str, Any], int, str | None]] = [
    ("no_body", {}, 415, "body"),
    ("another_media_type", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, "body"),
    ("empty_json", {"content": b"", "headers": JSON}, 422, "body"),
    (
        "huge_integer",
        {"content": b'{"input": {"document": ' + b"9" * 5000 + b"}}", "headers": JSON},
        422,
        "body",
    ),
    ("integer_over_64_bits", {"json": {"input": {"document": 2**63}}}, 422, "input.document"),
    (
        "number_beyond_floats",
        {"content": b'{"input": {"document": {"lines": [1, 1e400]}}}', "headers": JSON},
        422,
        "input.document.lines.1",
    ),
    ("one_megabyte", {"json": {"input": {"document": "x" * 10**6}}}, 413, "input"),
    ("ten_megabytes", {"json": {"input": {"document": "x" * 10**7}}}, 413, "input"),
    ("fifty_megabytes", {"json": {"input": {"document": "x" * 5 * 10**7}}}, 413, "body"),
    ("unknown_input", {"json": {"input": {"document": "sample:x", "outcome": "book"}}}, 422, "input.outcome"),
    ("deep_input", {"json": {"input": {"document": "sample:x", "junk": nested(300)}}}, 422, "input.junk"),
    ("not_json", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "body"),
    (
        "not_utf8",
        {"content": b'{"input": "\xff"}', "headers": {"Content-Type": "application/json"}},
        422,
        "body",
    ),
    ("deep", {"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, 422, "body"),
    ("array", {"json": []}, 422, None),
    ("no_input", {"json": {}}, 422, "input"),
    ("unknown_key", {"json": {"input": {"document": "sample:x"}, "priority": 1}}, 422, "priority"),
    ("no_document", {"json": {"input": {}}}, 422, "input.document"),
    ("document_of_another_type", {"json": {"input": {"document": 5}}}, 422, "input.document"),
    ("absent_document", {"json": {"input": {"document": "sha256:" + "0" * 64}}}, 422, "input.document"),
    ("nul", {"json": {"input": {"document": "a\x00b"}}}, 422, "input.document"),
    ("nul_in_a_name", {"json": {"input": {"a\x00b": 1}}}, 422, "input"),
    ("surrogate", {"content": b'{"input": {"document": "\\ud800"}}', "headers": JSON}, 422, "input.document"),
    ("nan", {"content": b'{"input": {"document": NaN}}', "headers": JSON}, 422, "input.document"),
    ("form_without_file", {"files": {"other": ("a.xml", b"<a/>")}}, 422, "file"),
    ("two_files", {"files": [("file", ("a.xml", b"<a/>")), ("file", ("b.xml", b"<b/>"))]}, 422, "body"),
    ("no_boundary", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422, "body"),
]


@pytest.mark.parametrize(
    ("request_", "status", "field"),
    [row[1:] for row in REFUSED_BODIES],
    ids=[row[0] for row in REFUSED_BODIES],
)
def test_a_body_is_refused_and_no_case_is_made(
    client: httpx.Client, request_: dict[str, Any], status: int, field: str | None
) -> None:
    before = case_count(client)

    response = client.post(START, **request_)

    assert_problem(response, status, field)
    assert case_count(client) == before


REFUSED_GETS = [
    ("/v1/cases/not-an-id", 422),
    ("/v1/cases/6f1c3b1e-0d5c-4f0e-9a83-111111111111", 404),
    ("/v1/reviews/6f1c3b1e-0d5c-4f0e-9a83-111111111111", 404),
    ("/v1/documents/sha256:" + "0" * 64, 404),
    ("/v1/documents/passwd", 422),
    ("/v1/cases?cursor=xyz", 422),
    ("/v1/cases?cursor=%00", 422),
    ("/v1/cases?limit=0", 422),
    ("/v1/cases?limit=201", 422),
    ("/v1/cases?status=lost", 422),
    ("/v1/cases?process=a%00b", 422),
    ("/v1/reviews?role=a%00b", 422),
    ("/v1/processes/none", 404),
    ("/v1/nothing", 404),
]


@pytest.mark.parametrize(("path", "status"), REFUSED_GETS)
def test_a_question_that_makes_no_sense_has_a_problem(client: httpx.Client, path: str, status: int) -> None:
    assert_problem(client.get(path), status)


def test_a_method_that_a_path_does_not_know_has_a_problem(client: httpx.Client) -> None:
    assert_problem(client.delete("/v1/cases"), 405)


def test_an_actor_that_is_no_name_is_refused(client: httpx.Client) -> None:
    response = client.post(
        START, json={"input": {"document": "sample:x"}}, headers={"Steward-Actor": "a b;c"}
    )

    assert_problem(response, 422, "Steward-Actor")


def test_nobody_may_pose_as_the_runtime(client: httpx.Client) -> None:
    response = client.post(
        START, json={"input": {"document": "sample:x"}}, headers={"Steward-Actor": "steward"}
    )

    assert_problem(response, 422, "Steward-Actor")


def test_a_page_of_another_site_changes_nothing(client: httpx.Client) -> None:
    before = case_count(client)

    response = client.post(
        START, files={"file": ("a.xml", INVOICE)}, headers={"Origin": "https://evil.example"}
    )

    assert_problem(response, 403, "Origin")
    assert case_count(client) == before


def test_a_request_for_another_host_is_refused(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/cases", headers={"Host": "evil.example"}), 421, "Host")


def test_a_backslash_before_u0000_is_text_like_any_other(client: httpx.Client) -> None:
    response = client.post(START, json={"input": {"document": "C:\\u0000"}})

    assert response.status_code == 201, response.text


def test_an_unknown_process_starts_nothing(client: httpx.Client) -> None:
    assert_problem(client.post("/v1/processes/none/cases", json={"input": {}}), 404)


def test_an_answer_to_no_review_is_not_found(client: httpx.Client) -> None:
    path = "/v1/reviews/6f1c3b1e-0d5c-4f0e-9a83-111111111111/answer"

    assert_problem(client.post(path, json={"answer": {"decision": "approve"}}), 404)


UNANSWERABLE: list[tuple[str, bytes, int, str]] = [
    ("one_megabyte", b'"' + b"x" * 10**6 + b'"', 413, "answer"),
    ("ten_megabytes", b'"' + b"x" * 10**7 + b'"', 413, "answer"),
    ("fifty_megabytes", b'"' + b"x" * 5 * 10**7 + b'"', 413, "body"),
    ("number_beyond_floats", b'{"comment": [1e400]}', 422, "answer.comment.0"),
    ("nul", b'{"comment": "\\u0000"}', 422, "answer.comment"),
    ("surrogate", b'{"comment": "\\udfff"}', 422, "answer.comment"),
    ("deep", b'{"comment": ' + b"[" * 70 + b"]" * 70 + b"}", 422, "answer.comment"),
]


def test_an_answer_that_cannot_be_kept_leaves_the_review_open(client: httpx.Client) -> None:
    case = rested(client, upload(client, UNUSABLE["incomplete"]).raise_for_status().json()["id"])
    review = case["reviews"][0]["id"]

    for _, answer, status, field in UNANSWERABLE:
        response = client.post(
            f"/v1/reviews/{review}/answer", content=b'{"answer": ' + answer + b"}", headers=JSON
        )

        assert_problem(response, status, field)
    assert client.get(f"/v1/reviews/{review}").json()["status"] == "open"


UNUSABLE = {
    "entity_bomb": b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
    "outside_entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "broken_xml": b"<Invoice><unclosed></Invoice>",
    "wrong_namespace": b'<Invoice xmlns="urn:example:other"/>',
    "another_document": b"<html><body>an invoice, honestly</body></html>",
    "pdf_without_xml": (SAMPLES / "15-scan-only.pdf").read_bytes(),
    "pdf_cut_off": (SAMPLES / "11-hybrid.pdf").read_bytes()[:3000],
    "two_invoices": b"<Invoices>" + INVOICE.partition(b"?>")[2] * 2 + b"</Invoices>",
    "unknown_currency": INVOICE.replace(b"EUR", b"XQQ"),
    "incomplete": (SAMPLES / "14-incomplete.xml").read_bytes(),
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_document_that_cannot_be_used_goes_to_a_person(client: httpx.Client, content: bytes) -> None:
    case = upload(client, content).raise_for_status().json()

    detail = rested(client, case["id"])

    assert detail["status"] == "waiting", detail["error"]
    (review,) = detail["reviews"]
    assert review["role"] == "ap_clerk"
    assert review["body"]["evidence"]["missing"]
    assert all(finding["message"] for finding in review["body"]["evidence"]["missing"])
    assert "root:" not in str(detail)
    assert detail["effects"] == []


def test_negative_totals_are_never_booked(client: httpx.Client) -> None:
    content = INVOICE.replace(b">480.00<", b">-480.00<")

    detail = rested(client, upload(client, content).raise_for_status().json()["id"])

    assert detail["status"] in {"waiting", "succeeded"}
    assert detail["effects"] == []
    assert detail["state"].get("outcome") != "book"


def rested(client: httpx.Client, case_id: str) -> dict[str, Any]:
    """Wait until the case no longer runs; the request itself is the wait, so a hang fails by time-out."""
    for _ in range(600):
        detail: dict[str, Any] = client.get(f"/v1/cases/{case_id}").json()
        if detail["status"] != "running":
            return detail
    raise AssertionError(f"case {case_id} does not come to rest")
