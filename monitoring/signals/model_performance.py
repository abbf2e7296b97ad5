"""Model performance, realized: is the model still as right as it was in training?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult
from monitoring.outcomes import Outcomes
from monitoring.performance import HEADLINE, METRICS
from monitoring.performance_metric import PerformanceMetric
from monitoring.window import Window

SIGNAL = "model_performance"
#: Fewer labels than this and there is no verdict.
LEAST_LABELS = 100


def metric_of(task: str | None) -> PerformanceMetric | None:
    """Return the metric that stands for a task; None for a task that is not known."""
    return METRICS[HEADLINE[task]] if task in HEADLINE else None


def judged(
    metric: PerformanceMetric,
    subject: str,
    outcomes: Outcomes,
    baseline: float | None,
    window: Window,
) -> MetricResult:
    """Judge realized performance against the registered model's own.

    It breaches when the whole interval lies beyond baseline and allowance, so that a handful of
    labels never alarms.

    Args:
        metric: What was scored.
        subject: Endpoint and deployment.
        outcomes: Counted over the window.
        baseline: The registered model's value in training; None if it has none.
        window: What `outcomes` covers.
    """
    threshold = metric.threshold(baseline) if baseline is not None else float("nan")
    blind = MetricResult(
        signal=SIGNAL,
        metric=metric.name,
        subject=subject,
        status="no_data",
        worse=metric.worse or "higher",
        unit=metric.unit,
        window=window,
        threshold=threshold,
        rows=outcomes.labelled,
        method=metric.source,
        reason="no prediction was collected",
    )
    if not outcomes.predictions:
        return blind
    if not outcomes.labelled:
        return replace(
            blind, reason=f"none of {outcomes.predictions:,} predictions has a label yet"
        )
    try:
        found = metric.measure(outcomes)
    except NotEnoughData as error:
        return replace(blind, status="not_enough_data", reason=error.message, hint=error.hint)
    interval = found.interval
    seen = replace(blind, value=found.value, interval=interval, rows=found.rows, reason="")
    if outcomes.labelled < LEAST_LABELS:
        reason = f"{outcomes.labelled} labels, {LEAST_LABELS} needed"
        return replace(seen, status="not_enough_data", reason=reason)
    if baseline is None:
        return replace(
            seen,
            status="not_enough_data",
            reason=f"the registered model has no tag {metric.name!r} to compare with",
            hint=f"Register the model with its {metric.label.lower()} as the tag {metric.name}.",
        )
    beyond = interval.high < threshold if metric.worse == "lower" else interval.low > threshold
    return replace(seen, status="breached" if beyond else "ok")


def daily(
    metric: PerformanceMetric,
    subject: str,
    days: Mapping[date, Outcomes],
    baseline: float | None,
) -> tuple[MetricResult, ...]:
    """Judge each day, in time order."""
    return tuple(judged(metric, subject, days[d], baseline, Window.day(d)) for d in sorted(days))
