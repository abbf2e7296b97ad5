"""Realized performance of two files of predictions: ours, daily and whole, beside scikit-learn, whole.

Ours gives eight metrics with 95 % intervals for the whole file and each of its 60 days; scikit-learn
gives them for the whole file, without intervals. They take turns, each in a process of its own; work
CPU leaves the imports out. Figures are medians.
"""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import process
from benchmarks.parts import Values, say
from benchmarks.places import CACHE

if TYPE_CHECKING:
    from benchmarks.process import Usage

LIMIT_SECONDS = 1800
RUN_LIMIT_SECONDS = 600
SEEDS = (1, 2)
OURS, THEIRS = "leeway_performance", "scikit_learn_performance"


def measure(*, tiny: bool) -> Values:
    """Yield costs, their ratio, and how far the values are apart."""
    rows, runs = (10_000, 1) if tiny else (1_000_000, 5)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        paths = _written(Path(folder), rows)
        usages: dict[str, list[Usage]] = {OURS: [], THEIRS: []}
        for run in range(runs + 1):  # the first does not count: it reads the files from the disk
            for script, found in usages.items():
                say(f"{script}, run {run} of {runs}")
                found.append(_run(script, *paths))
    costs = {script: found[1:] for script, found in usages.items()}
    yield "performance_rows", rows * len(SEEDS)
    yield from _costs("ours", costs[OURS])
    yield from _costs("scikit_learn", costs[THEIRS])
    yield "performance_scikit_learn_version", importlib.metadata.version("scikit-learn")
    ratios = [_work(theirs) / _work(ours) for ours, theirs in zip(*costs.values(), strict=True)]
    yield "performance_work_cpu_ratio_scikit_learn_to_ours", median(ratios)
    yield from _answers(costs[OURS][0].answer(), costs[THEIRS][0].answer())


def _written(folder: Path, rows: int) -> list[str]:
    paths = [str(folder / f"{seed}.parquet") for seed in SEEDS]
    for path, seed in zip(paths, SEEDS, strict=True):
        say(f"writing {rows:,} rows")
        _run("write_outcomes", path, str(seed), str(rows))
    return paths


def _run(script: str, *arguments: str) -> Usage:
    return process.measure(
        [sys.executable, "-m", f"benchmarks.measured.{script}", *arguments],
        limit_seconds=RUN_LIMIT_SECONDS,
        variables={"OPENBLAS_NUM_THREADS": "1"},
    )


def _costs(name: str, usages: list[Usage]) -> Values:
    yield f"performance_{name}_work_cpu_seconds", median(_work(usage) for usage in usages)
    yield f"performance_{name}_process_cpu_seconds", median(u.process_cpu_seconds for u in usages)
    yield f"performance_{name}_peak_megabytes", median(u.peak_bytes for u in usages) / 1e6


def _work(usage: Usage) -> float:
    return float(str(usage.answer()["work_cpu_seconds"]))


def _answers(ours: dict[str, Any], theirs: dict[str, Any]) -> Values:
    """Compare the values; a gap is also told in widths of the interval beside it."""
    yield "performance_ours_windows", ours["windows"]
    yield "performance_ours_metrics", ours["metrics"]
    yield "performance_ours_from_counts_cpu_milliseconds", 1e3 * ours["from_counts_cpu_seconds"]
    yield "performance_metrics_compared", len(theirs["values"][0])
    for name in theirs["values"][0]:
        pairs = list(zip(ours["values"], theirs["values"], strict=True))
        gap = max(abs(one[name] - two[name]) for one, two in pairs)
        yield f"performance_gap_{name}", gap
        bound = max(each[name] for each in ours["bounds"])
        if bound:
            yield f"performance_bound_{name}", bound
            width = min(each[name] for each in ours["widths"])
            yield f"performance_gap_{name}_share_of_interval", gap / width
