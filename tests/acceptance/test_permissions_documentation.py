"""docs/permissions.md: each of its blocks is tried."""

import re
import shlex
from pathlib import Path

from test_cli_policy import ROOT, steward

from server.policies.checking import flaws_of
from server.policies.loading import Policies
from server.policies.reading import SHIPPED, read_policies

TEXT = (ROOT / "docs" / "permissions.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_the_policy_that_it_shows_is_the_shipped_one(tmp_path: Path) -> None:
    (block,) = blocks("cedar")
    (tmp_path / "shown.cedar").write_text(block)

    (shown,) = read_policies([tmp_path / "shown.cedar"])
    shipped = {policy.id: policy for policy in read_policies(SHIPPED.glob("*.cedar"))}

    assert shown.parsed == shipped[shown.id].parsed
    assert flaws_of(Policies().current()) == []


def test_its_commands_run(server_url: str) -> None:
    commands = [line for block in blocks("bash") for line in block.splitlines()]

    ran = [steward(*shlex.split(line)[1:], STEWARD_URL=server_url) for line in commands]

    assert len(ran) == 3
    assert [one.returncode for one in ran] == [0, 0, 0]


def test_it_has_no_block_of_another_language() -> None:
    assert set(re.findall(r"^```(\w+)", TEXT, flags=re.MULTILINE)) == {"cedar", "bash"}
