"""The commands of the README and the code of `docs/`, run as they stand there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blocks(file: str, language: str) -> list[str]:
    """The fenced code blocks of a document in one language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text("utf-8"), flags=re.DOTALL)


def steward(url: str, arguments: str) -> str:
    command = [sys.executable, "-m", "server", *shlex.split(arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"STEWARD_URL": url}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_case_in_five_commands(server_url: str) -> None:
    block = next(block for block in blocks("README.md", "console") if "$ steward submit" in block)
    submit, reviews, answer, case = re.findall(r"\$ steward (.*)", block)

    started = json.loads(steward(server_url, f"{submit} --json"))
    waiting = json.loads(steward(server_url, f"{reviews} --json"))["items"]
    (review,) = [one["id"] for one in waiting if one["case_id"] == started["id"]]
    steward(server_url, answer.replace("<review>", review))
    steward(server_url, f"{submit} --json")
    shown = steward(server_url, case.replace("<case>", started["id"]))

    assert "anna" in shown
    assert "booked as entry" in shown


def test_the_make_targets_that_the_documentation_names_exist() -> None:
    text = "".join(file.read_text("utf-8") for file in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    named = set(re.findall(r"`make ([a-z]+)", text)) | set(re.findall(r"\$ make ([a-z]+)", text))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))

    assert {"run", "test", "check", "studio"} <= named
    assert named - targets == set()


def test_python_in_the_documentation_runs() -> None:
    for block in blocks("docs/processes.md", "python"):
        subprocess.run([sys.executable, "-c", block], cwd=ROOT, check=True)
