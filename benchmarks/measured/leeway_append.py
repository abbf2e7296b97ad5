"""Append a day to stored ones: REFERENCE DAYS_FOLDER STORE.

The last file of the folder is the new day. It is appended in a process that holds the days before it,
then in one that finds them on disk; at last every day is profiled again, as without a store.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

# Leeway imports these when it first needs them; here they count as imports, not as work.
import pyarrow.parquet
import scipy.special
import scipy.stats

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import counting, tables
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.day_store import DayStore
from monitoring.window import DAY, Window

if TYPE_CHECKING:
    from monitoring.counting.profile import Profile

IMPORTED_EARLY = (pyarrow.parquet, scipy.special, scipy.stats)
FIRST = date(2026, 1, 1)


def reported(
    baseline: Baseline, days: dict[date, tables.Table], store: DayStore
) -> tuple[drift_report.DriftReport, float]:
    """Return the report and the CPU that it took."""
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    window = Window(start, start + DAY * len(days))
    started = time.process_time()
    report = drift_report.run(baseline, days, window, store=store)
    return report, time.process_time() - started


def main(reference: Path, folder: Path, stored: Path) -> dict[str, float]:
    """Measure each way of getting to the same report."""
    rows_read = 0
    count = counting.profile

    def counted(table: tables.Table, *rest: object) -> dict[str, Profile]:
        nonlocal rows_read
        rows_read += table.rows
        return count(table, *rest)  # type: ignore[arg-type]

    counting.profile = counted  # type: ignore[assignment]
    baseline = take_baseline("reference", tables.open_table(reference))
    files = sorted(folder.glob("*.parquet"))
    days = {FIRST + DAY * i: tables.open_table(path) for i, path in enumerate(files)}
    before = dict(list(days.items())[:-1])
    store = DayStore(stored)
    _, first_seconds = reported(baseline, before, store)
    rows_before, rows_read = rows_read, 0
    report, appended_seconds = reported(baseline, days, store)
    found = {
        "days_before": len(before),
        "rows_before": rows_before,
        "rows_read": rows_read,
        "first_cpu_seconds": first_seconds,
        "appended_cpu_seconds": appended_seconds,
    }
    again = take_baseline("reference", tables.open_table(reference))
    cold, found["loaded_cpu_seconds"] = reported(again, days, DayStore(stored))
    anew, found["profiled_again_cpu_seconds"] = reported(baseline, days, DayStore())
    same = report.results == cold.results == anew.results and report.daily == anew.daily
    return {**found, "same_results": int(same)}


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:]))))
