"""Leeway's drift of every feature of two Parquet files: REFERENCE PRODUCTION."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

# Leeway imports these when it first needs them; here they count as imports, not as work.
import pyarrow.parquet
import scipy.special
import scipy.stats

from monitoring.signals.data_drift.comparison import compare_files

IMPORTED_EARLY = (pyarrow.parquet, scipy.special, scipy.stats)

if __name__ == "__main__":
    started = time.process_time()
    results = compare_files(Path(sys.argv[1]), Path(sys.argv[2]))
    seconds = time.process_time() - started
    features = {result.subject for result in results if result.value is not None}
    print(json.dumps({"work_cpu_seconds": seconds, "features": len(features)}))
