"""`python -m monitoring quality` as a user runs it."""

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

from monitoring.metrics.quality_metric import TABLE

pytestmark = pytest.mark.slow(seconds=1)  # each test starts a program or several

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(1)
    made = {}
    for name, share in (("reference", 0.02), ("same", 0.02), ("nulls", 0.3)):
        made[name] = folder / f"{name}.parquet"
        columns = {
            "x": pa.array(random.uniform(size=2000), mask=random.random(2000) < share),
            "y": random.uniform(size=2000),
            "c": random.choice(["a", "b"], 2000),
        }
        pq.write_table(pa.table(columns), made[name])
    made["text"] = folder / "text.csv"
    made["text"].write_text("x,y,c\n" + "0.5,0.5,a\n" * 90 + "none,0.5,b\n" * 10, encoding="utf-8")
    made["cut"] = folder / "cut.parquet"
    made["cut"].write_bytes(made["same"].read_bytes()[:400])
    made["empty"] = folder / "empty.csv"
    made["empty"].write_bytes(b"")
    made["header"] = folder / "header.csv"
    made["header"].write_text("x,y,c\n", encoding="utf-8")
    return made


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitoring", "quality", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_exit_code_says_whether_anything_breached(files: dict[str, Path]) -> None:
    reference = files["reference"]
    quiet = run("--reference", reference, "--data", files["same"])
    loud = run("--reference", reference, "--data", files["nulls"])
    assert (quiet.returncode, loud.returncode) == (0, 2), quiet.stdout + quiet.stderr
    assert "0 of 4 features breached" in quiet.stdout
    assert "1 of 4 features breached" in loud.stdout
    assert loud.stderr == ""


def test_json_has_rate_interval_threshold_rows_and_method(files: dict[str, Path]) -> None:
    done = run("--reference", files["reference"], "--data", files["nulls"], "--format", "json")
    records = {(r["feature"], r["metric"]): r for r in json.loads(done.stdout)}
    null = records["x", "null_value_rate"]
    assert null["low"] < null["value"] < null["high"]
    assert null["threshold"] == pytest.approx(0.04, abs=0.01)
    assert (null["rows"], null["reference_rows"], null["status"]) == (2000, 2000, "breached")
    assert "Wilson" in null["method"]
    assert records[TABLE, "schema_changes"]["value"] == 0


def test_text_among_numbers_is_a_type_error(files: dict[str, Path]) -> None:
    done = run("--reference", files["reference"], "--data", files["text"], "--format", "json")
    records = {(r["feature"], r["metric"]): r for r in json.loads(done.stdout)}
    assert records["x", "data_type_error_rate"]["value"] == pytest.approx(0.1)
    assert records[TABLE, "schema_changes"]["value"] == 1
    assert done.returncode == 2


def test_csv_chosen_features_and_thresholds(files: dict[str, Path]) -> None:
    done = run(
        "--reference", files["reference"], "--data", files["nulls"], "--format", "csv",
        "--features", "x", "--threshold", "null_value_rate:x=0.5",
        "--threshold", "duplicate_row_rate=1",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["feature"] for row in rows} == {"x", TABLE}
    assert done.returncode == 0, [r for r in rows if r["status"] == "breached"]


def test_azureml_mode(files: dict[str, Path]) -> None:
    done = run(
        "--reference", files["reference"], "--data", files["nulls"], "--mode", "azureml",
        "--format", "json",
    )  # fmt: skip
    records = {(r["feature"], r["metric"]): r for r in json.loads(done.stdout)}
    null = records["x", "null_value_rate"]
    assert null["value"] == round(null["value"], 5)
    assert null["service_verdict"] == "breached"
    assert records[TABLE, "row_count"]["status"] == "ok"


@pytest.mark.parametrize(
    ("data", "arguments", "words"),
    [
        ("nowhere.csv", [], "Cannot find the data 'nowhere.csv'"),
        ("cut", [], "not a whole Parquet file"),
        ("empty", [], "it is empty (0 bytes)"),
        ("header", [], "no rows"),
        ("same", ["--features", "nope"], "no such column"),
        ("same", ["--threshold", "nope=1"], "no metric is called 'nope'"),
        ("same", ["--threshold", "null_value_rate=x"], "'x'"),
        ("same", ["--mode", "other"], "invalid choice"),
    ],
)
def test_errors_are_one_line_and_exit_1(
    files: dict[str, Path], data: str, arguments: list[str], words: str
) -> None:
    done = run("--reference", files["reference"], "--data", files.get(data, data), *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_command_needs_neither_pandas_nor_azure_nor_streamlit(files: dict[str, Path]) -> None:
    code = (
        "import sys; from monitoring.signals.data_quality.files import compare_files;"
        f"compare_files({str(files['reference'])!r}, {str(files['same'])!r});"
        "print([m for m in ('pandas', 'azure', 'streamlit', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
