"""The gauntlet itself runs from end to end; `make gauntlet T=smoke` runs more of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("fault", "scale", "n"), [("F5", "0.02", 1), ("F46", "0.042", 9)])
def test_a_trial_runs_and_its_result_is_kept(tmp_path: Path, fault: str, scale: str, n: int) -> None:
    results = tmp_path / "faults.json"

    done = subprocess.run(
        [sys.executable, "tests/gauntlet", fault, "--scale", scale, "--results", str(results)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads(results.read_text())[fault]
    assert (kept["n"], kept["violations"]) == (n, [])
