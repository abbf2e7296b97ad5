"""`python -m monitoring performance` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.slow(seconds=1)  # each test starts a program or several

ROOT = Path(__file__).parents[1]
BINARY = ("--target", "label", "--prediction", "predicted", "--probability", "score")


def rows(n: int, seed: int, *, wrong: float = 0.0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    age = random.normal(size=n)
    score = 1 / (1 + np.exp(-2 * age))
    label = (random.random(n) < score).astype(int)
    label = np.where(random.random(n) < wrong, 1 - label, label)
    hours = np.sort(random.integers(0, 28 * 24, n))
    return {
        "when": np.datetime64("2026-03-01", "us") + hours.astype("timedelta64[h]"),
        "age": age,
        "city": random.choice(["a", "b"], n, p=[0.99, 0.01]),
        "score": score,
        "predicted": (score > 0.5).astype(int),
        "label": label,
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(5)
    scores = random.dirichlet(np.full(3, 0.3), 3000)
    y = random.normal(50, 10, 3000)
    made = {
        "reference": rows(6000, 1),
        "same": rows(4000, 2),
        "worse": rows(4000, 3, wrong=0.15),
        "classes": {
            "label": np.array(["x", "y", "z"])[scores.argmax(axis=1)],
            "predicted": np.array(["x", "y", "z"])[scores.argmax(axis=1)],
            **{f"p_{name}": scores[:, i] for i, name in enumerate("xyz")},
        },
        "numbers": {"label": y, "predicted": y + random.normal(0, 2, 3000)},
    }
    unlabelled = {name: values for name, values in made["same"].items() if name != "label"}
    paths = {}
    for name, columns in {**made, "unlabelled": unlabelled}.items():
        paths[name] = folder / f"{name}.parquet"
        pq.write_table(pa.table(columns), paths[name])
    return paths


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitoring", "performance", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def records(*arguments: object) -> list[dict[str, Any]]:
    done = run(*arguments, "--format", "json")
    assert done.returncode in {0, 2}, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def whole(found: list[dict[str, Any]], signal: str = "model_performance") -> dict[str, Any]:
    """The first of each metric: that of the whole file."""
    first: dict[str, Any] = {}
    for record in found:
        if record["signal"] == signal:
            first.setdefault(record["metric"], record)
    return first


def test_exit_code_says_whether_anything_breached(files: dict[str, Path]) -> None:
    common = (*BINARY, "--reference", files["reference"])
    quiet = run("--data", files["same"], *common)
    loud = run("--data", files["worse"], *common)
    assert (quiet.returncode, loud.returncode) == (0, 2), quiet.stdout + loud.stderr
    assert "breached" in loud.stdout
    assert quiet.stdout.rstrip().endswith("results breached a threshold.")
    assert loud.stderr == ""


def test_without_a_reference_the_numbers_stand_alone(files: dict[str, Path]) -> None:
    found = whole(records("--data", files["same"], *BINARY))
    accuracy = found["accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert (accuracy["rows"], accuracy["status"]) == (4000, "not_enough_data")
    assert "no baseline" in accuracy["reason"]
    assert len(found) == 10


def test_with_a_reference_it_is_the_baseline_and_an_estimate_comes_with_its_checks(
    files: dict[str, Path],
) -> None:
    found = records("--data", files["same"], *BINARY, "--reference", files["reference"])
    realized, estimated = whole(found), whole(found, "estimated_performance")
    assert realized["accuracy"]["threshold"] == pytest.approx(
        whole(records("--data", files["reference"], *BINARY))["accuracy"]["value"] - 0.02
    )
    assert estimated["accuracy"]["low"] < realized["accuracy"]["value"]
    assert realized["accuracy"]["value"] < estimated["accuracy"]["high"]
    assert any(name.startswith("assumption:") for name in estimated)


def test_the_target_may_be_absent(files: dict[str, Path]) -> None:
    found = records("--data", files["unlabelled"], *BINARY, "--reference", files["reference"])
    assert {record["signal"] for record in found} == {"estimated_performance"}
    truth = whole(records("--data", files["same"], *BINARY))["accuracy"]["value"]
    accuracy = whole(found, "estimated_performance")["accuracy"]
    assert accuracy["low"] <= truth <= accuracy["high"]


@pytest.mark.parametrize(("period", "steps"), [("day", 28), ("week", 5), ("month", 1)])
def test_periods(files: dict[str, Path], period: str, steps: int) -> None:
    found = records("--data", files["same"], *BINARY, "--time", "when", "--period", period)
    accuracy = [record for record in found if record["metric"] == "accuracy"]
    assert len(accuracy) == 1 + steps
    assert sum(record["rows"] for record in accuracy[1:]) == 4000
    if period == "week":
        assert accuracy[2]["start"] == "2026-03-02T00:00:00+00:00"  # a Monday


def test_groups_have_their_own_baseline_and_a_minimum_size(files: dict[str, Path]) -> None:
    found = records(
        "--data", files["worse"], *BINARY, "--reference", files["reference"], "--group", "city"
    )
    groups = {r["feature"]: r for r in found if r["metric"] == "accuracy" and " = " in r["feature"]}
    assert set(groups) == {"city = a", "city = b"}
    assert groups["city = a"]["status"] == "breached"
    assert groups["city = b"]["status"] == "not_enough_data"
    assert "100 needed" in groups["city = b"]["reason"]


@pytest.mark.parametrize(
    "probabilities",
    [
        ["--probability", "p_*"],
        ["--probability", "x=p_x,y=p_y,z=p_z"],
        ["--probability", "x=p_x", "--probability", "y=p_y", "--probability", "z=p_z"],
    ],
)
def test_more_classes(files: dict[str, Path], probabilities: list[str]) -> None:
    found = whole(
        records("--data", files["classes"], "--target", "label", "--prediction", "predicted", *probabilities)
    )  # fmt: skip
    assert found["accuracy"]["value"] == 1.0
    assert found["auc_weighted"]["value"] > 0.99
    assert found["log_loss"]["rows"] == 3000


def test_a_regression_is_known_by_its_values(files: dict[str, Path]) -> None:
    common = ("--target", "label", "--prediction", "predicted")
    found = whole(records("--data", files["numbers"], *common))
    assert found["root_mean_squared_error"]["value"] == pytest.approx(2.0, abs=0.1)
    assert "accuracy" not in found


def test_csv_and_a_threshold(files: dict[str, Path]) -> None:
    done = run("--data", files["same"], *BINARY, "--format", "csv", "--threshold", "accuracy=0.99")
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    (accuracy,) = [row for row in found if row["metric"] == "accuracy"]
    assert (accuracy["status"], accuracy["threshold"], done.returncode) == ("breached", "0.99", 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "nowhere.csv", *BINARY], "Cannot find the data 'nowhere.csv'"),
        (["--target", "nope", "--prediction", "predicted"], "no column 'nope'"),
        (["--target", "label", "--prediction", "nope"], "no column 'nope'"),
        ([*BINARY[:4], "--probability", "nope"], "no column 'nope'"),
        ([*BINARY[:4], "--probability", "nope_*"], "no column 'nope_*'"),
        ([*BINARY, "--group", "nope"], "no column 'nope'"),
        ([*BINARY, "--group", "age"], "it has 4,000 values"),
        ([*BINARY, "--time", "age"], "its type is double"),
        ([*BINARY, "--threshold", "nope=1"], "no metric is called 'nope'"),
        ([*BINARY, "--threshold", "accuracy=x"], "'x'"),
        ([*BINARY, "--period", "year"], "invalid choice"),
        (["--prediction", "predicted"], "--target"),
    ],
)
def test_errors_are_one_line_and_exit_1(
    files: dict[str, Path], arguments: list[str], words: str
) -> None:
    data = [] if "--data" in arguments else ["--data", files["same"]]
    done = run(*data, *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_realized_performance_needs_neither_pandas_nor_scikit_learn(files: dict[str, Path]) -> None:
    code = (
        "import sys; from monitoring.signals.model_performance.files import Asked, measure_files;"
        f"measure_files({str(files['same'])!r}, Asked('label', 'predicted', ('score',)));"
        "print([name for name in ('pandas', 'sklearn', 'streamlit', 'azure') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
