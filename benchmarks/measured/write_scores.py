"""Write predictions of a calibrated binary model, one file a day: FOLDER ROLE ROWS DAYS.

The reference has labels; production waits for them, and its scores have moved.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = {"reference": datetime(2026, 1, 1, tzinfo=UTC), "production": datetime(2026, 6, 1, tzinfo=UTC)}  # fmt: skip
THRESHOLD = 0.5
SECONDS_A_DAY = 86_400


def rows(role: str, number: int, day: int) -> pa.Table:
    """Return the rows of one day, in order of time."""
    random = np.random.default_rng([2013, day, role == "production"])
    z = random.normal(-0.5 + 0.3 * (role == "production"), 1.5, number)
    probability = 1 / (1 + np.exp(-z))
    score = np.round(1 / (1 + np.exp(-1.4 * z)), 6)
    start = START[role] + timedelta(days=day)
    seconds = np.sort(random.random(number)) * SECONDS_A_DAY
    time = np.datetime64(start.replace(tzinfo=None), "us") + (seconds * 1e6).astype("m8[us]")
    columns = {"time": time, "score": score, "prediction": (score >= THRESHOLD).astype(np.int64)}
    if role == "reference":
        columns["label"] = (random.random(number) < probability).astype(np.int64)
    return pa.table(columns)


if __name__ == "__main__":
    folder, role, number, days = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(days):
        name = (START[role] + timedelta(days=day)).date().isoformat()
        pq.write_table(rows(role, number // days, day), folder / f"{name}.parquet")
