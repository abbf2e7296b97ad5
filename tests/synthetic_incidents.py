"""A report of incidents whose every number is known, of any length, without a workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import kept_results
import numpy as np
from places import at

from monitoring.database.database import Database
from monitoring.event import Event
from monitoring.incidents.report import IncidentReport
from monitoring.metric import MetricResult, Status
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook
from monitoring.results.leases import Rounds
from monitoring.results.store import Results
from monitoring.signal import Missing
from monitoring.window import Window
from tests.evaluated_now import Gathered, folded

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Signal, metric, unit, threshold, worse, usual value, noise, value in the incident.
HOURLY = (
    ("traffic", "error_rate", "share of requests", 0.01, "higher", 0.002, 0.001, 0.18),
    ("traffic", "latency_p95", "ms", 1000.0, "higher", 240.0, 25.0, 2400.0),
    ("saturation", "cpu_utilization", "%", 90.0, "higher", 38.0, 6.0, 97.0),
    ("saturation", "memory_utilization", "%", 90.0, "higher", 55.0, 2.0, 93.0),
    ("saturation", "disk_utilization", "%", 85.0, "higher", 31.0, 0.5, 31.5),
    ("saturation", "ready_instances_share", "share of running instances", 0.75, "lower", 1.0, 0.0, 0.5),
    ("collection", "collected_share", "of the usual records", 0.05, "lower", 1.0, 0.02, 0.98),
    ("collection", "collection_error_rate", "share of records", 0.01, "higher", 0.0, 0.0, 0.0),
)  # fmt: skip
DAILY = (
    ("data_quality", "null_value_rate", "share", 0.02, "higher", 0.004, 0.001, 0.03),
    ("data_drift", "jensen_shannon_distance", "", 0.1, "higher", 0.04, 0.008, 0.21),
    ("prediction_drift", "population_stability_index", "", 0.2, "higher", 0.05, 0.01, 0.11),
    ("model_performance", "accuracy", "", 0.79, "lower", 0.83, 0.006, 0.77),
    ("estimated_performance", "accuracy", "", 0.79, "lower", 0.83, 0.004, 0.8),
)  # fmt: skip


def result(
    signal: str, metric: str, subject: str, start: datetime, step: timedelta, value: float | None,
    threshold: float = 1.0, worse: str = "higher", unit: str = "", status: Status | None = None,
    rows: int = 600,
) -> MetricResult:  # fmt: skip
    beyond = value is not None and (value > threshold if worse == "higher" else value < threshold)
    judged = status or ("no_data" if value is None else "breached" if beyond else "ok")
    return MetricResult(
        signal=signal, metric=metric, place=at(subject), status=judged, threshold=threshold,
        worse=worse, unit=unit, method=f"{metric} of the step", window=Window(start, start + step),
        value=value, rows=rows, reason="no requests" if value is None else "",
    )  # fmt: skip


def results_of(
    subject: str, window: Window, bad: Window, seed: int = 1, step: timedelta = HOUR
) -> list[MetricResult]:
    random = np.random.default_rng(seed)
    found = []
    for rows, length in ((HOURLY, step), (DAILY, timedelta(days=1))):
        whole = (
            window if length == step else Window(Window.day(window.start.date()).start, window.end)
        )
        for part in whole.split(length):
            if part.length != length:
                continue
            hour = part.start.hour + part.start.minute / 60
            busy = 1.0 + 0.7 * np.sin((hour - 9) / 24 * 2 * np.pi)
            hit = part.start < bad.end and part.end > bad.start
            silent = length == step and part.start.toordinal() % 9 == 0 and 2 <= hour < 5
            for signal, metric, unit, limit, worse, usual, noise, wrong in rows:
                value = abs((wrong if hit else usual) + noise * random.normal())
                name = f"{subject}/temp" if signal in {"data_drift", "data_quality"} else subject
                found.append(
                    result(signal, metric, name, part.start, length, None if silent else float(value),
                           limit, worse, unit, rows=int(900 * busy))
                )  # fmt: skip
    return found


def events_of(endpoint: str, deployment: str, bad: Window) -> list[Event]:
    def event(hours: float, kind: str, title: str, **rest: object) -> Event:
        rest = {"source": "activity log", "endpoint": endpoint, "deployment": deployment} | rest
        return Event(time=bad.start + timedelta(hours=hours), kind=kind, title=title, **rest)

    return [
        event(-0.4, "deployment", f"{deployment} was updated", caller="ann@example.com"),
        event(-20.0, "traffic_split", f"Traffic of {endpoint} went to {deployment} by 10 %"),
        event(-40.0, "role", "Role AcrPull was removed", endpoint="", deployment=""),
        event(-3.0, "configuration", "Diagnostic setting logs was written", deployment=""),
        event(0.3, "container", "Container was killed: out of memory", source="event log", count=7),
        event(0.5, "console", "CUDA out of memory", source="console log", count=31),
        event(1.2, "alert", "P95 above 1 s", source="Azure Monitor", status="Fired"),
        event(-8.0, "job", "Job nightly-train failed", endpoint="", deployment="", status="Failed"),
    ]


def report(
    days: int = 7,
    deployments: tuple[tuple[str, str], ...] = (("credit", "blue"),),
    *,
    step: timedelta = HOUR,
    now: datetime = NOW,
    missing: tuple[Missing, ...] = (),
) -> IncidentReport:
    """Each deployment was bad for nine hours, the first one last."""
    window = Window.last(timedelta(days=days), until=now)
    results: list[MetricResult] = []
    events: list[Event] = []
    for n, (endpoint, deployment) in enumerate(deployments):
        start = window.end - window.length * (n + 1) / (len(deployments) + 2)
        start = start.replace(minute=0, second=0, microsecond=0)
        bad = Window(start, start + timedelta(hours=9))
        results += results_of(f"{endpoint}/{deployment}", window, bad, n, step)
        events += events_of(endpoint, deployment, bad)
    found = Gathered(tuple(results), tuple(events), missing=missing)
    return folded(found, window, now)


def store(made: IncidentReport, database: Database, workspace: str) -> None:
    """Keep a report as an evaluator would whose round has just finished."""
    kept_results.keep(Results(database, workspace), made.results, workspace, evaluated=made.taken)
    Events(database, workspace).add((*made.earlier, *made.events))
    suspects = {each.id: made.suspects(each) for each in made.incidents}
    IncidentBook(database, workspace).record(made.incidents, made.taken, suspects)
    rounds = Rounds(database, workspace)
    rounds.begin("test", made.taken)
    rounds.finish("test", made.taken)
