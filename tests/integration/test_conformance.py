"""The MCP conformance suite, which nobody here wrote, judges our door as a client."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from foreign_packages import npm_packages
from tool_servers import ROOT

SUITE = "@modelcontextprotocol/conformance@0.1.16"
NODE = "node@22.23.3"  # the suite needs Node 22, and brings none
AUTHORISED = {
    "authorization-server-metadata",
    "prm-pathbased-requested",
    "token-request",
    "valid-bearer-token",
}
CLIENT = Path(__file__).with_name("conformance_client.py")


@pytest.fixture(scope="module")
def suite():
    modules = npm_packages(SUITE, NODE)
    program = modules / "@modelcontextprotocol/conformance/dist/index.js"
    return [str(modules / "node/bin/node"), str(program)]


def judged(suite, scenario, folder):
    """Return the suite's checks of one scenario: which passed, and which did not."""
    ended = subprocess.run(
        [
            *suite,
            "client",
            *("--scenario", scenario),
            *("--command", shlex.join([sys.executable, str(CLIENT)])),
            *("--output-dir", str(folder)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    checks = [json.loads(file.read_text()) for file in folder.glob("**/checks.json")]
    assert len(checks) == 1, ended.stdout + ended.stderr
    return [check for check in checks[0] if check["status"] != "INFO"]


@pytest.mark.parametrize(
    ("scenario", "passed"),
    [
        ("initialize", {"mcp-client-initialization"}),
        ("tools_call", {"tool-add-numbers"}),
        (
            "sse-retry",
            {"client-sse-graceful-reconnect", "client-sse-retry-timing", "client-sse-last-event-id"},
        ),
        ("auth/client-credentials-basic", {"client-credentials-basic-auth", *AUTHORISED}),
        ("auth/client-credentials-jwt", {"client-credentials-jwt-verified", *AUTHORISED}),
    ],
)
def test_the_suite_finds_nothing_wrong(suite, tmp_path, scenario, passed):
    checks = judged(suite, scenario, tmp_path)

    assert {check["id"] for check in checks} == passed
    assert [check for check in checks if check["status"] != "SUCCESS" and not late(check)] == []


def late(check):
    """Say whether the suite only found the machine slow."""
    return check["id"] == "client-sse-retry-timing" and check["status"] == "WARNING"
