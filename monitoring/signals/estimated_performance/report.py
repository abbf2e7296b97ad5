"""A report of estimated performance: the whole window, step by step, and how it stood up to labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

import numpy as np

from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.outcomes import Columns, Task
from monitoring.errors import NotEnoughData
from monitoring.kept.fits import fitted
from monitoring.methods.estimation import assumptions
from monitoring.methods.estimation.assumptions import Check, failures
from monitoring.methods.estimation.band import Estimate
from monitoring.methods.estimation.tracking import LEAST_LABELS, Tracking, still_holds, track
from monitoring.methods.multivariate.domain_classifier import one_thread
from monitoring.metric import MetricResult, Status
from monitoring.metrics.class_rows import ClassRows
from monitoring.metrics.performance import HEADLINE, METRICS
from monitoring.metrics.performance_metric import PerformanceMetric
from monitoring.place import Place
from monitoring.progress import Progress, part
from monitoring.signals.estimated_performance.reference import Learned, Reference, described, learn
from monitoring.signals.model_performance.report import Period, first_day
from monitoring.verdict import UNFINISHED, draft, judge, withhold
from monitoring.window import Window

SIGNAL = "estimated_performance"


@dataclass(frozen=True, eq=False, kw_only=True)
class EstimatedStep:
    """One day, week or month.

    results: by metric, without a value where it is withheld. estimates: by metric, withheld or not.
    realized: on the labelled rows, empty while there are too few. tracked: the estimates for those.
    """

    window: Window
    rows: int
    results: Mapping[str, MetricResult] = field(repr=False)
    estimates: Mapping[str, Estimate] = field(repr=False)
    checks: tuple[Check, ...]
    realized: Mapping[str, float] = field(repr=False)
    tracked: Mapping[str, Estimate] = field(repr=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class EstimateReport:
    """What is estimated of a model, over a window and step by step.

    method: how. checks: assumptions, of the reference and the whole window; a failed one withholds
    the results. estimates: by metric, withheld or not: to be shown in grey at most. tracking: how
    often the bands held. baselines: what each metric should be, and `baseline_name` where from.
    """

    place: Place
    task: Task
    method: str
    window: Window | None
    period: Period
    reference: Reference
    checks: tuple[Check, ...]
    results: Mapping[str, MetricResult]
    estimates: Mapping[str, Estimate] = field(repr=False)
    steps: tuple[EstimatedStep, ...]
    tracking: Mapping[str, Tracking]
    baselines: Mapping[str, float]
    baseline_name: str = ""
    notes: tuple[str, ...] = ()
    taken: datetime | None = None

    @property
    def headline(self) -> MetricResult:
        """The result of the metric that stands for the task."""
        return self.results[HEADLINE[self.task]]

    @property
    def is_refused(self) -> bool:
        """Whether an assumption failed, so that no number of the whole window is given."""
        return bool(failures(self.checks))

    def history(self, metric: str) -> tuple[MetricResult, ...]:
        """Return the results of one metric, step by step in time order."""
        return tuple(step.results[metric] for step in self.steps)


def run(
    reference: Mapping[date, Table] | Sequence[Table],
    days: Mapping[date, Table],
    columns: Columns,
    *,
    place: Place,
    window: Window | None = None,
    name: str = "",
    period: Period = "day",
    baselines: Mapping[str, float] | None = None,
    baseline_name: str = "",
    thresholds: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    whole: bool = True,
    progress: Progress | None = None,
) -> EstimateReport:
    """Estimate performance over a window and for each of its steps.

    Args:
        reference: Labelled tables, by day or as they are.
        days: One table per UTC day that has predictions; labels where they have come already.
        window: What is reported on; by default from the first to the last day.
        name: What the reference is called on screen.
        baselines: What each metric should be; by default what was realized on the reference.
        whole: Whether the window is estimated, too; else the report holds its steps alone.

    Raises:
        NotEnoughData: There is no reference, no probabilities, or one class only.
        InputError: The files cannot be read.
    """
    say = part(progress, 0.0)
    if not days:
        raise NotEnoughData("Cannot estimate performance: nothing was predicted in this window")
    with one_thread():
        say(0.0, "Learning from the reference")
        tables = reference.values() if isinstance(reference, Mapping) else reference
        learned = fitted(
            ("estimate", repr(columns), isinstance(reference, Mapping)),
            [path for table in tables for path in table.paths],
            lambda: learn(reference, columns),
        )
        if not baselines:
            baselines, baseline_name = learned.realized, "realized on the reference"
        judge = _Judge(
            place,
            columns.task,
            learned.way.method,
            baselines,
            thresholds or {},
            learned.facts.labelled,
            tuple(learned.facts.labels),
        )
        chunks = {}
        for done, day in enumerate(sorted(days)):
            say(0.3 + 0.4 * done / len(days), f"Reading {day:%d %b %Y}")
            chunks[day] = learned.way.read([days[day]])
        say(0.7, "Estimating")
        estimation = _Estimation(learned, judge, days, chunks)
        report = estimation.by_step(estimation.steps(period, taken), window)
        if whole:
            report = estimation.whole(report)
    return replace(
        report,
        reference=described(reference, learned.facts, name),
        period=period,
        baselines=baselines,
        baseline_name=baseline_name,
        notes=notes,
        taken=taken,
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """Turns estimates into results."""

    place: Place
    task: Task
    method: str
    baselines: Mapping[str, float]
    thresholds: Mapping[str, float]
    reference_rows: int
    classes: tuple[str, ...]

    @property
    def metrics(self) -> tuple[PerformanceMetric, ...]:
        """Those of the task, the headline first."""
        first = METRICS[HEADLINE[self.task]]
        return first, *(m for m in METRICS.values() if self.task in m.tasks and m is not first)

    def results(
        self, estimates: Mapping[str, Estimate], window: Window | None, checks: Sequence[Check]
    ) -> dict[str, MetricResult]:
        """Judge each metric that is estimated; a failed check withholds the value."""
        return {
            metric.name: self._result(metric, estimates[metric.name], window, checks)
            for metric in self.metrics
            if metric.name in estimates
        }

    def _result(
        self,
        metric: PerformanceMetric,
        estimate: Estimate,
        window: Window | None,
        checks: Sequence[Check],
    ) -> MetricResult:
        threshold = self._threshold(metric)
        band = estimate.interval(metric.bounds)
        measured = draft(
            signal=SIGNAL,
            metric=metric.name,
            place=self.place,
            threshold=threshold,
            worse=metric.worse or "higher",
            unit=metric.unit,
            method=f"{self.method}; 95 % band for the value that will be realized",
            window=window,
            rows=estimate.rows,
            reference_rows=self.reference_rows,
        )
        if failed := failures(checks):
            return judge(
                measured, blind=("not_enough_data", f"Not estimated. {failed[0].sentence}")
            )
        if not np.isfinite(estimate.value) or not np.isfinite(estimate.error):
            blind: tuple[Status, str] = "not_enough_data", "Not defined for these predictions."
            return judge(measured, blind=blind)
        measured = replace(measured, value=estimate.value, interval=band)
        unknown = f"no baseline for {metric.label.lower()}" if math.isnan(threshold) else ""
        rows = ClassRows(self.classes, estimate.labelled, estimate.predicted)
        few = rows.lacking(metric.rests_on) if estimate.labelled else ""
        return judge(measured, by="interval", withheld=unknown, few=few)

    def _threshold(self, metric: PerformanceMetric) -> float:
        """Return where a metric is in breach; NaN where nothing says so."""
        if metric.name in self.thresholds and metric.worse is not None:
            return self.thresholds[metric.name]
        baseline = self.baselines.get(metric.name)
        return float("nan") if baseline is None else metric.threshold(baseline)


@dataclass(frozen=True, slots=True, eq=False)
class _Estimation:
    """Estimates the days of production by what was learned. chunks: what is read of each day."""

    learned: Learned
    judge: _Judge
    days: Mapping[date, Table]
    chunks: Mapping[date, Any]

    def joined(self, days: Iterable[date]) -> Any:
        return self.learned.way.join([self.chunks[day] for day in days])

    def support(self, days: Iterable[date]) -> Check:
        return self.learned.support_check([self.days[day] for day in days])

    def steps(self, period: Period, taken: datetime | None) -> tuple[EstimatedStep, ...]:
        """Return each day, week or month; one that is not over gets no verdict."""
        groups = [list(days) for _, days in groupby(sorted(self.days), _first_of(period))]
        joined = [self.joined(group) for group in groups]
        labelled = self._labelled(joined)
        return tuple(
            self._step(group, chunk, estimates, known, taken)
            for group, chunk, estimates, known in zip(
                groups, joined, self.learned.fitted.estimate(joined), labelled, strict=True
            )
        )

    def _labelled(
        self, chunks: Sequence[Any]
    ) -> list[tuple[Mapping[str, float], Mapping[str, Estimate]]]:
        """Return what was realized, and estimated, on the labelled rows; empty while there are few."""
        known = [chunk.labelled() for chunk in chunks]
        enough = [chunk for chunk in known if sum(chunk.days) >= LEAST_LABELS]
        realized = iter(self.learned.way.realized(enough))
        estimates = iter(self.learned.fitted.estimate(enough))
        return [
            (next(realized), next(estimates)) if sum(chunk.days) >= LEAST_LABELS else ({}, {})
            for chunk in known
        ]

    def _step(
        self,
        days: Sequence[date],
        chunk: Any,
        estimates: Mapping[str, Estimate],
        labelled: tuple[Mapping[str, float], Mapping[str, Estimate]],
        taken: datetime | None,
    ) -> EstimatedStep:
        window = _span(days)
        checks = assumptions.enough_rows(sum(chunk.days)), self.support(days)
        results = self.judge.results(estimates, window, (*self.learned.checks, *checks))
        if taken is not None and window.end > taken:
            results = {name: withhold(result, UNFINISHED) for name, result in results.items()}
        return EstimatedStep(
            window=window,
            rows=sum(chunk.days),
            results=results,
            estimates=estimates,
            checks=checks,
            realized=labelled[0],
            tracked=labelled[1],
        )

    def by_step(self, steps: tuple[EstimatedStep, ...], window: Window | None) -> EstimateReport:
        """Return the report of the steps, which says nothing of all days together."""
        return EstimateReport(
            place=self.judge.place,
            task=self.judge.task,
            method=self.learned.way.method,
            window=window or _span(self.days),
            period="day",
            reference=Reference("", None, 0, 0, 0),
            checks=self.learned.checks,
            results={},
            estimates={},
            steps=steps,
            tracking={},
            baselines=self.judge.baselines,
        )

    def whole(self, report: EstimateReport) -> EstimateReport:
        """Return a report of steps with what holds over all days."""
        whole = self.joined(sorted(self.days))
        estimates = self.learned.fitted.estimate([whole])[0]
        tracking = self._tracking(report.steps, estimates)
        inputs = self.support(sorted(self.days))
        holds = still_holds(
            tracking[HEADLINE[self.judge.task]], covariates_fine=inputs.verdict != "failed"
        )
        enough = assumptions.enough_rows(sum(whole.days))
        checks = (*report.checks, enough, inputs, holds)
        return replace(
            report,
            checks=checks,
            results=self.judge.results(estimates, report.window, checks),
            estimates=estimates,
            tracking=tracking,
        )

    def _tracking(
        self, steps: Sequence[EstimatedStep], estimates: Mapping[str, Estimate]
    ) -> dict[str, Tracking]:
        # A day that was refused has promised nothing.
        kept = [step for step in steps if step.realized and not failures(step.checks)]
        pair = self._labelled_days([day for step in kept for day in step.window.days()])
        return {
            metric.name: track(
                metric.name,
                [(step.tracked[metric.name], step.realized[metric.name]) for step in kept],
                metric.bounds,
                (pair[0][metric.name], pair[1][metric.name]) if pair else None,
            )
            for metric in self.judge.metrics
            if metric.name in estimates
        }

    def _labelled_days(
        self, days: Sequence[date]
    ) -> tuple[Mapping[str, Estimate], Mapping[str, float]] | None:
        """Return the estimates, and what was realized, on the labelled rows of days together."""
        known = [self.chunks[day].labelled() for day in days if day in self.chunks]
        if not known:
            return None
        joined = self.learned.way.join(known)
        return self.learned.fitted.estimate([joined])[0], self.learned.way.realized([joined])[0]


def _first_of(period: Period) -> Callable[[date], date]:
    return lambda day: first_day(day, period)


def _span(days: Collection[date]) -> Window:
    return Window(Window.day(min(days)).start, Window.day(max(days)).end)
