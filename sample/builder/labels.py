"""The outcomes, and when each became known: hours after the landing, sometimes days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sample.builder.plan import instant

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pandas as pd

    from sample.builder.models import Trained
    from sample.builder.plan import Plan

#: Share of the digits that a clerk reads again, and so have a label.
ANNOTATED_SHARE = 0.4
MEDIAN_HOURS, LOG_SPREAD = 1.2, 0.9
LATE_SHARE, LATE_DAYS = 0.03, 4.0


def write(
    connection: duckdb.DuckDBPyConnection,
    rows: pd.DataFrame,
    model: Trained,
    storage: Path,
    plan: Plan,
) -> int:
    """Write one file a day of predictions; return the number of labels. Cancelled flights have none."""
    random = plan.random(f"labels {model.name}")
    asked = rows["time"].to_numpy("datetime64[ms]")
    base = rows["arrived"].to_numpy("datetime64[ms]") if "arrived" in rows else asked
    hours = MEDIAN_HOURS * np.exp(LOG_SPREAD * random.standard_normal(len(rows)))
    hours += (random.random(len(rows)) < LATE_SHARE) * 24 * LATE_DAYS * random.random(len(rows))
    if model.name == "digits":
        hours += 16
    known = base + (hours * 3_600_000).astype("int64").astype("timedelta64[ms]")
    labelled = rows[model.target].notna().to_numpy()
    if model.name == "digits":
        labelled = labelled & (random.random(len(rows)) < ANNOTATED_SHARE)
    kept = np.flatnonzero(labelled & (known < instant(plan.end)))
    kept = kept[np.argsort(asked[kept], kind="stable")]
    table = _table(connection, rows.iloc[kept], model, known[kept])
    _write_days(table, asked[kept], storage / "ground_truth" / model.name)
    return len(kept)


def _table(
    connection: duckdb.DuckDBPyConnection,
    rows: pd.DataFrame,
    model: Trained,
    known: np.ndarray[tuple[int], np.dtype[np.datetime64]],
) -> pa.Table:
    target = rows[model.target].to_numpy()
    whole = target if model.task == "regression" else target.astype("int64")
    keys = pa.table(
        {
            "head": rows["head"].to_numpy(),
            "place": rows["place"].to_numpy(),
            "target": whole,
            "known": known.astype("datetime64[us]"),
        }
    )
    connection.register("row", keys)
    query = f"""SELECT request_id('{model.name}', head) || '_' || place AS correlationid,
        target AS "{model.target}", known FROM row"""
    table = connection.sql(query).to_arrow_table()
    connection.unregister("row")
    return table


def _write_days(
    table: pa.Table, asked: np.ndarray[tuple[int], np.dtype[np.datetime64]], folder: Path
) -> None:
    folder.mkdir(parents=True)
    table = table.combine_chunks()
    days = asked.astype("datetime64[D]")
    starts = np.flatnonzero(np.diff(days.astype("int64"), prepend=-1))
    ends = np.append(starts[1:], len(days))
    for start, end in zip(starts, ends, strict=True):
        pq.write_table(table.slice(start, end - start), folder / f"{days[start]}.parquet")
