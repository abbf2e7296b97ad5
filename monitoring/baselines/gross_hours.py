"""The hours of a deployment judged for gross changes, as results of the signal that asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from monitoring.arrays import Flags
from monitoring.baselines.ordinary_hours import BACK_DAYS, LEAST_KNOWN, Course, Days
from monitoring.baselines.served import Served
from monitoring.counting.engine.hours import (
    OF_SCORES,
    PREDICTION,
    PROBABILITY,
    HourStore,
)
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.hours import HOURS, HourColumn, HourCounts
from monitoring.counting.totals.outcomes import Columns
from monitoring.metric import MetricResult
from monitoring.signal import HOUR, MetricFacts, Question
from monitoring.sources.deployed import INPUTS, KEYS, OUTPUTS, columns_of
from monitoring.verdict import LEAST_ROWS, OF, draft, judge, too_few
from monitoring.window import DAY, Window

#: What the threshold of a metric's hours is called, beside that of its days.
BY_HOUR = "{}_by_hour"
METHOD = (
    "an hour against the same hours of up to 28 days before without gross changes, whatever the"
    " baseline of the days{}; gross is twice as far as any hour of these days, which is {:.3g}"
)
#: What else numbers are compared with.
AND_NEIGHBOURS = ", and against the hours just before"
FEW_DAYS = "{} days with hours to learn from, {} needed"


@dataclass(frozen=True, slots=True)
class HourMetric:
    """A metric that hours are held to. unit: of its days. threshold: the product's own."""

    name: str
    threshold: float
    unit: str = ""

    @property
    def key(self) -> str:
        """What its threshold is put in force under."""
        return BY_HOUR.format(self.name)

    def facts(self, label: str, breach: str) -> MetricFacts:
        """Return what is known of its threshold, for those who set it."""
        return MetricFacts(
            label=f"{label}, by hour", breach=breach, unit=self.unit, threshold=self.threshold
        )

    def least(self, names: Sequence[str], in_force: Mapping[str, float]) -> dict[str, float]:
        """Return by feature what an hour must exceed at least."""
        whole = in_force.get(self.key, self.threshold)
        return {name: in_force.get(f"{self.key}:{name}", whole) for name in names}


#: In standard deviations. Half of one, where the days ask for a fifth at most.
SHIFT = HourMetric("normalized_wasserstein_distance", 0.5, "standard deviations")
MIX = HourMetric("jensen_shannon_distance", 0.35)
NULLS = HourMetric("null_value_rate", 0.3)
UNSEEN = HourMetric("new_category_rate", 0.1)

DRIFT: tuple[HourMetric, ...] = (SHIFT, MIX)
QUALITY: tuple[HourMetric, ...] = (NULLS, UNSEEN)


class Asked(Protocol):
    """What hours are judged for: a deployment as a signal is asked about it."""

    signal: str

    @property
    def question(self) -> Question:
        """Place, window and time."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """In force."""


def of_inputs(here: Served, metrics: Sequence[HourMetric]) -> tuple[MetricResult, ...]:
    """Return the results of the hours of a question that tell something, of collected inputs.

    Of a feature those hours that are gross and the judged ones after them that end a breach; of each
    hour also the feature that lies furthest out, so that an hour that is well is known to be.

    Raises:
        SourceError: The model or what was collected cannot be reached.
        InputError: It cannot be read.
    """
    columns = here.deployed.columns(here.model)
    files = _files(here, INPUTS, columns)
    if not _asked(here, files):
        return ()
    store = HourStore(here.store / "hours")
    reference = _training(here) or open_table(files[min(files)])
    plan = store.plan(reference, tuple(n for n in reference.columns if n not in KEYS))
    return judged(here, store.inputs(files, plan), plan, metrics)


def of_outputs(here: Served) -> tuple[MetricResult, ...]:
    """Return the same of the predictions; raises as above, or if the model does not say its task."""
    files = _files(here, OUTPUTS)
    if not _asked(here, files):
        return ()
    columns = _columns(here)
    store = HourStore(here.store / "hours")
    plan = {PREDICTION: HourColumn("categorical"), PROBABILITY: OF_SCORES}
    if columns.task == "regression":
        plan = {PREDICTION: _of_numbers(here, columns, store, files[min(files)])}
    return judged(here, store.outputs(files, columns, plan), plan, DRIFT)


def _files(
    here: Served, collection: str, columns: Mapping[str, str] | None = None
) -> dict[date, Path]:
    """Return what was collected on the days of the question and those that tell what is ordinary."""
    collected, place = here.deployed.collected, (here.deployment.endpoint, here.deployment.name)
    days = collected.days(*place, collection, _read(here))
    found = {day: collected.day(*place, collection, day, columns).path for day in days}
    return {day: path for day, path in found.items() if path is not None}


def _read(here: Served) -> Window:
    window = here.question.window
    first = Window.day(window.start.date()).start
    return Window(first - BACK_DAYS * DAY, window.end)


def _asked(here: Served, files: Mapping[date, Path]) -> bool:
    """Whether anything was collected on a day that is asked about."""
    return any(day in files for day in here.question.window.days())


def _training(here: Served) -> Table | None:
    """Return the training data, whose spread fixes the cells."""
    asset = here.model.training_data
    if asset is None:
        return None
    data = here.deployed.inventory.data(asset.name, asset.version, asset.registry)
    return open_table(here.deployed.collected.training(data))


def _columns(here: Served) -> Columns:
    model = here.model
    found = columns_of(model, (), ())
    prediction = model.prediction_column or PREDICTION
    scores = dict.fromkeys(found.probabilities, model.probability_column or "")
    return Columns(found.task, prediction, probabilities=scores)


def _of_numbers(here: Served, columns: Columns, store: HourStore, first: Path) -> HourColumn:
    """Return how a regression's answers are counted: on the scale of what it was trained to answer."""
    training, target = _training(here), here.model.target_column
    if training and target in training.columns:
        return store.plan(training, (target,)).get(target, HourColumn("numerical"))
    found = store.plan(open_table(first), (columns.prediction,))
    return found.get(columns.prediction, HourColumn("numerical"))


def judged(
    here: Asked,
    counts: Mapping[date, HourCounts],
    plan: Mapping[str, HourColumn],
    metrics: Sequence[HourMetric],
) -> tuple[MetricResult, ...]:
    """Return the results of counted hours that tell something.

    Args:
        here: Who asks about which window, and what is in force.
        counts: By day, those before the window too.
        plan: How each feature was counted.
        metrics: What hours are held to.
    """
    days, told = Days(counts), []
    for metric in metrics:
        least = metric.least(list(plan), here.thresholds)
        course = _course(days, metric, least)
        if course is not None:
            told.append(_Told(here, metric, days, course, plan, least))
    return tuple(_results(here, days, told))


def _course(days: Days, metric: HourMetric, least: Mapping[str, float]) -> Course | None:
    match metric.name:
        case SHIFT.name:
            return days.shifts(least)
        case MIX.name:
            return days.mixes(least)
        case NULLS.name:
            return days.nulls(least)
    return days.unseen(least)


@dataclass(frozen=True, eq=False)
class _Told:
    """A metric over all hours, and which of its results are told."""

    here: Asked
    metric: HourMetric
    days: Days
    course: Course
    plan: Mapping[str, HourColumn]
    least: Mapping[str, float]

    def matters(self) -> Flags:
        """Return which hours are gross, or judged soon after one that is: (days, 24, features)."""
        gross, judged = self.course.gross, self.course.judged
        found = np.zeros(gross.shape, bool)
        for feature in np.flatnonzero(gross.any(axis=(0, 1))):
            hours = np.flatnonzero(judged[..., feature])
            recent = gross[..., feature].ravel()[hours].astype(int)
            seen = np.convolve(recent, np.ones(OF, int))[: len(recent)] > 0
            whole = found[..., feature].ravel()
            whole[hours[seen]] = True
            found[..., feature] = whole.reshape(gross.shape[:2])
        return found

    def excess(self, day: int, hour: int) -> tuple[float, int]:
        """Return how far the hour's worst feature lies out, in its limits; -1 where none is judged."""
        judged = self.course.judged[day, hour]
        if not judged.any():
            return -1.0, int(self.course.rows[day, hour].argmax())
        ratio = self.course.value[day, hour] / self.course.limit[day, hour]
        ratio = np.where(judged, ratio, -1.0)
        return float(ratio.max()), int(ratio.argmax())

    def result(self, day: int, hour: int, feature: int, window: Window) -> MetricResult:
        course, name = self.course, self.course.features[feature]
        value, limit = course.value[day, hour, feature], course.limit[day, hour, feature]
        furthest = course.furthest[day, hour, feature]
        rows = int(course.rows[day, hour, feature])
        is_known = bool(np.isfinite(value))
        neighbours = AND_NEIGHBOURS if self.metric is SHIFT else ""
        measured = draft(
            signal=self.here.signal,
            metric=self.metric.name,
            place=self.here.question.place.of(name),
            kind=self.plan[name].kind,
            threshold=float(limit) if np.isfinite(limit) else self.least[name],
            unit=self.metric.unit,
            window=window,
            value=float(value) if is_known else None,
            adjusted_pvalue=float(course.pvalue[day, hour, feature]) if is_known else None,
            rows=rows,
            reference_rows=int(course.reference_rows[day, hour, feature]),
            method=METHOD.format(neighbours, furthest) if np.isfinite(furthest) else "",
        )
        few = too_few(rows, LEAST_ROWS)
        if not few and not course.judged[day, hour, feature]:
            few = FEW_DAYS.format(int(course.known[day, feature]), LEAST_KNOWN)
        if few:
            return judge(measured, blind=("not_enough_data", few))
        return judge(measured)


def _results(here: Asked, days: Days, told: Sequence[_Told]) -> Iterator[MetricResult]:
    if not told:
        return
    matters = [each.matters() for each in told]
    for day, hour, window in _hours(here, days):
        if not days.rows[day, hour]:
            continue
        worst = [each.excess(day, hour) for each in told]
        leads = max(range(len(told)), key=lambda at: worst[at][0])
        for at, each in enumerate(told):
            own = set(np.flatnonzero(matters[at][day, hour]).tolist())
            if at == leads:
                own.add(worst[at][1])
            for feature in sorted(own):
                yield each.result(day, hour, feature, window)


def _hours(here: Asked, days: Days) -> Iterator[tuple[int, int, Window]]:
    """Yield the hours of the question that are over, each with its place among the days."""
    question = here.question
    first: datetime = Window.day(days.days[0]).start
    for window in question.window.split(question.step):
        at, hour = divmod((window.start - first) // HOUR, HOURS)
        if window.length == HOUR and window.end <= question.taken and 0 <= at < len(days.days):
            yield at, hour, window
