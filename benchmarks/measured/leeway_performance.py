"""Leeway's realized performance of files, whole and by day, with intervals: PATH ..."""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

# Leeway imports these when it first needs them; here they count as imports, not as work.
import pyarrow.compute
import pyarrow.parquet

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import open_table
from monitoring.counting.totals.outcomes import Columns, Outcomes, total
from monitoring.metrics.performance import METRICS
from monitoring.statistics.performance import Performance

IMPORTED_EARLY = (pyarrow.compute, pyarrow.parquet)
COLUMNS = Columns("binary_classification", "predicted", "label", {"1": "score"}, time="time")
#: Those that scikit-learn is asked for, too.
NAMES = (
    "accuracy",
    "precision",
    "recall",
    "f1_score",
    "auc_weighted",
    "average_precision",
    "log_loss",
    "brier_score",
)


def measured(outcomes: Outcomes) -> dict[str, Performance]:
    """Return each metric with its interval."""
    return {name: METRICS[name].measure(outcomes) for name in NAMES}


def performance(path: str) -> tuple[dict[str, Performance], int, float]:
    """Return the metrics of a file, how many windows were measured, and the CPU seconds from counts."""
    days, _ = counting.count_days(open_table(path), COLUMNS)
    began = time.process_time()
    daily = [measured(outcomes) for outcomes in days.values()]
    whole = measured(total(days.values()))
    return whole, 1 + len(daily), time.process_time() - began


if __name__ == "__main__":
    started = time.process_time()
    found = [performance(path) for path in sys.argv[1:]]
    seconds = time.process_time() - started
    wholes = [whole for whole, _, _ in found]
    answer = {
        "work_cpu_seconds": seconds,
        "from_counts_cpu_seconds": sum(each for _, _, each in found) / len(found),
        "windows": sum(windows for _, windows, _ in found),
        "metrics": len(NAMES),
        "values": [{name: each.value for name, each in whole.items()} for whole in wholes],
        "bounds": [{name: each.bound for name, each in whole.items()} for whole in wholes],
        "widths": [
            {name: each.interval.high - each.interval.low for name, each in whole.items()}
            for whole in wholes
        ],
    }
    print(json.dumps(answer))
