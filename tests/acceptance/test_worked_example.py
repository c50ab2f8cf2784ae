"""The worked example of docs/tools.md, done as it is written there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from conftest import ROOT, created_database, running_host
from foreign_packages import npm_packages
from hosts import rested

WHERE = "/srv/steward"
FILES = {
    "toml": "servers.toml",
    "python": "filing.py",
    "cedar": "policies/filing.cedar",
    "json": "processes.json",
}


def blocks(folder: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each block of the chapter, with `folder` in place of its own."""
    text = (ROOT / "docs" / "tools.md").read_text("utf-8")
    chapter = text.partition("\n## A worked example")[2].partition("\n## ")[0].replace(WHERE, str(folder))
    return re.findall(r"^```(\w+)\n(.*?)^```$", chapter, flags=re.MULTILINE | re.DOTALL)


class host_of_example(running_host):  # noqa: N801  used like a function
    """A host with the variables that the example exports."""

    def __init__(self, database_url: str, data: Path, environment: dict[str, str]) -> None:
        super().__init__(database_url, data)
        self._environment |= environment


def steward(command: str, environment: dict[str, str]) -> str:
    """Run a command of ours as it is typed, and say yes where it asks."""
    ended = subprocess.run(
        [sys.executable, "-m", "server", *shlex.split(command)[1:]],
        cwd=ROOT,
        env=os.environ | environment,
        input="y\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_server_that_nobody_here_wrote_is_used_by_its_entry_alone(
    postgres_url: str, tmp_path: Path
) -> None:
    environment: dict[str, str] = {}
    printed: dict[str, str] = {}
    found = blocks(tmp_path)
    (tmp_path / "policies").mkdir()
    for language, name in FILES.items():
        (tmp_path / name).write_text("".join(text for kind, text in found if kind == language), "utf-8")
    for line in [line for kind, text in found if kind == "sh" for line in text.splitlines()]:
        words = shlex.split(line)
        match words[0]:
            case "mkdir":
                subprocess.run(words, check=True)
            case "npm":  # what it would install is kept between runs
                (tmp_path / "node_modules").symlink_to(npm_packages(*words[4:]))
            case "export":
                environment |= dict([words[1].split("=", maxsplit=1)])
            case "steward" if words[1] != "serve":
                printed[" ".join(words[1:3])] = steward(line, environment)
    request = next(
        line for kind, text in found if kind == "sh" for line in text.splitlines() if "curl" in line
    )

    with (
        created_database(postgres_url) as (_, url),
        host_of_example(url, tmp_path, environment) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        case = rested(client, started_by(request, address)["id"], polls=10)

    assert "Approve write_file, read_text_file of archive?" in printed["tools approve"]
    assert "approved" in printed["tools list"]
    assert (case["status"], case["result"]) == ("succeeded", "paid on Monday"), case["error"]
    assert (tmp_path / "archive" / "note.txt").read_text() == "paid on Monday"


def started_by(request: str, address: str) -> Any:
    """Send what the example's curl sends, to this host."""
    words = shlex.split(request.replace("http://127.0.0.1:8000", address))
    body, url = words[words.index("--json") + 1], words[-1]
    response = httpx.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=30)
    return response.raise_for_status().json()
