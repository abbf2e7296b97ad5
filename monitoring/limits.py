"""Thresholds that users put in force, for signals whose own are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from monitoring.metric import MetricResult
from monitoring.signal import Question
from monitoring.verdict import JUDGED, judge


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
    again = replace(result, threshold=threshold)
    return judge(again, by="interval") if result.status in JUDGED else again
