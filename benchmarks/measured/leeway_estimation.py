"""Leeway's daily CBPE with bands: FOLDER of the reference, FOLDER of production, a file a day each."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

# Leeway imports these when it first needs them; here they count as imports, not as work.
import pyarrow.compute
import pyarrow.parquet
import scipy.optimize
import scipy.special
import threadpoolctl

from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.place import Place
from monitoring.signals.estimated_performance import estimate as estimated_performance

IMPORTED_EARLY = (
    pyarrow.compute,
    pyarrow.parquet,
    scipy.optimize,
    scipy.special,
    threadpoolctl,
)
COLUMNS = Columns("binary_classification", "prediction", "label", {"1": "score"})


def days(folder: str) -> dict[date, Table]:
    """Open the file of each day."""
    return {
        date.fromisoformat(path.stem): open_table(path) for path in sorted(Path(folder).iterdir())
    }


if __name__ == "__main__":
    started = time.process_time()
    report = estimated_performance.run(
        days(sys.argv[1]), days(sys.argv[2]), COLUMNS, place=Place(feature="benchmark")
    )
    seconds = time.process_time() - started
    values = {
        f"{step.window.start:%Y-%m-%d} {name}": estimate.value
        for step in report.steps
        for name, estimate in step.estimates.items()
    }
    bands = sum(result.interval is not None for s in report.steps for result in s.results.values())
    print(
        json.dumps(
            {
                "work_cpu_seconds": seconds,
                "features": len(values),
                "bands": bands,
                "values": values,
            }
        )
    )
