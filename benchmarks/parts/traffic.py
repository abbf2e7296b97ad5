"""Exact percentiles, throughput and error rate by minute and deployment, over 5,000,000 requests.

Of one day, and of a week. The sample workspace's engine runs the product's own queries/traffic.kql;
pandas computes the same from Parquet. Both read from disk, whose pages are in memory after the first
run, which does not count. They take turns, each in a process of its own; work CPU leaves the imports
out. Figures are medians; every value of the two answers must be equal.
"""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import process
from benchmarks.parts import Values, say
from benchmarks.places import CACHE
from benchmarks.process import CommandFailedError

if TYPE_CHECKING:
    from benchmarks.process import Usage

LIMIT_SECONDS = 1800
RUN_LIMIT_SECONDS = 900
SPANS = {"day": 1, "week": 7}


def measure(*, tiny: bool) -> Values:
    """Yield costs, their ratios, and how many values were compared.

    Raises:
        CommandFailedError: The two answers differ.
    """
    rows, runs = (20_000, 1) if tiny else (5_000_000, 5)
    CACHE.mkdir(parents=True, exist_ok=True)
    for what, days in SPANS.items():
        name = f"traffic_{'20k' if tiny else '5m'}_{what}"
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            say(f"writing {rows:,} rows of {days} days")
            _run("write_traffic", folder, str(rows), str(days))
            yield from _compared(name, *_measured(folder, runs))
    yield "traffic_pandas_version", importlib.metadata.version("pandas")


def _compared(name: str, ours: list[Usage], theirs: list[Usage]) -> Values:
    yield f"{name}_steps", float(str(ours[0].answer()["steps"]))
    for who, usages in (("ours", ours), ("pandas", theirs)):
        yield f"{name}_{who}_work_cpu_seconds", median(_work(usage) for usage in usages)
        yield f"{name}_{who}_peak_megabytes", median(u.peak_bytes for u in usages) / 1e6
    pairs = list(zip(ours, theirs, strict=True))
    for way in ("", "_sorting", "_interpolating"):
        figure = f"{way}_work_cpu_seconds".removeprefix("_")
        ratio = median(_work(their, figure) / _work(our) for our, their in pairs)
        yield f"{name}_work_cpu_ratio_pandas{way}_to_ours", ratio
    yield f"{name}_values_compared", float(str(theirs[0].answer()["compared"]))
    yield f"{name}_values_unequal", _unequal(theirs)


def _measured(folder: str, runs: int) -> tuple[list[Usage], list[Usage]]:
    answer = str(Path(folder) / "answer.parquet")
    ours, theirs = [], []
    for run in range(runs + 1):
        say(f"ours and pandas, run {run} of {runs}")
        ours.append(_run("leeway_traffic", folder, answer))
        theirs.append(_run("pandas_traffic", folder, answer))
    return ours[1:], theirs[1:]


def _unequal(theirs: list[Usage]) -> float:
    unequal = max(float(str(usage.answer()["unequal"])) for usage in theirs)
    if unequal:
        raise CommandFailedError(f"{unequal:.0f} values of the two answers differ")
    return unequal


def _run(script: str, *arguments: str) -> Usage:
    return process.measure(
        [sys.executable, "-m", f"benchmarks.measured.{script}", *arguments],
        limit_seconds=RUN_LIMIT_SECONDS,
        variables={"OPENBLAS_NUM_THREADS": "1"},
    )


def _work(usage: Usage, name: str = "work_cpu_seconds") -> float:
    return float(str(usage.answer()[name]))
