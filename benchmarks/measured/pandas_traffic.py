"""pandas answers what queries/traffic.kql asks, from Parquet, and checks our answer: FOLDER ANSWER.

Reads the five columns it needs. Percentiles by nearest rank, as Kusto defines them, twice: with
`groupby().rank()`, and with a sort in NumPy. And with `groupby().quantile()`, which interpolates and
so answers another question.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute
import pyarrow.parquet

IMPORTED_EARLY = (pyarrow.compute, pyarrow.parquet)  # imports, not work
COLUMNS = ["TimeGenerated", "EndpointName", "DeploymentName", "ResponseCode", "TotalDurationMs"]
KEYS = ["Endpoint", "Deployment", "Minute"]
CLASSES = {
    "ModelErrors": [408, 424, 502, 504],
    "CapacityErrors": [429, 503],
    "OperatorErrors": [404, 409],
}
SHARES = {"P50Ms": 0.5, "P90Ms": 0.9, "P95Ms": 0.95, "P99Ms": 0.99}


def prepared(file: Path) -> pd.DataFrame:
    """Return the rows with keys and a column for each class of errors."""
    rows = pd.read_parquet(file, columns=COLUMNS)
    rows["Endpoint"] = rows["EndpointName"].str.lower()
    rows["Deployment"] = rows["DeploymentName"].str.lower()
    rows["Minute"] = rows["TimeGenerated"].dt.floor("min")
    code = rows["ResponseCode"]
    rows["Errors"] = code >= 400
    named = np.zeros(len(rows), dtype=bool)
    for name, codes in CLASSES.items():
        rows[name] = code.isin(codes)
        named |= rows[name]
    rows["ClientErrors"] = rows["Errors"] & ~named & (code < 500)
    rows["PlatformErrors"] = rows["Errors"] & ~named & (code >= 500)
    return rows


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return requests and errors by class; groups are sorted by their keys."""
    errors = ["Errors", "ClientErrors", *CLASSES, "PlatformErrors"]
    groups = rows.groupby(KEYS)
    found = groups[errors].sum()
    found["Requests"] = groups.size()
    return found


def by_rank(rows: pd.DataFrame, found: pd.DataFrame) -> None:
    """Add the percentiles by nearest rank: the row whose place among its group's is wanted."""
    durations = rows.groupby(KEYS)["TotalDurationMs"]
    place, size = durations.rank(method="first"), durations.transform("size")
    for name, share in SHARES.items():
        wanted = rows.loc[place == np.ceil(share * size)]
        found[name] = wanted.set_index(KEYS)["TotalDurationMs"]


def by_sort(rows: pd.DataFrame, found: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the same by one sort in NumPy."""
    group = rows.groupby(KEYS).ngroup().to_numpy()
    durations = rows["TotalDurationMs"].to_numpy()
    ordered = durations[np.lexsort((durations, group))]
    size = found["Requests"].to_numpy()
    first = np.cumsum(size) - size
    return {n: ordered[first + np.ceil(p * size).astype(int) - 1] for n, p in SHARES.items()}


def differing(found: pd.DataFrame, answer: Path) -> dict[str, float]:
    """Return how many values were compared and how many are not equal."""
    ours = pd.read_parquet(answer).rename(columns={"TimeGenerated": "Minute"}).set_index(KEYS)
    theirs = found.reindex(ours.index)
    unequal = sum(int((ours[name] != theirs[name]).sum()) for name in ours.columns)
    missing = abs(len(found) - len(ours))
    return {"compared": ours.size, "unequal": unequal + missing}


def measured(file: Path) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the answer and what each way to it cost, from reading the file on."""
    clock = [time.process_time()]
    rows = prepared(file)
    found = counted(rows)
    clock.append(time.process_time())
    by_rank(rows, found)
    clock.append(time.process_time())
    sorted_ = by_sort(rows, found)
    clock.append(time.process_time())
    rows.groupby(KEYS)["TotalDurationMs"].quantile(list(SHARES.values()))
    clock.append(time.process_time())
    if any((found[name] != values).any() for name, values in sorted_.items()):
        sys.exit("rank and sort disagree")
    common, ranked, by_numpy, interpolated = np.diff(clock)
    return found, {
        "work_cpu_seconds": common + ranked,
        "sorting_work_cpu_seconds": common + by_numpy,
        "interpolating_work_cpu_seconds": common + interpolated,
    }


if __name__ == "__main__":
    folder, answer = map(Path, sys.argv[1:])
    found, seconds = measured(folder / "traffic.parquet")
    print(json.dumps(seconds | differing(found, answer)))
