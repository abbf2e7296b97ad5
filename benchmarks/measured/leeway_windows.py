"""Windows out of stored profiles, of several sizes in turn: ROUNDS FOLDER ROWS:REFERENCE:DAYS ...

Each size is profiled into a store below FOLDER first. Then windows of one day and of 365 are asked
for in turn, each another one than before.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

import numpy as np

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import counting, tables
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.comparison import robust
from monitoring.signals.data_drift.day_store import Days, DayStore
from monitoring.signals.data_drift.findings import judged
from monitoring.window import DAY, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitoring.metric import MetricResult

FIRST = date(2025, 1, 1)
LENGTHS = (1, 365)
WARM_UP = 20


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU of this process that some work takes."""
    started = time.process_time_ns()
    work()
    return (time.process_time_ns() - started) / 1e9


class Size:
    """The days of one number of rows."""

    def __init__(self, store: Path, rows: str, reference: str, folder: str) -> None:
        self.rows = rows
        self.baseline: Baseline = take_baseline("reference", tables.open_table(Path(reference)))
        files = sorted(Path(folder).glob("*.parquet"))
        self.tables = {FIRST + DAY * i: tables.open_table(p) for i, p in enumerate(files)}
        self.dates = list(self.tables)
        counted_seconds = cpu_seconds(lambda: self._filled(DayStore(store)))
        self.store = DayStore(store)
        loaded_seconds = cpu_seconds(lambda: self._filled(self.store))
        self.days = self._filled(self.store)
        self.found: dict[str, float] = {
            "days": len(files),
            "counted_once_cpu_seconds": counted_seconds,
            "loaded_cpu_seconds": loaded_seconds,
            "stored_megabytes": sum(p.stat().st_size for p in store.rglob("*.parquet")) / 1e6,
        }

    def _filled(self, store: DayStore) -> Days:
        days = store.days(self.baseline, self.tables)
        counted = {day: days.count(day, table) for day, table in self.tables.items()}
        days.add({day: found for day, found in counted.items() if found})
        return days

    def dates_from(self, start: int, length: int) -> list[date]:
        return self.dates[start : start + length]

    def window(self, dates: list[date]) -> Window:
        start = datetime(dates[0].year, dates[0].month, dates[0].day, tzinfo=UTC)
        return Window(start, start + timedelta(days=len(dates)))

    def answer(self, dates: list[date]) -> list[MetricResult]:
        """Every metric of every feature: value, interval, noise floor, adjusted p-value, verdict."""
        window = self.window(dates)
        findings = self.days.window(dates, window).findings()
        return judged(findings, window=window, signal="data_drift")

    def report(self, dates: list[date]) -> drift_report.DriftReport:
        """The same with the results of each day, which are kept."""
        days = {day: self.tables[day] for day in dates}
        return drift_report.run(self.baseline, days, self.window(dates), store=self.store)

    def counted_again(self, dates: list[date]) -> list[MetricResult]:
        """The answer without stored profiles."""
        table = tables.union([self.tables[day] for day in dates], "window")
        profiles = counting.profile(table, self.baseline.plan, self.baseline.bins)
        return robust(self.baseline.profiles, profiles, window=self.window(dates))

    def difference(self, dates: list[date]) -> float:
        """Largest relative difference of any number from counting the window's rows."""
        pairs = zip(self.answer(dates), self.counted_again(dates), strict=True)
        return max(_difference(one, other) for one, other in pairs)


def _difference(one: MetricResult, other: MetricResult) -> float:
    names = ("value", "noise_floor", "adjusted_pvalue")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in pairs)


def main(rounds: int, sizes: list[Size]) -> dict[str, dict[str, float]]:
    """Take turns, so that a busy moment of the machine falls on all of them."""
    random = np.random.default_rng(1)
    gc.collect()
    gc.freeze()  # as the app does when it has started
    taken: dict[tuple[str, str], list[float]] = {}
    for size in sizes:
        size.found["features"] = len({r.subject for r in size.answer(size.dates)})
        size.found["results"] = len(size.answer(size.dates))
        size.found["days_judged_cpu_seconds"] = cpu_seconds(
            lambda size=size: size.report(size.dates)
        )
    for turn in range(rounds + WARM_UP):
        for length in LENGTHS:
            for size in sizes:
                start = int(random.integers(0, len(size.dates) - length + 1))
                dates = size.dates_from(start, length)
                for what, ask in (("window", size.answer), ("report", size.report)):
                    seconds = cpu_seconds(lambda ask=ask, dates=dates: ask(dates))
                    if turn >= WARM_UP:
                        taken.setdefault((size.rows, f"{what}_{length}d"), []).append(seconds)
    for (rows, name), seconds in taken.items():
        size = next(size for size in sizes if size.rows == rows)
        size.found[f"{name}_cpu_milliseconds"] = median(seconds) * 1e3
    for size in sizes:
        year = size.dates_from(0, LENGTHS[-1])
        again = cpu_seconds(lambda size=size, year=year: size.counted_again(year))
        size.found[f"counted_again_{LENGTHS[-1]}d_cpu_milliseconds"] = again * 1e3
        size.found["difference_from_counting_largest"] = size.difference(year)
    return {size.rows: size.found for size in sizes}


if __name__ == "__main__":
    stores = Path(sys.argv[2])
    asked = [Size(stores / spec.split(":")[0], *spec.split(":")) for spec in sys.argv[3:]]
    print(json.dumps(main(int(sys.argv[1]), asked)))
