"""Verdicts on realized performance: a value, its interval, and what is too bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from monitoring.counting.totals.outcomes import Outcomes, Task
from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult, Worse
from monitoring.metrics.class_rows import ClassRows
from monitoring.metrics.performance import HEADLINE, METRICS
from monitoring.metrics.performance_metric import PerformanceMetric
from monitoring.place import Place
from monitoring.statistics.difference import between
from monitoring.statistics.performance import Performance
from monitoring.verdict import draft, is_beyond, judge, too_few
from monitoring.window import Window

SIGNAL = "model_performance"
#: Fewer labels than this and there is no verdict.
LEAST_LABELS = 100


@lru_cache
def metrics_of(task: Task) -> tuple[PerformanceMetric, ...]:
    """Return the metrics of a task, the one that stands for it first."""
    first = METRICS[HEADLINE[task]]
    rest = (each for each in METRICS.values() if task in each.tasks and each is not first)
    return first, *rest


@dataclass(frozen=True, slots=True)
class Limit:
    """What is too bad: a value, and on which side."""

    threshold: float = float("nan")
    worse: Worse = "higher"
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges outcomes against baselines, or thresholds where they are set.

    measured: baselines that were measured themselves, so that chance moves them too.
    """

    task: Task
    place: Place
    baselines: Mapping[str, float]
    thresholds: Mapping[str, float]
    measured: Mapping[str, Performance] = field(default_factory=dict)

    def results(
        self, outcomes: Outcomes | None, window: Window | None, withheld: str
    ) -> dict[str, MetricResult]:
        """Return a result for every metric of the task."""
        return {
            metric.name: self.result(metric, outcomes, window, withheld)
            for metric in metrics_of(self.task)
        }

    def result(
        self,
        metric: PerformanceMetric,
        outcomes: Outcomes | None,
        window: Window | None,
        withheld: str = "",
    ) -> MetricResult:
        """Measure and judge one metric; `withheld` is why it gets no verdict."""
        if outcomes is None or not outcomes.labelled:
            return judge(self.draft(metric, outcomes, window))
        try:
            found = metric.measure(outcomes)
        except NotEnoughData as error:
            undefined = replace(self.draft(metric, outcomes, window), hint=error.hint)
            return judge(undefined, blind=("not_enough_data", error.message))
        limit = self.limit(metric, found.value)
        measured = replace(
            with_value(self.draft(metric, outcomes, window), found),
            threshold=limit.threshold,
            worse=limit.worse,
            hint="" if withheld else limit.hint,
        )
        rows = ClassRows.of(outcomes)
        few = (
            too_few(outcomes.labelled, LEAST_LABELS, "labels")
            or limit.reason
            or (rows.lacking(metric.rests_on) if rows else "")
        )
        chance = self._chance(metric, found, limit)
        return judge(measured, by="interval", withheld=withheld, few=few, chance=chance)

    def _chance(self, metric: PerformanceMetric, found: Performance, limit: Limit) -> str:
        """Return that the baseline may have been lucky; empty where it makes no difference."""
        baseline = self.measured.get(metric.name)
        if baseline is None or metric.name in self.thresholds or metric.relative_to:
            return ""
        reach = between(baseline, found).interval
        near = reach.low if limit.worse == "higher" else reach.high
        if is_beyond(near, limit.threshold - baseline.value, limit.worse):
            return ""
        return "its interval and that of the baseline reach it"

    def draft(
        self, metric: PerformanceMetric, outcomes: Outcomes | None, window: Window | None
    ) -> MetricResult:
        """Return the result of a metric before anything was measured."""
        limit = self.limit(metric, 0.0)
        return draft(
            signal=SIGNAL,
            metric=metric.name,
            place=self.place,
            worse=limit.worse,
            unit=metric.unit,
            window=window,
            threshold=limit.threshold,
            rows=outcomes.labelled if outcomes else 0,
            method=metric.source,
            reason=_waiting(outcomes),
        )

    def limit(self, metric: PerformanceMetric, value: float) -> Limit:
        """Return the limit of a metric; of one that is bad both ways, that on the value's side."""
        known = self.baselines.get(metric.name)
        threshold = self.thresholds.get(metric.name)
        if threshold is not None:
            if metric.worse is not None:
                return Limit(threshold, metric.worse)
            return _either_side(value, 0.0, abs(threshold))
        if not metric.relative_to:
            if known is None:
                return _unknown(metric)
            return Limit(metric.threshold(known), metric.worse or "higher")
        whole = self.baselines.get(metric.relative_to)
        if whole is None:
            return _unknown(metric)
        # A model is trained to have none.
        return _either_side(value, known or 0.0, metric.allowance * abs(whole))


def _either_side(value: float, middle: float, reach: float) -> Limit:
    is_above = value >= middle
    return Limit(middle + reach, "higher") if is_above else Limit(middle - reach, "lower")


def _waiting(outcomes: Outcomes | None) -> str:
    if outcomes is None or not outcomes.predictions:
        return "no prediction was collected"
    return f"none of {outcomes.predictions:,} predictions has a label yet"


def _unknown(metric: PerformanceMetric) -> Limit:
    return Limit(
        worse=metric.worse or "higher",
        reason=f"there is no baseline of {metric.name!r} to compare with",
        hint=f"Register the model with the tag {metric.name}, or set a threshold.",
    )


def with_value(draft_: MetricResult, found: Performance) -> MetricResult:
    """Return a result with what was measured."""
    return replace(
        draft_,
        value=found.value,
        interval=found.interval,
        rows=found.rows,
        error_bound=found.bound,
        reason="",
    )
