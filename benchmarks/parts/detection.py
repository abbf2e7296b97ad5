"""The sample workspace's data incidents: how late each signal sees them, and how often it cries wolf.

Every signal is run as its page runs it, with its default baseline, over the last 75 days of each
endpoint's first deployment. An alarm opens when a subject breaches on two of three days, and is
counted once a day however many subjects join. It is false if no scripted incident of the endpoint
was there on that day or the two days before. The flights are real: weather, holidays and the season move
them too, so that a false alarm here need not be one in life.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.parts import Value, Values, say
from monitoring.baselines import choices as baselines
from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult
from monitoring.settings import Settings
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_quality import report as quality_report
from monitoring.signals.data_quality.collected import collected_days
from monitoring.signals.model_performance import realized as realized_performance
from monitoring.signals.model_performance.report import PerformanceReport
from monitoring.signals.prediction_drift import report as prediction_drift
from monitoring.sources.azure import connect
from monitoring.sources.deployed import Deployed
from monitoring.verdict import confirmed
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion
from sample.builder import build

LIMIT_SECONDS = 1800
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEED = 2013
DAYS = timedelta(days=75)
#: An incident may still be seen this long after its end: two of three days are needed.
GRACE = timedelta(days=2)
MONTH_DAYS = 30.4
CACHE = Path(".cache")
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A subject that breached on two of three days: the day it was so first, and last."""

    subject: str
    opened: date
    closed: date


def measure(*, tiny: bool) -> Values:
    """Yield the delay of each incident by signal, then false alarms per month."""
    build(CACHE, NOW, SEED, lambda _share, _text: None)
    settings = Settings(cache=CACHE, now=NOW, seed=SEED)
    deployed = Deployed(connect(settings))
    truth = _truth()
    window = Window.last(timedelta(days=20) if tiny else DAYS, until=NOW).whole_days()
    delays: dict[str, list[Value]] = {}
    false: dict[str, int] = {}
    months = 0.0
    for endpoint in deployed.inventory.endpoints():
        deployment = endpoint.deployments[0]
        model = deployed.model(deployment)
        months += window.length / timedelta(days=MONTH_DAYS)
        incidents = [each for each in truth if each["endpoint"] == endpoint.name]
        for signal, alarms in _signals(deployed, deployment, model, window):
            false[signal] = false.get(signal, 0) + _false(alarms, incidents)
            for incident in _expected(incidents, signal, window):
                delay = _delay(alarms, incident, signal)
                delays.setdefault(signal, []).append(delay)
                name = f"{signal}_{incident['id']}".replace("-", "_")
                yield f"detection_delay_{name}_days", delay
    for signal, found in sorted(delays.items()):
        seen = [delay for delay in found if isinstance(delay, float)]
        yield f"detection_{signal}_seen_share", len(seen) / len(found)
        if seen:
            yield f"detection_{signal}_delay_median_days", median(seen)
    for signal, count in sorted(false.items()):
        yield f"detection_{signal}_false_alarms_per_endpoint_month", count / months


def _truth() -> list[dict[str, Any]]:
    store = build(CACHE, NOW, SEED, lambda _share, _text: None)
    truth: list[dict[str, Any]] = json.loads((store / "truth.json").read_text(encoding="utf-8"))
    return truth


def _signals(
    deployed: Deployed, deployment: Deployment, model: ModelVersion, window: Window
) -> Iterator[tuple[str, list[Alarm]]]:
    """Yield each signal with the alarms that it opened."""
    say(f"{deployment.endpoint}/{deployment.name}")
    store = deployed.azure.settings.cache
    default = baselines.default("data_drift", model)
    own = baselines.training(deployed, model)[0]
    training = baselines.take(deployed, deployment, model, own, window)
    try:
        baseline = baselines.take(deployed, deployment, model, default, window)
    except NotEnoughData as error:
        say(f"{error} Inputs are compared with training data.")
        baseline = training
    inputs = deployed.days(deployment, window, deployed.columns(model)).tables
    drift = drift_report.run(baseline, inputs, window, taken=NOW)
    deciding = drift_report.headline(drift.results)
    yield "data_drift", _alarms({n: drift.history(n, r.metric) for n, r in deciding.items()})
    quality = quality_report.run(
        training,
        collected_days(deployed, deployment, model, window),
        window,
        taken=NOW,
        store=store / "quality",
    )
    pairs = {(result.subject, result.metric) for day in quality.daily.values() for result in day}
    yield "data_quality", _alarms({f"{s} {m}": quality.history(s, m) for s, m in pairs})
    rows = deployed.rows(deployment, model, window)
    before = default.rule.needed(window)
    span = Window(Window.day(before[0]).start, Window.day(before[-1]).end)
    earlier = deployed.rows(deployment, model, span)
    known = {day: earlier.tables[day] for day in before if day in earlier.tables}
    reference = prediction_drift.Reference(default.label, default.rule, known, earlier.columns)
    try:
        outputs = prediction_drift.run(rows, reference, window, store, taken=NOW).drift
        deciding = drift_report.headline(outputs.results)
        yield (
            "prediction_drift",
            _alarms({n: outputs.history(n, r.metric) for n, r in deciding.items()}),
        )
    except NotEnoughData as error:
        say(f"Outputs are not compared. {error}")
    realized: PerformanceReport = realized_performance.of_deployment(
        model, rows, place=deployment.place, window=window, store=store, taken=NOW
    )
    name = realized.headline.metric
    yield "model_performance", _alarms({name: realized.history(name)})


def _alarms(histories: Mapping[str, Sequence[MetricResult]]) -> list[Alarm]:
    """Return when each subject began to breach on two days of three, and until when it did."""
    alarms = []
    for subject, history in histories.items():
        judged = [r for r in history if r.status in {"ok", "breached"} and r.window]
        days = [r.window.start.date() for r in judged if r.window]
        statuses = [r.status for r in judged]
        firing = [confirmed(statuses[: end + 1]) for end in range(len(judged))]
        for at, fires in enumerate(firing):
            if fires and not (at and firing[at - 1]):
                end = next((n for n in range(at, len(firing)) if not firing[n]), len(firing))
                alarms.append(Alarm(subject, days[at], days[end - 1]))
    return sorted(alarms, key=lambda alarm: alarm.opened)


def _expected(
    incidents: Iterable[Mapping[str, Any]], signal: str, window: Window
) -> Iterator[Mapping[str, Any]]:
    for incident in incidents:
        if signal in incident["signals"] and _first(incident) >= window.start.date() + WEEK:
            yield incident


def _first(incident: Mapping[str, Any]) -> date:
    return datetime.fromisoformat(incident["onset"]).date()


def _last(incident: Mapping[str, Any]) -> date:
    end = datetime.fromisoformat(incident["end"]) if incident["end"] else NOW
    return (end + GRACE).date()


def _delay(alarms: Sequence[Alarm], incident: Mapping[str, Any], signal: str) -> Value:
    """Return the days from onset to alarm, or in words why there are none.

    Inputs must alarm on a feature that the incident changed; answers and errors have no feature.
    """
    named = set(incident["features"])
    by_feature = signal in {"data_drift", "data_quality"} and named
    own = [a for a in alarms if not by_feature or a.subject.split(" ")[0] in named]
    opened = [a.opened for a in own if _first(incident) <= a.opened <= _last(incident)]
    if opened:
        return float((min(opened) - _first(incident)).days)
    if any(a.opened < _first(incident) <= a.closed for a in own):
        return "open before"
    return "not seen"


def _false(alarms: Sequence[Alarm], incidents: Sequence[Mapping[str, Any]]) -> int:
    """Count the days on which an alarm opened without an incident of the endpoint."""
    spans = [(_first(each), _last(each)) for each in incidents]
    opened = {alarm.opened for alarm in alarms}
    return sum(not any(first <= day <= last for first, last in spans) for day in opened)
