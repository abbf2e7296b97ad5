"""Performance without labels: daily CBPE with bands beside NannyML, and what the bands are worth.

Two folders with a Parquet file a day, 60 days each, are read and estimated by ours and by NannyML, each
in a process of its own. Then 500 synthetic chunks without concept drift of each task: how often the
95 % band held the realized value, how often honest chunks were refused, and chunks of broken support.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import peers, process
from benchmarks.parts import Values, say
from benchmarks.places import CACHE
from benchmarks.process import CommandFailedError, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT_SECONDS = 3600
RUN_LIMIT_SECONDS = 1200
DAYS = 60
TASKS = ("binary", "multiclass", "regression")
NANNYML = peers.Peer("nannyml", "nannyml", "benchmarks.measured.nannyml_estimation")


def measure(*, tiny: bool) -> Values:
    """Yield costs and their ratio, the largest gap between both, coverage and refusals."""
    rows, runs, chunks = (6_000, 1, 10) if tiny else (1_000_000, 5, 500)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        yield from _costs(_written(Path(folder), rows), runs, tiny=tiny)
    for task in TASKS:
        yield from _coverage(task, chunks)


def _written(folder: Path, rows: int) -> tuple[str, str]:
    say(f"writing {rows:,} rows a side, {DAYS} days")
    sides = folder / "reference", folder / "production"
    for path in sides:
        script = [sys.executable, "-m", "benchmarks.measured.write_scores"]
        process.measure(
            [*script, str(path), path.name, str(rows), str(DAYS)], limit_seconds=RUN_LIMIT_SECONDS
        )
    return str(sides[0]), str(sides[1])


def _costs(folders: tuple[str, str], runs: int, *, tiny: bool) -> Values:
    ours = [_ours(folders) for _ in range(runs + 1)][1:]  # the first one compiles
    work = median(float(str(usage.answer()["work_cpu_seconds"])) for usage in ours)
    yield "estimation_ours_work_cpu_seconds", work
    yield "estimation_ours_process_cpu_seconds", median(u.process_cpu_seconds for u in ours)
    yield "estimation_ours_peak_megabytes", median(u.peak_bytes for u in ours) / 1e6
    answer = ours[0].answer()
    yield "estimation_ours_values", int(str(answer["features"]))
    yield "estimation_ours_bands", int(str(answer["bands"]))
    if not tiny:
        yield from _peer(folders, work, _values(answer))


def _ours(folders: tuple[str, str]) -> Usage:
    say("ours")
    with tempfile.TemporaryDirectory() as cache:
        return process.measure(
            [sys.executable, "-m", "benchmarks.measured.leeway_estimation", *folders],
            limit_seconds=RUN_LIMIT_SECONDS,
            variables={"LEEWAY_CACHE": cache},
        )


def _peer(folders: tuple[str, str], work: float, ours: Mapping[str, float]) -> Values:
    say("NannyML: its environment if need be, then its run")
    try:
        python = str(peers.python(NANNYML))
        usage = process.measure(
            [python, "-m", NANNYML.script, *folders], limit_seconds=RUN_LIMIT_SECONDS
        )
    except (peers.NotInstalledError, CommandFailedError) as error:
        yield "estimation_nannyml", f"not measured: {error}"
        return
    theirs = float(str(usage.answer()["work_cpu_seconds"]))
    yield "estimation_nannyml_version", peers.version(NANNYML)
    yield "estimation_nannyml_work_cpu_seconds", theirs
    yield "estimation_nannyml_process_cpu_seconds", usage.process_cpu_seconds
    yield "estimation_nannyml_peak_megabytes", usage.peak_bytes / 1e6
    yield "estimation_work_cpu_ratio_nannyml_to_ours", theirs / work
    values = _values(usage.answer())
    yield "estimation_values_compared", len(values)
    yield "estimation_largest_gap_to_nannyml", max(abs(ours[k] - v) for k, v in values.items())


def _values(answer: Mapping[str, object]) -> dict[str, float]:
    return {name: float(value) for name, value in dict(answer["values"]).items()}  # type: ignore[call-overload]


def _coverage(task: str, number: int) -> Values:
    say(f"{number} synthetic chunks, {task}")
    usage = process.measure(
        [sys.executable, "-m", "benchmarks.measured.estimate_coverage", task, str(number)],
        limit_seconds=RUN_LIMIT_SECONDS,
        variables={"OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1")},
    )
    for name, value in json.loads(usage.output.strip().splitlines()[-1]).items():
        yield f"estimation_{task}_{name}", value
