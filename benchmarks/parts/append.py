"""Appending a day to 30 stored ones, against profiling all 31 again.

A report over the 31 days, each judged and the whole, of 1,000,000 rows and 30 features: in a process
that holds the 30 days, in one that finds all 31 on disk, and without a store.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import cast

from benchmarks import process
from benchmarks.parts import Values, say
from benchmarks.places import CACHE
from benchmarks.row_files import files, short

LIMIT_SECONDS = 1200
RUN_LIMIT_SECONDS = 600
DAYS = 31


def measure(*, tiny: bool) -> Values:
    """Yield CPU of each way to the same report, medians of the runs, and their ratio."""
    rows, runs = (20_000, 1) if tiny else (1_000_000, 5)
    reference, production = files(rows)
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        days = Path(folder) / "days"
        say(f"cutting {rows:,} rows into {DAYS} days")
        _script("split_days", production, str(days), str(DAYS))
        for run in range(runs + 1):
            say(f"run {run} of {runs}" if run else "one run that does not count")
            store = Path(folder) / f"store_{run}"
            found.append(_script("leeway_append", reference, str(days), str(store)))
    typical = {name: median(run[name] for run in found[-runs:]) for name in found[0]}
    name = f"append_{short(rows)}"
    for value, number in typical.items():
        yield f"{name}_{value}", number
    again = typical["profiled_again_cpu_seconds"]
    yield f"{name}_cpu_ratio_again_to_appended", again / typical["appended_cpu_seconds"]
    yield f"{name}_cpu_ratio_again_to_loaded", again / typical["loaded_cpu_seconds"]


def _script(name: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", f"benchmarks.measured.{name}", *arguments]
    usage = process.measure(command, limit_seconds=RUN_LIMIT_SECONDS)
    return cast("dict[str, float]", usage.answer())
