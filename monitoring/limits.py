"""Thresholds that users put in force, for signals whose own are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.metric import MetricResult
from monitoring.signal import Question
from monitoring.verdict import held_to


def held(results: Iterable[MetricResult], question: Question) -> tuple[MetricResult, ...]:
    """Return results judged by what is in force at the place of each; most are as they were."""
    return tuple(_held(result, question) for result in results)


def _held(result: MetricResult, question: Question) -> MetricResult:
    own = question.in_force(result.signal, result.place).thresholds
    return held_to(result, own[result.metric]) if result.metric in own else result
