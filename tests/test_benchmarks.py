"""The benchmark harness at sizes that only show that it works."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import process, results, table
from benchmarks.parts import names, part
from benchmarks.places import GUIDE, PROJECT


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_file_of_the_package_is_a_listed_part():
    files = {file.stem for file in (PROJECT / "benchmarks" / "parts").glob("[!_]*.py")}
    listed = bench("--list").stdout.splitlines()
    assert {line.split(": ")[0] for line in listed} == files == set(names())
    assert all(part(name).LIMIT_SECONDS > 0 and part(name).__doc__ for name in names())


@pytest.mark.slow
def test_a_part_prints_its_values_and_records_them_beside_those_of_other_parts(tmp_path: Path):
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"other": {"values": {"kept": 1}}}))
    done = bench("verdicts", "--tiny", "--results", str(file))
    assert done.returncode == 0, done.stderr
    printed = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    recorded = json.loads(file.read_text())
    values = recorded["verdicts"]["values"]
    assert list(values) == list(printed)
    assert values["verdicts_features_judged"] == 40
    assert 0 <= values["verdicts_false_alarm_share"] <= 1
    assert recorded["verdicts"]["machine"]["cores"] >= 1
    assert recorded["other"] == {"values": {"kept": 1}}


@pytest.mark.slow
def test_drift_is_measured_for_ours_and_for_decoding_alone(tmp_path: Path):
    file = tmp_path / "results.json"
    done = bench("drift", "--tiny", "--results", str(file))
    assert done.returncode == 0, done.stderr
    values = json.loads(file.read_text())["drift"]["values"]
    for what in ("ours", "decode_duckdb", "decode_arrow"):
        assert values[f"drift_5k_{what}_features"] == 30
        assert values[f"drift_5k_{what}_process_cpu_seconds"] > 0
    ours, fastest = "drift_5k_ours", f"drift_5k_decode_{values['drift_5k_fastest_decode']}"
    ratio = values[f"{ours}_work_cpu_seconds"] / values[f"{fastest}_work_cpu_seconds"]
    assert values["drift_5k_work_cpu_ratio_ours_to_decode"] == pytest.approx(ratio, rel=1e-3)
    assert values["drift_5k_ks_features"] == 20
    assert values["drift_5k_ks_features_outside_bound"] == 0


def test_an_unknown_part_is_named_with_the_choices():
    done = bench("drfit")
    assert done.returncode == 1
    assert "drfit" in done.stderr
    assert all(name in done.stderr for name in names())


MEASURED = """
import sys
from benchmarks import process
code = "x = bytearray(200_000_000)\\nn = 0\\nfor i in range(2_000_000): n += i"
hungry = process.measure([sys.executable, "-c", code], limit_seconds=60)
idle = process.measure([sys.executable, "-c", "import time; time.sleep(0.2)"], limit_seconds=60)
assert hungry.process_cpu_seconds > idle.process_cpu_seconds
assert hungry.peak_bytes > max(idle.peak_bytes, 200_000_000)
assert idle.wall_seconds >= 0.2
"""


def test_a_process_is_charged_for_its_own_cpu_and_memory():
    # From a small parent: Linux counts what the parent held at the fork.
    subprocess.run([sys.executable, "-c", MEASURED], cwd=PROJECT, check=True)


@pytest.mark.parametrize(
    ("code", "limit_seconds", "sentence"),
    [
        ("raise ValueError('no such column')", 60, "exit code 1: ValueError: no such column"),
        ("import time; time.sleep(60)", 0.2, "was killed after 0 s"),
    ],
)
def test_a_command_that_gives_no_answer_says_why(code: str, limit_seconds: float, sentence: str):
    with pytest.raises(process.CommandFailedError, match=sentence):
        process.measure([sys.executable, "-c", code], limit_seconds=limit_seconds)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_stopping_the_benchmark_leaves_no_process_behind(tmp_path: Path):
    command, pipe = [sys.executable, "-m", "benchmarks", "verdicts", "--tiny"], subprocess.PIPE
    environment = {**os.environ, "STARTED_BY": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stderr=pipe, stdout=pipe, text=True
    ) as running:
        assert running.stderr is not None
        running.stderr.readline()
        assert len(started_by(tmp_path)) == 2
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate(timeout=30)
    assert running.returncode == 130
    assert rest.splitlines()[-1] == "Stopped."  # after what it was at by then
    assert started_by(tmp_path) == []


def started_by(mark: Path) -> list[Path]:
    return [entry for entry in Path("/proc").glob("[0-9]*/environ") if mark in variables(entry)]


def variables(entry: Path) -> list[Path]:
    try:
        pairs = entry.read_text(errors="replace").split("\0")
    except OSError:
        return []
    return [Path(pair.partition("=")[2]) for pair in pairs if pair.startswith("STARTED_BY=")]


def test_tables_are_written_between_their_marks_and_nothing_else_changes():
    values = {"verdicts_false_alarm_share": 0.2, "verdicts_power_normal_half_sd": 1.0}
    machine = {"cores": 2, "processor": "P", "memory_gigabytes": 8, "system": "S", "python": "3"}
    entry = {
        "when": "2026-11-21T00:00:00",
        "complete": True,
        "machine": {**machine, "packages": {}, "load_average": 0},
        "values": values,
    }
    guide = GUIDE.read_text()
    once = table.filled(guide, {"verdicts": entry})
    assert "| 0.2 | <= 0.05 | **no** |" in once
    assert "| 1 | >= 0.95 | yes |" in once
    assert table.filled(once, {"verdicts": entry}) == once
    assert table.MARKS.sub("", once) == table.MARKS.sub("", guide)


def test_values_survive_being_printed():
    assert results.number_or_text("3") == 3
    assert isinstance(results.number_or_text("1.0"), float)
    assert results.number_or_text("not measured: 3") == "not measured: 3"
