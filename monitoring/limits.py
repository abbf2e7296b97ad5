"""Thresholds that users put in force, for signals whose own are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from monitoring.metric import MetricResult
from monitoring.signal import Question
from monitoring.verdict import JUDGED, is_beyond


def held(results: Iterable[MetricResult], question: Question) -> tuple[MetricResult, ...]:
    """Return results judged by what is in force at the place of each; most are as they were."""
    return tuple(_held(result, question) for result in results)


def _held(result: MetricResult, question: Question) -> MetricResult:
    own = question.in_force(result.signal, result.place).thresholds
    return held_to(result, own[result.metric]) if result.metric in own else result


def held_to(result: MetricResult, threshold: float) -> MetricResult:
    """Return a result judged by another threshold.

    What has an interval breaches when the whole of it lies beyond; what has no verdict gets none.

    >>> from monitoring.place import Place
    >>> slow = MetricResult(signal="traffic", metric="latency_p95", place=Place(endpoint="a"),
    ...     status="ok", threshold=1000.0, value=700.0)
    >>> held_to(slow, 500.0).status, held_to(slow, 700.0).status
    ('breached', 'ok')
    """
    if result.status not in JUDGED or result.value is None:
        return replace(result, threshold=threshold)
    surest = result.value
    if result.interval:
        surest = result.interval.low if result.worse == "higher" else result.interval.high
    is_breach = is_beyond(surest, threshold, result.worse)
    return replace(result, threshold=threshold, status="breached" if is_breach else "ok")
