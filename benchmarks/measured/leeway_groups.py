"""Leeway's outcomes by three features of one file, every fairness metric and disparity, judged: PATH."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

# Leeway imports these when it first needs them; here they count as imports, not as work.
import pyarrow.compute
import pyarrow.parquet
import scipy.special

from benchmarks.measured.write_groups import GROUPS
from monitoring.counting.engine.tables import open_table
from monitoring.counting.totals.groups import Cut, Grouping
from monitoring.counting.totals.outcomes import Columns
from monitoring.signals.fairness import group_counts
from monitoring.signals.fairness import report as fairness
from monitoring.sources.deployed import PredictedDays
from monitoring.window import Window

IMPORTED_EARLY = (pyarrow.compute, pyarrow.parquet, scipy.special)
DAY = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = Columns("binary_classification", "prediction", "label", {"1": "probability"})
GROUPINGS = [Grouping((Cut(name, values=values),)) for name, values in GROUPS.items()]


def values(path: str) -> dict[str, float]:
    """Return each metric of each group, and each disparity, by name."""
    days = PredictedDays({DAY.date(): open_table(Path(path))}, COLUMNS)
    found = {}
    for counted in group_counts.count_each(days, GROUPINGS):
        (feature,) = counted.grouping.features
        for result in fairness.judge(counted, Window.day(DAY.date())).results:
            group = result.subject.removeprefix(f"{feature} ")
            if result.value is not None:
                found[f"{feature} {result.metric} {group}"] = result.value
    return found


if __name__ == "__main__":
    started = time.process_time()
    found = values(sys.argv[1])
    seconds = time.process_time() - started
    print(json.dumps({"work_cpu_seconds": seconds, "features": len(found), "values": found}))
