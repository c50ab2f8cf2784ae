"""`steward policy` as people call it, and a host that refuses policies it cannot use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PAYMENT = {
    "entry": "JE-000001",
    "supplier": "S-1003",
    "iban": "AT611904300234573201",
    "currency": "EUR",
    "date": "2026-10-05",
    "amount": "4200.00",
}


def steward(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A folder of policies with two mistakes."""
    (tmp_path / "own.cedar").write_text(
        '\n@id("a") @reason("r")\npermit (principal, action == Action::"erp.nothing", resource);\n'
        '@id("b") @reason("r")\nforbid (principal, action == Action::"erp.schedule_payment", resource)\n'
        'when { context.arguments.amount.greaterThan(decimal("5.0")) };\n'
    )
    return str(tmp_path)


def test_the_shipped_policies_fit_the_tools() -> None:
    checked = steward("policy", "check")

    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "5 policies fit the tools: invoice_to_pay.cedar\n"


def test_check_names_file_line_and_policy_of_each_mistake(broken: str) -> None:
    checked = steward("policy", "check", STEWARD_POLICIES=broken)

    assert checked.returncode == 1
    lines = checked.stderr.splitlines()
    assert any(line.startswith("own.cedar:2: a: unrecognized action") for line in lines)
    assert any(line.startswith("own.cedar:4: b: unable to guarantee safety") for line in lines)


def test_a_host_does_not_start_with_policies_that_it_cannot_use(broken: str, tmp_path: Path) -> None:
    for command in (["work"], ["serve", "--dev", "--port", "0"]):
        refused = steward(
            *command,
            STEWARD_POLICIES=broken,
            STEWARD_DATA=str(tmp_path),
            DATABASE_URL="postgresql://127.0.0.1:9/unused",
            ERP_URL="http://127.0.0.1:9/mcp",
        )

        assert refused.returncode == 1
        assert "own.cedar:2" in refused.stderr


def test_the_schema_names_every_tool_with_the_types_of_its_arguments() -> None:
    printed = steward("policy", "schema")

    assert 'action "erp.schedule_payment" in ["change"]' in printed.stdout
    assert '"amount"?: decimal' in printed.stdout


def test_explain_says_what_would_have_to_be_different(server_url: str) -> None:
    asked = ["policy", "explain", "erp.schedule_payment", "--args", json.dumps(PAYMENT), "--person", "anna"]

    allowed = steward(*asked, "--process", "invoice_to_pay", "--url", server_url, "--json")
    denied = steward(*asked, "--process", "expenses", "--url", server_url)

    said = json.loads(allowed.stdout)
    assert (said["decision"], said["policies"]) == ("allow", ["invoice-pays"])
    assert {voice["id"]: voice["standing"] for voice in said["voices"]}["invoice-pays-much"] == "condition"
    assert "deny" in denied.stdout
    assert "no policy permits erp.schedule_payment to process/expenses" in denied.stdout


def test_explain_of_a_tool_that_does_not_exist_is_not_found(server_url: str) -> None:
    asked = steward("policy", "explain", "erp.nothing", "--url", server_url)

    assert asked.returncode == 1
    assert "lists no tool" in asked.stderr
