"""The commands that read tables of other engines and write ours for them."""

import json
from pathlib import Path

import pytest
from command_line import Steward

from rules import load_table, read_table

CREDIT = Path(__file__).parents[1] / "unit" / "dmn" / "credit.dmn"


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steward:
    return Steward(monkeypatch, capsys, url="http://127.0.0.1:9")


def test_a_table_of_dmn_goes_in_and_comes_out_and_in_the_same(steward: Steward, tmp_path: Path) -> None:
    into, again, back = tmp_path / "in", tmp_path / "again", tmp_path / "credit.dmn"

    first = steward(
        "rules", "import", str(CREDIT), "--owner", "Sales", "--from", "2026-01-01", "--out", str(into)
    )
    out = steward("rules", "export", str(into / "credit.yaml"), "--format", "dmn", "--out", str(back))
    second = steward("rules", "import", str(back), "--out", str(again))

    assert (first.code, out.code, second.code) == (0, 0, 0)
    assert first.out.splitlines() == [str(into / "risk.yaml"), str(into / "credit.yaml")]
    assert first.err == "note: Credit terms: 1 rules give no reason, and now say so\n"
    for name in ("risk.yaml", "credit.yaml"):
        assert (again / name).read_text() == (into / name).read_text()


def test_one_decision_is_printed(steward: Steward) -> None:
    outcome = steward("rules", "import", str(CREDIT), "--owner", "Sales", "--only", "Risk")

    assert outcome.out.startswith("id: risk\nversion: 1\nowner: Sales\ntitle: Risk\n")


def test_a_table_of_gorules_is_read(steward: Steward, tmp_path: Path) -> None:
    file = tmp_path / "fee.json"
    table = {
        "inputs": [{"id": "a", "field": "kilos"}],
        "outputs": [{"id": "b", "field": "fee"}],
        "rules": [{"a": "> 5", "b": "9"}],
    }
    file.write_text(
        json.dumps({"nodes": [{"type": "decisionTableNode", "name": "Fee", "content": table}], "edges": []})
    )

    outcome = steward("rules", "import", str(file), "--owner", "Logistics")

    assert "id: Fee\n" in outcome.out


def test_a_file_that_is_there_is_not_written_over(steward: Steward, tmp_path: Path) -> None:
    (tmp_path / "risk.yaml").write_text("mine")

    outcome = steward("rules", "import", str(CREDIT), "--owner", "Sales", "--out", str(tmp_path))

    assert outcome.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["risk.yaml"]
    assert (tmp_path / "risk.yaml").read_text() == "mine"


def test_what_has_no_counterpart_is_refused_line_by_line(steward: Steward, tmp_path: Path) -> None:
    file = tmp_path / "bad.dmn"
    file.write_text(
        CREDIT.read_text().replace("]1000..50000.50]", "now()").replace("<text>7</text>", "<text>x</text>")
    )

    outcome = steward("rules", "import", str(file), "--owner", "Sales")

    assert outcome.code == 1
    assert [line.split(": ")[1].partition(",")[0] for line in outcome.err.splitlines()] == [
        "inputEntry UnaryTests_b1",
        "outputEntry LiteralExpression_c1",
    ]


@pytest.mark.parametrize("arguments", [["table.doc"], [str(CREDIT), "--from", "May"]])
def test_wrong_usage_is_said(steward: Steward, arguments: list[str]) -> None:
    assert steward("rules", "import", *arguments).code == 2


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_shipped_table_comes_back_from_a_spreadsheet_with_its_digest(
    steward: Steward, tmp_path: Path, form: str
) -> None:
    sheets, back = tmp_path / f"review.{form}", tmp_path / "invoice_to_pay.yaml"
    back.write_text("old")

    steward("rules", "export", "invoice_to_pay", "--format", form, "--out", str(sheets))
    outcome = steward("rules", "import", str(sheets), "--out", str(tmp_path), "--replace")

    assert (outcome.code, outcome.out) == (0, f"{back}\n")
    assert read_table(back).digest == load_table("invoice_to_pay").digest


def test_a_csv_file_is_printed_and_a_workbook_is_not(steward: Steward) -> None:
    csv = steward("rules", "export", "invoice_to_pay", "--format", "csv")
    workbook = steward("rules", "export", "invoice_to_pay", "--format", "xlsx")

    assert (csv.code, csv.out.splitlines()[2]) == (0, "id,invoice_to_pay")
    assert (workbook.code, workbook.out) == (2, "")


def test_a_spreadsheet_with_findings_is_refused_by_sheet_and_row(steward: Steward, tmp_path: Path) -> None:
    sheets = tmp_path / "review.csv"
    steward("rules", "export", "invoice_to_pay", "--format", "csv", "--out", str(sheets))
    sheets.write_bytes(sheets.read_bytes().replace(b"not(EUR)", b"not(euro zone)"))

    outcome = steward("rules", "import", str(sheets), "--out", str(tmp_path / "new"))

    assert (outcome.code, (tmp_path / "new").exists()) == (1, False)
    assert outcome.err.startswith(f"{sheets}, sheet rules:")
    assert "rule IP-130, 'when': 'currency': 'euro zone' is not a code" in outcome.err
