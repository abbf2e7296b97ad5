"""What each deployment costs a day: price of its machines times how many ran for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sample.builder.fleet import instances
from sample.builder.plan import instant

if TYPE_CHECKING:
    from pathlib import Path

    from sample.builder.fleet import Deployment
    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

MINUTE = np.timedelta64(60_000, "ms")


def write(
    path: Path,
    fleet: Mapping[tuple[str, str], Deployment],
    plan: Plan,
    incidents: Mapping[str, Incident],
) -> None:
    """Write one row a day and deployment for the last 93 days and the two that come."""
    minutes = np.arange(instant(plan.metrics_start), instant(plan.end), MINUTE)
    days = minutes.astype("datetime64[D]")
    starts = np.flatnonzero(np.diff(days.astype("int64"), prepend=-1))
    rows: dict[str, list[object]] = {"day": [], "endpoint": [], "deployment": [], "cost": []}
    for deployment in fleet.values():
        count = instances(deployment, minutes, incidents)
        hours = np.add.reduceat(count, starts) / 60
        for day, machine_hours in zip(days[starts].tolist(), hours.tolist(), strict=True):
            if machine_hours:
                rows["day"].append(day)
                rows["endpoint"].append(deployment.endpoint)
                rows["deployment"].append(deployment.name)
                rows["cost"].append(round(machine_hours * deployment.euros_per_hour, 4))
    table = pa.table(rows).append_column("currency", pa.array(["EUR"] * len(rows["day"])))
    pq.write_table(table, path)
