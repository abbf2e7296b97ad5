"""What a deployment's traffic is held to over any window: error rate and 95th percentile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.capacity import service_level
from monitoring.metric import MetricResult, Status
from monitoring.place import Place
from monitoring.signals.traffic import judging as traffic
from monitoring.verdict import NEEDED, is_silent, since
from monitoring.window import Window

#: Steps that a rate is taken over: as many as end a breach, so that no old fault stands in the number
#: beside a new OK.
RECENT_STEPS = NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective over a window.

    value: of the newest steps with requests; None without. rows: requests behind it. since: start
    of the breach that is open now, two of three steps; `is_older` if it was open when the window
    began. results: one a step. breached: steps that did.
    """

    metric: str
    status: Status
    value: float | None
    limit: float
    rows: int
    since: datetime | None
    is_older: bool
    last: datetime | None
    results: tuple[MetricResult, ...]

    @property
    def breached(self) -> int:
        """Steps beyond the limit."""
        return sum(result.status == "breached" for result in self.results)

    @property
    def over(self) -> datetime | None:
        """When the newest breach ended; None while one is open, or without one."""
        windows = [r.window for r in self.results if r.status == "breached" and r.window]
        return windows[-1].end if windows and not self.since else None


def step_of(window: Window) -> timedelta:
    """Return steps that give a trend of some 24 to 170 points.

    >>> from datetime import UTC
    >>> step_of(Window.last(timedelta(days=30), until=datetime(2026, 1, 31, tzinfo=UTC)))
    datetime.timedelta(seconds=21600)
    """
    if window.length <= timedelta(days=7):
        return timedelta(hours=1)
    return timedelta(hours=6) if window.length <= timedelta(days=31) else timedelta(days=1)


def error_rate(place: Place, steps: Sequence[traffic.Step], window: Window) -> Objective:
    """Return whether requests fail through no fault of the caller.

    value: failures by requests of the newest steps that had requests, as many as end a breach.
    """
    recent = steps[-RECENT_STEPS:]
    requests, faults = sum(s.requests for s in recent), sum(s.faults for s in recent)
    results = tuple(traffic.error_rate(place, s.window, s.requests, s.faults) for s in steps)
    value = faults / requests if requests else None
    return _objective("error_rate", value, service_level.ERROR_RATE, requests, results, window)


def latency_p95(place: Place, steps: Sequence[traffic.Step], window: Window) -> Objective:
    """Return whether answers are fast enough. value: the 95th percentile of the newest step, ms."""
    measured = [step for step in steps[-RECENT_STEPS:] if step.p95_ms is not None]
    newest = measured[-1] if measured else None
    results = tuple(traffic.latency_p95(place, step) for step in steps)
    value, rows = (newest.p95_ms, newest.requests) if newest else (None, 0)
    return _objective("latency_p95", value, service_level.LATENCY_P95_MS, rows, results, window)


def of_a_part(objective: Objective) -> Objective:
    """Return the objective where the log left rows out: what is bad stays bad, nothing is good."""
    return replace(objective, status="not_enough_data") if objective.status == "ok" else objective


def _objective(
    metric: str,
    value: float | None,
    limit: float,
    rows: int,
    results: tuple[MetricResult, ...],
    window: Window,
) -> Objective:
    windows = [result.window for result in results if result.window]
    last = windows[-1].end if windows else None
    start = since(results, taken=window.end)
    return Objective(
        metric=metric,
        status=_status(results, start, window),
        value=value,
        limit=limit,
        rows=rows,
        since=start,
        is_older=start is not None and start == windows[0].start,
        last=last,
        results=results,
    )


def _status(results: Sequence[MetricResult], start: datetime | None, window: Window) -> Status:
    newest = results[-1].window if results else None
    if newest is None or all(result.value is None for result in results):
        return "no_data"
    if is_silent(newest, window.end):
        return "stale"  # the last good number is old
    if start:
        return "breached"
    judged = any(result.status in {"ok", "breached"} for result in results)
    return "ok" if judged else "not_enough_data"
