"""`python -m monitoring drift` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(1)
    made = {}
    for name, shift in (("reference", 0.0), ("same", 0.0), ("shifted", 1.0)):
        made[name] = folder / f"{name}.parquet"
        columns = {"x": random.normal(shift, 1, 2000), "c": random.choice(["a", "b"], 2000)}
        pq.write_table(pa.table(columns), made[name])
    return made


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitoring", "drift", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_exit_code_says_whether_anything_breached(files: dict[str, Path]) -> None:
    reference = files["reference"]
    quiet = run("--reference", reference, "--production", files["same"])
    loud = run("--reference", reference, "--production", files["shifted"])
    assert (quiet.returncode, loud.returncode) == (0, 2), quiet.stderr + loud.stderr
    assert "1 of 2 features breached" in loud.stdout
    assert loud.stderr == ""


def test_json_has_one_object_per_result(files: dict[str, Path]) -> None:
    done = run(
        "--reference", files["reference"], "--production", files["shifted"], "--format", "json"
    )
    records = json.loads(done.stdout)
    (wasserstein,) = [
        r
        for r in records
        if (r["feature"], r["metric"]) == ("x", "normalized_wasserstein_distance")
    ]
    assert wasserstein["value"] == pytest.approx(1.0, abs=0.1)
    assert wasserstein["low"] < wasserstein["value"] < wasserstein["high"]
    assert wasserstein["status"] == "breached"
    assert (wasserstein["reference_rows"], wasserstein["rows"]) == (2000, 2000)


def test_csv_and_chosen_features(files: dict[str, Path]) -> None:
    done = run(
        "--reference", files["reference"], "--production", files["same"], "--format", "csv",
        "--features", "c",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["feature"] for row in rows} == {"c"}


def test_a_threshold_can_be_set(files: dict[str, Path]) -> None:
    done = run(
        "--reference", files["reference"], "--production", files["shifted"], "--features", "x",
        *[f"--threshold={m}=5" for m in (
            "normalized_wasserstein_distance", "jensen_shannon_distance", "hellinger_distance",
            "population_stability_index", "total_variation_distance",
            "two_sample_kolmogorov_smirnov_test",
        )],
    )  # fmt: skip
    assert done.returncode == 0


def test_azureml_mode(files: dict[str, Path]) -> None:
    done = run(
        "--reference", files["reference"], "--production", files["shifted"], "--mode", "azureml",
        "--format", "json",
    )  # fmt: skip
    records = json.loads(done.stdout)
    assert {r["mode"] for r in records} == {"azureml"}
    (ks,) = [r for r in records if r["metric"] == "two_sample_kolmogorov_smirnov_test"]
    assert ks["worse"] == "lower"
    assert ks["value"] < 1e-9
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--production", "nowhere.csv"], "Cannot find the production 'nowhere.csv'"),
        (["--features", "nope"], "no such column"),
        (["--threshold", "nope=1"], "no metric is called 'nope'"),
        (["--threshold", "hellinger_distance=x"], "'x'"),
        (["--mode", "other"], "invalid choice"),
    ],
)
def test_errors_are_one_line_and_exit_1(
    files: dict[str, Path], arguments: list[str], words: str
) -> None:
    production = [] if "--production" in arguments else ["--production", files["same"]]
    done = run("--reference", files["reference"], *production, *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_command_needs_neither_pandas_nor_azure_nor_streamlit(files: dict[str, Path]) -> None:
    code = (
        "import sys; from monitoring.signals.data_drift.comparison import compare_files;"
        f"compare_files({str(files['reference'])!r}, {str(files['same'])!r});"
        "print([m for m in ('pandas', 'azure', 'streamlit', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_shows_a_progress_bar_and_clears_it(files: dict[str, Path]) -> None:
    import os  # noqa: PLC0415
    import pty  # noqa: PLC0415

    outside, inside = pty.openpty()
    command = [sys.executable, "-m", "monitoring", "drift", "--reference", str(files["reference"])]
    subprocess.run(
        [*command, "--production", str(files["same"])],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=inside,
    )  # fmt: skip
    os.close(inside)
    shown = os.read(outside, 65_536).decode()
    os.close(outside)
    assert "50%" in shown
    assert "100%" in shown
    assert shown.endswith("\r\x1b[K")


def test_the_example_of_the_readme_is_what_one_sees() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## On the command line\n", 1)[1].split("\n## ", 1)[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    command = lines[0].removeprefix("$ python -m monitoring ").split()
    done = subprocess.run(
        [sys.executable, "-m", "monitoring", *command],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in lines[1:]:
        assert line == "..." or " ".join(line.split()) in shown, line
