"""Failed jobs as events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from monitoring.event import Event

if TYPE_CHECKING:
    from monitoring.signals.jobs.judging import Run

SOURCE = "job log"


def of_jobs(found: Iterable[Run]) -> tuple[Event, ...]:
    """Return one event for each failed job, at the time it ended, in time order."""
    failed = [run for run in found if run.is_failed and run.ended]
    return tuple(sorted(map(_event, failed), key=lambda e: (e.time, e.title)))


def _event(run: Run) -> Event:
    where = f" on {run.cluster}" if run.cluster else ""
    return Event(
        time=run.ended or run.seen,
        kind="job",
        title=f"The job {run.name}{where} failed" + (f": {run.error}" if run.error else ""),
        source=SOURCE,
        status="failed",
        detail=run.error,
        reference=run.id,
        alike="job failed",
    )
