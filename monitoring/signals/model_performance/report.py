"""Model performance, realized: is the model still as right as it was in training?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Literal

from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes, Task, coverage, total
from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult
from monitoring.metrics.performance import HEADLINE, METRICS
from monitoring.place import Place
from monitoring.signals.model_performance.performance_verdict import (
    LEAST_LABELS,
    SIGNAL,
    Judge,
    metrics_of,
    with_value,
)
from monitoring.statistics.intervals import wilson
from monitoring.statistics.performance import Performance
from monitoring.verdict import judge, since
from monitoring.window import Window

__all__ = [
    "LEAST_LABELS",
    "LEAST_OF_USUAL",
    "SIGNAL",
    "PerformanceReport",
    "Period",
    "Step",
    "baselines_of",
    "first_day",
    "metrics_of",
    "of_table",
    "report",
]

#: A step whose labels cover less than this share of what the best-covered step has gets no verdict.
LEAST_OF_USUAL = 0.8
#: AUC and balanced accuracy of a guess between two classes.
GUESS = 0.5

Period = Literal["day", "week", "month"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One day, week or month.

    results: by metric, every one of the task. withheld: why there is no verdict though there are
    labels; empty where there is one.
    """

    window: Window
    outcomes: Outcomes
    results: Mapping[str, MetricResult] = field(repr=False)
    withheld: str = ""

    @property
    def coverage(self) -> float | None:
        """Share of predictions whose label has arrived; None without predictions."""
        return coverage(self.outcomes)


@dataclass(frozen=True, eq=False, kw_only=True)
class PerformanceReport:
    """What the labels that have arrived say of a model, over a window and step by step.

    outcomes: of the whole window, the sum of its steps; None without predictions. results: by metric,
    every one of the task. steps: those with predictions, in time order. baselines: what each metric
    should be, and `baseline_name` where that comes from. thresholds: set by hand, instead of baseline
    and allowance. faults: rows that could not be used or lack something, by kind.
    """

    place: Place
    task: Task
    window: Window | None
    period: Period
    outcomes: Outcomes | None
    results: Mapping[str, MetricResult]
    steps: tuple[Step, ...]
    baselines: Mapping[str, float]
    baseline_name: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    taken: datetime | None = None

    @property
    def headline(self) -> MetricResult:
        """The result of the metric that stands for the task."""
        return self.results[HEADLINE[self.task]]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, the positive one last if there are two; none of a regression."""
        return self.outcomes.classes if isinstance(self.outcomes, ClassOutcomes) else ()

    @property
    def about_positive(self) -> tuple[str, ...]:
        """Which class is taken as the positive one of two, and whether the scores speak against it."""
        if self.task != "binary_classification" or len(self.classes) < 2:  # noqa: PLR2004 - two classes
            return ()
        positive = self.classes[-1]
        named = (
            f"The positive class is {positive!r}: the probability is taken as that of {positive!r}."
        )
        return (named, *self._against(positive))

    def _against(self, positive: str) -> tuple[str, ...]:
        """Say that scores rank the wrong way round while predictions are better than a guess."""
        area, right = (self.results[name] for name in ("auc_weighted", "balanced_accuracy"))
        if area.interval is None or right.interval is None:
            return ()
        if area.interval.high >= GUESS or right.interval.low <= GUESS:
            return ()
        said = (
            f"The scores contradict the predictions: AUC is {area.value:.3g}, balanced accuracy"
            f" {right.value:.3g}. The probability is likely that of another class than {positive!r};"
            " name it as CLASS=COLUMN."
        )
        return (said,)

    @property
    def coverage(self) -> float | None:
        """Share of predictions whose label has arrived; None without predictions."""
        return coverage(self.outcomes) if self.outcomes else None

    def history(self, metric: str) -> tuple[MetricResult, ...]:
        """Return the results of one metric, step by step in time order."""
        return tuple(step.results[metric] for step in self.steps)

    def since(self, metric: str) -> datetime | None:
        """Return the start of the breach that is still open at the end; two good steps in three end it."""
        return since(self.history(metric))

    def by_class(self, metric: str) -> dict[str, MetricResult]:
        """Return a metric of each class against the rest, over the whole window; none if it has no such.

        They are shown, not judged: a baseline is known of the average only.
        """
        known, of_class = self.outcomes, METRICS[metric].of_class
        if of_class is None or not isinstance(known, ClassOutcomes):
            return {}
        return {
            name: self._unjudged(metric, self.place.of(name), partial(of_class, known, name))
            for name in known.classes
        }

    def weighted(self, metric: str) -> MetricResult | None:
        """Return a metric averaged over classes by their labels; None if it has no such average."""
        known, measure = self.outcomes, METRICS[metric].weighted
        if measure is None or known is None:
            return None
        return self._unjudged(metric, self.place.of("weighted by label"), partial(measure, known))

    def _unjudged(
        self, metric: str, place: Place, measure: Callable[[], Performance]
    ) -> MetricResult:
        judge_ = Judge(self.task, place, {}, {})
        measured = judge_.draft(METRICS[metric], self.outcomes, self.window)
        try:
            measured = with_value(measured, measure())
        except NotEnoughData as error:
            undefined = replace(measured, hint=error.hint)
            return judge(undefined, blind=("not_enough_data", error.message))
        return judge(measured, withheld="shown without a verdict")


def baselines_of(tags: Mapping[str, float], task: Task) -> dict[str, float]:
    """Return the metrics that a registered model was tagged with, by our names.

    >>> baselines_of({"AUC_weighted": 0.8, "accuracy": 0.9, "epochs": 3}, "binary_classification")
    {'accuracy': 0.9, 'auc_weighted': 0.8}
    """
    known = {name.lower(): value for name, value in tags.items()}
    found = {}
    for metric in metrics_of(task):
        name = next((tag for tag in metric.tags(task) if tag.lower() in known), None)
        if name is not None:
            found[metric.name] = known[name.lower()]
    return found


def report(
    days: Mapping[date, Outcomes],
    *,
    task: Task,
    place: Place,
    window: Window | None = None,
    period: Period = "day",
    baselines: Mapping[str, float] | None = None,
    baseline_name: str = "",
    measured: Mapping[str, Performance] | None = None,
    thresholds: Mapping[str, float] | None = None,
    faults: Mapping[str, int] | None = None,
    taken: datetime | None = None,
) -> PerformanceReport:
    """Judge counted outcomes: the whole window, which is the sum of its days, and step by step.

    A step gets no verdict (`not_enough_data`) while it is not over; below `LEAST_LABELS` labels; and
    while its labels cover, beyond chance (Wilson, 95 %), less than `LEAST_OF_USUAL` of the share that
    the best-covered step of the window with enough labels has: the labels that come first are seldom
    like the rest (a cancelled order is known at once, a kept one after a month).

    Args:
        days: Outcomes of each UTC day that has predictions, all of the same classes.
        window: What is reported on; by default from the first to the last day.
        period: How long a step is; weeks begin on Monday.
        baselines: What each metric should be; a metric without one is not judged.
        measured: Those of them that were measured on rows, with their intervals.
        faults: Rows that could not be used, besides those that the outcomes count.
        taken: Now; None if all steps are over.
    """
    baselines, thresholds = dict(baselines or {}), dict(thresholds or {})
    judge = Judge(task, place, baselines, thresholds, measured or {})
    if window is None and days:
        window = Window(Window.day(min(days)).start, Window.day(max(days)).end)
    parts = _steps(days, period, window)
    usual = _usual_coverage([outcomes for _, outcomes in parts])
    steps = []
    for part, outcomes in parts:
        withheld = _withheld(part, outcomes, usual, taken)
        results = judge.results(outcomes, part, withheld)
        steps.append(Step(window=part, outcomes=outcomes, results=results, withheld=withheld))
    whole = total(outcomes for _, outcomes in parts) if parts else None
    return PerformanceReport(
        place=place,
        task=task,
        window=window,
        period=period,
        outcomes=whole,
        results=judge.results(whole, window, _withheld_whole(steps)),
        steps=tuple(steps),
        baselines=baselines,
        baseline_name=baseline_name,
        thresholds=thresholds,
        faults=_faults(whole, faults or {}),
        taken=taken,
    )


def of_table(
    outcomes: Outcomes,
    *,
    task: Task,
    place: Place,
    baselines: Mapping[str, float] | None = None,
    baseline_name: str = "",
    measured: Mapping[str, Performance] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> PerformanceReport:
    """Judge counted outcomes that have no times: a report without window and steps.

    Arguments as for `report`.
    """
    baselines, thresholds = dict(baselines or {}), dict(thresholds or {})
    judge = Judge(task, place, baselines, thresholds, measured or {})
    return PerformanceReport(
        place=place,
        task=task,
        window=None,
        period="day",
        outcomes=outcomes,
        results=judge.results(outcomes, None, ""),
        steps=(),
        baselines=baselines,
        baseline_name=baseline_name,
        thresholds=thresholds,
        faults=_faults(outcomes, {}),
    )


def _steps(
    days: Mapping[date, Outcomes], period: Period, window: Window | None
) -> list[tuple[Window, Outcomes]]:
    """Add up days into steps, cut at the ends of the window."""
    grouped: dict[date, list[Outcomes]] = {}
    for day in sorted(days):
        grouped.setdefault(first_day(day, period), []).append(days[day])
    first = last = None
    if window is not None:
        first = Window.day(window.start.date()).start
        last = Window.day(window.days()[-1]).end
    found = []
    for start, outcomes in grouped.items():
        begin, end = Window.day(start).start, Window.day(_next(start, period)).start
        whole = Window(max(begin, first or begin), min(end, last or end))
        found.append((whole, total(outcomes)))
    return found


def first_day(day: date, period: Period) -> date:
    """Return the first day of the day's week (a Monday) or month, or the day itself.

    >>> str(first_day(date(2026, 1, 1), "week")), str(first_day(date(2026, 1, 9), "month"))
    ('2025-12-29', '2026-01-01')
    """
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def _next(start: date, period: Period) -> date:
    if period == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def _usual_coverage(steps: Sequence[Outcomes]) -> float:
    return max((coverage(s) or 0.0 for s in steps if s.labelled >= LEAST_LABELS), default=0.0)


def _withheld(part: Window, outcomes: Outcomes, usual: float, taken: datetime | None) -> str:
    share = coverage(outcomes)
    if not outcomes.labelled or share is None:
        return ""
    if taken is not None and part.end > taken:
        return "it is not over"
    if wilson(share, outcomes.predictions).high < LEAST_OF_USUAL * usual:
        return f"{share:.0%} of its labels have arrived, where up to {usual:.0%} do"
    return ""


def _withheld_whole(steps: Sequence[Step]) -> str:
    """The whole is judged unless most of its labels are in steps that are not."""
    kept = sum(step.outcomes.labelled for step in steps if not step.withheld)
    held = sum(step.outcomes.labelled for step in steps if step.withheld)
    return "most of its labels are in steps without a verdict" if held > kept else ""


def _faults(whole: Outcomes | None, others: Mapping[str, int]) -> dict[str, int]:
    if whole is None:
        return dict(others)
    waiting = whole.predictions - whole.labelled
    known = {**others, **whole.faults, "predictions without a label yet": waiting}
    return {name: rows for name, rows in known.items() if rows}
