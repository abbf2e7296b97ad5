"""The benchmark of groups at a size that only shows that it works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.places import PROJECT


@pytest.mark.slow
def test_groups_are_measured(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "fairness", "--tiny", "--results", str(results)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    values = json.loads(results.read_text())["fairness"]["values"]
    assert values["fairness_20k_ours_work_cpu_seconds"] > 0
    assert values["fairness_20k_ours_values"] == 102
