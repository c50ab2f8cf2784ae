"""Files on their way to the API."""

import os
from pathlib import Path

import pytest

from server.cli.api import Api
from server.cli.submissions import key_of, submit_file

NOWHERE = "http://127.0.0.1:9"  # nothing is sent there: the file is refused before


def test_the_same_content_under_the_same_name_has_the_same_key() -> None:
    assert key_of("invoice_to_pay", name="a.xml", digest="00") == key_of(
        "invoice_to_pay", name="a.xml", digest="00"
    )


@pytest.mark.parametrize(
    ("process", "name", "digest"),
    [("invoice_to_pay", "a.xml", "01"), ("invoice_to_pay", "b.xml", "00"), ("other", "a.xml", "00")],
)
def test_another_process_name_or_content_has_another_key(process: str, name: str, digest: str) -> None:
    assert key_of(process, name=name, digest=digest) != key_of("invoice_to_pay", name="a.xml", digest="00")


def test_a_key_of_a_long_name_fits_into_the_header() -> None:
    key = key_of("invoice_to_pay", name="ä" * 5000, digest="00")

    assert key.isascii()
    assert len(key) <= 200


def test_a_file_that_is_not_there_is_a_problem_and_no_error(tmp_path: Path) -> None:
    with Api(NOWHERE) as api:
        submission = submit_file(api, tmp_path / "gone.xml", process="invoice_to_pay")

    assert (submission.status, submission.case) == ("refused", None)
    assert submission.detail == "no such file or directory"


def test_a_name_that_no_file_can_have_is_a_problem_and_no_error(tmp_path: Path) -> None:
    with Api(NOWHERE) as api:
        submission = submit_file(api, tmp_path / ("x" * 5000), process="invoice_to_pay")

    assert submission.detail == "file name too long"


@pytest.mark.parametrize("name", ["folder", "device"])
def test_what_is_no_plain_file_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to(os.devnull)

    with Api(NOWHERE) as api:
        submission = submit_file(api, tmp_path / name, process="invoice_to_pay")

    assert submission.detail == "not a file"
