"""Traffic: do requests succeed, and fast enough? Errors that the caller made are not held against us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS
from monitoring.metric import Interval, MetricResult, Status
from monitoring.place import Place
from monitoring.statistics.intervals import wilson
from monitoring.window import Window

SIGNAL = "traffic"
#: Fewer requests than this in a step and there is no verdict.
LEAST_REQUESTS = 30


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one deployment's traffic.

    requests: all. faults: those answered with an error that the model, its capacity or the platform
    caused. p95_ms: of the time to the last byte; None without requests.
    """

    window: Window
    requests: int
    faults: int
    p95_ms: float | None


def steps(records: Iterable[Mapping[str, Any]], length: timedelta) -> dict[Place, tuple[Step, ...]]:
    """Return the steps of each deployment in time order, from rows of `traffic.kql`."""
    found: dict[Place, list[Step]] = {}
    for record in records:
        start: datetime = record["TimeGenerated"]
        faults = record["Errors"] - record["ClientErrors"]
        step = Step(Window(start, start + length), record["Requests"], faults, record["P95Ms"])
        found.setdefault(Place.of_row(record), []).append(step)
    return {place: tuple(sorted(own, key=lambda s: s.window)) for place, own in found.items()}


def error_rate(place: Place, window: Window, requests: int, faults: int) -> MetricResult:
    """Judge the share of requests that failed through no fault of the caller.

    It breaches when the lower end of the interval lies above the objective.
    """
    plain = MetricResult(
        signal=SIGNAL,
        metric="error_rate",
        place=place,
        status="no_data",
        threshold=ERROR_RATE,
        unit="share of requests",
        method="traffic log, errors of model, capacity and platform; interval Wilson (1927)",
        window=window,
        rows=requests,
        reason="no requests",
    )
    if not requests:
        return plain
    interval = wilson(faults / requests, requests)
    few = requests < LEAST_REQUESTS
    breached = interval.low > ERROR_RATE
    return _with(
        plain,
        faults / requests,
        interval,
        "not_enough_data" if few else "breached" if breached else "ok",
        f"{requests} requests, {LEAST_REQUESTS} needed" if few else "",
    )


def latency_p95(place: Place, step: Step) -> MetricResult:
    """Judge the 95th percentile of request durations, in milliseconds."""
    plain = MetricResult(
        signal=SIGNAL,
        metric="latency_p95",
        place=place,
        status="no_data",
        threshold=LATENCY_P95_MS,
        unit="ms",
        method="95th percentile of TotalDurationMs in the traffic log",
        window=step.window,
        rows=step.requests,
        reason="no requests",
    )
    if step.p95_ms is None or not step.requests:
        return plain
    few = step.requests < LEAST_REQUESTS
    slow = step.p95_ms > LATENCY_P95_MS
    return _with(
        plain,
        step.p95_ms,
        None,
        "not_enough_data" if few else "breached" if slow else "ok",
        f"{step.requests} requests, {LEAST_REQUESTS} needed" if few else "",
    )


def _with(
    plain: MetricResult, value: float, interval: Interval | None, status: Status, reason: str
) -> MetricResult:
    return replace(plain, value=value, interval=interval, status=status, reason=reason)
