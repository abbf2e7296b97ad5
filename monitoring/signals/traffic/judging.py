"""Traffic: do requests succeed, and fast enough? Errors that the caller made are not held against us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.statistics.intervals import wilson
from monitoring.verdict import LEAST_ROWS, draft, judge, too_few
from monitoring.window import Window

SIGNAL = "traffic"
#: Fewer requests than this in a step and there is no verdict.
LEAST_REQUESTS = LEAST_ROWS


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
    measured = draft(
        signal=SIGNAL,
        metric="error_rate",
        place=place,
        threshold=ERROR_RATE,
        unit="share of requests",
        method="traffic log, errors of model, capacity and platform; interval Wilson (1927)",
        window=window,
        rows=requests,
        value=faults / requests if requests else None,
        interval=wilson(faults / requests, requests) if requests else None,
        reason="" if requests else "no requests",
    )
    return judge(measured, by="interval", few=too_few(requests, LEAST_REQUESTS, "requests"))


def latency_p95(place: Place, step: Step) -> MetricResult:
    """Judge the 95th percentile of request durations, in milliseconds."""
    value = step.p95_ms if step.requests else None
    measured = draft(
        signal=SIGNAL,
        metric="latency_p95",
        place=place,
        threshold=LATENCY_P95_MS,
        unit="ms",
        method="95th percentile of TotalDurationMs in the traffic log",
        window=step.window,
        rows=step.requests,
        value=value,
        reason="no requests" if value is None else "",
    )
    return judge(measured, few=too_few(step.requests, LEAST_REQUESTS, "requests"))
