"""The gauntlet itself runs from end to end; `make gauntlet T=smoke` runs more of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_trial_runs_and_its_result_is_kept(tmp_path: Path) -> None:
    results = tmp_path / "faults.json"

    done = subprocess.run(
        [sys.executable, "tests/gauntlet", "F5", "--scale", "0.02", "--results", str(results)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads(results.read_text())["F5"]
    assert (kept["n"], kept["violations"]) == (1, [])
