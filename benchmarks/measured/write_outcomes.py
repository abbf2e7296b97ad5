"""Write predictions of a binary model with labels, in order of time over 60 days: PATH SEED ROWS."""

from __future__ import annotations

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAYS = 60
#: Not an edge of any score cell, so that the stored prediction matters.
THRESHOLD = 0.35

if __name__ == "__main__":
    path, seed, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random = np.random.default_rng(seed)
    time = np.sort(random.integers(0, DAYS * 86_400 * 10**6, rows))
    score = random.beta(0.8, 3.0, rows)
    table = pa.table(
        {
            "time": np.datetime64("2026-01-01", "us") + time.astype("timedelta64[us]"),
            "score": score,
            "predicted": (score >= THRESHOLD).astype(np.int64),
            "label": (random.random(rows) < score).astype(np.int64),
        }
    )
    pq.write_table(table, path, row_group_size=122_880)
    print(json.dumps({"rows": table.num_rows}))
