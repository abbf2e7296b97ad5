"""The collected days of a deployment, as data quality reads them."""

from __future__ import annotations

from datetime import date, timedelta

from monitoring.counting.engine.tables import open_table
from monitoring.progress import Progress
from monitoring.segment import EVERYONE, Segment
from monitoring.signals.data_quality.days import USUAL_DAYS, DayRows
from monitoring.sources.deployed import INPUTS, OUTPUTS, Deployed
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion


def collected_days(
    deployed: Deployed,
    deployment: Deployment,
    model: ModelVersion,
    window: Window,
    *,
    segment: Segment = EVERYONE,
    progress: Progress | None = None,
) -> dict[date, DayRows]:
    """Return what was collected on each day of a window, and of the two weeks before it.

    In a segment, only the rows are cut down: lines and ids belong to no segment, and are left out.

    Raises:
        SourceError: The container cannot be read.
        InputError: The segment asks about a column that was not collected.
    """
    here, collected = (deployment.endpoint, deployment.name), deployed.collected
    wide = Window(window.start - timedelta(days=USUAL_DAYS), window.end)
    columns = deployed.columns(model)
    there = sorted({*collected.days(*here, INPUTS, wide), *collected.days(*here, OUTPUTS, wide)})
    found: dict[date, DayRows] = {}
    for done, day in enumerate(there):
        if progress:
            progress(done / len(there), f"Reading {day:%d %b %Y}, day {done + 1} of {len(there)}")
        inputs = collected.day(*here, INPUTS, day, columns)
        table = open_table(inputs.path) if inputs.path else None
        if segment != EVERYONE:
            found[day] = DayRows(inputs=table and deployed.cut(table, segment))
            continue
        outputs = collected.day(*here, OUTPUTS, day)
        found[day] = DayRows(
            inputs=table,
            outputs=open_table(outputs.path) if outputs.path else None,
            lines=inputs.lines,
            faults=inputs.faults,
        )
    return found
