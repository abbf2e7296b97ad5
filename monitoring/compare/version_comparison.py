"""Two deployments side by side: which is better on the days that both have, and is that certain?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.compare.shared_requests import Shared, shared_requests
from monitoring.counting.engine import classes as classes_
from monitoring.counting.engine import counting, rows
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.counted import Counted
from monitoring.counting.engine.losses import losses
from monitoring.counting.engine.tables import Table
from monitoring.counting.rows import Rows
from monitoring.counting.totals.outcomes import Outcomes, coverage, total
from monitoring.errors import MonitoringError, NotEnoughData, SchemaMismatch
from monitoring.methods.root_cause.levels import Levels, encode, levels_of
from monitoring.methods.root_cause.loss import MEAN_OF
from monitoring.metric import MetricResult
from monitoring.metrics.performance import METRICS
from monitoring.metrics.performance_metric import PerformanceMetric
from monitoring.place import Place
from monitoring.progress import Progress, part
from monitoring.signals.model_performance.performance_verdict import LEAST_LABELS, metrics_of
from monitoring.sources.deployed import PredictedDays
from monitoring.statistics import difference
from monitoring.statistics.difference import Difference
from monitoring.statistics.performance import Performance
from monitoring.verdict import draft, judge, too_few
from monitoring.window import Window

SIGNAL = "version_comparison"
DIFFERENT = (
    "square-and-add of both intervals (Newcombe 1998, Zou and Donner 2008), different requests"
)
SAME = "mean of the differences of pairs (Agresti and Min 2005), the same requests"
ADJUSTED = "difference among like rows: linear in buckets of every input and day (Lin 2013, HC3)"
#: Rows of a side that are adjusted; of more, so many are taken, evenly spread.
MOST_ROWS = 20_000
#: Metrics that grow as the loss that they are the mean of falls.
FALLING = frozenset({"accuracy"})


@dataclass(frozen=True, eq=False)
class Compared:
    """One measure of both sides.

    result: second less first, judged: `ok` means that the second is better, `breached` that it is
    worse, anything else that it cannot be told.
    """

    name: str
    label: str
    unit: str
    first: Performance | None
    second: Performance | None
    result: MetricResult
    found: Difference | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class VersionComparison:
    """What the labels of two deployments say on the days that both have labels of.

    days: those days. left_out: days on which one side only has labels. counted: outcomes of each side
    by day, of all days. metrics: every one of the task. adjusted: of the metric asked for, among like
    rows; None with `not_adjusted` for a reason. paired: on requests that both answered.
    """

    names: tuple[str, str]
    window: Window
    metric: str
    days: tuple[date, ...]
    left_out: tuple[int, int]
    counted: tuple[Mapping[date, Outcomes], Mapping[date, Outcomes]] = field(repr=False)
    metrics: Mapping[str, Compared]
    adjusted: Compared | None
    not_adjusted: str
    paired: Compared | None
    shared: Shared
    taken: datetime | None = None

    @property
    def asked(self) -> Compared:
        """The metric asked for."""
        return self.metrics[self.metric]

    @property
    def deciding(self) -> Compared:
        """What the verdict rests on: the same requests if enough of them have labels."""
        return self.paired or self.asked

    @property
    def labelled(self) -> tuple[int, int]:
        """Labels of each side on the common days."""
        one, two = (sum(kept[day].labelled for day in self.days) for kept in self.counted)
        return one, two

    @property
    def coverages(self) -> tuple[float | None, float | None]:
        """Share of predictions of the common days whose label has arrived."""
        if not self.days:
            return None, None
        one, two = (coverage(total(kept[day] for day in self.days)) for kept in self.counted)
        return one, two


def common_days(
    first: Mapping[date, Outcomes], second: Mapping[date, Outcomes]
) -> tuple[tuple[date, ...], tuple[int, int]]:
    """Return the days on which both have labels, and how many days only the one or the other has."""
    one, two = ({d for d, each in kept.items() if each.labelled} for kept in (first, second))
    return tuple(sorted(one & two)), (len(one - two), len(two - one))


def run(
    names: tuple[str, str],
    found: tuple[PredictedDays, PredictedDays],
    metric: str,
    window: Window,
    *,
    store: Path | None = None,
    taken: datetime | None = None,
    progress: Progress | None = None,
) -> VersionComparison:
    """Compare two deployments on the days on which both have labels.

    Args:
        found: Their predictions with labels, by day.

    Raises:
        SchemaMismatch: They do not do the same task.
        InputError: Their rows cannot be read.
    """
    say = part(progress, 0.0)
    tasks = tuple(each.columns.task for each in found)
    if tasks[0] != tasks[1]:
        raise SchemaMismatch(
            f"Cannot compare {names[0]!r} and {names[1]!r}: one does {tasks[0]}, the other {tasks[1]}",
            hint="Choose two deployments of models with the same task.",
        )
    counting_ = Counted(store)
    say(0.0, "Counting outcomes")
    one = counting_.days(found[0].tables, found[0].columns)
    two = counting_.days(found[1].tables, found[1].columns)
    days, left_out = common_days(one, two)
    sums = tuple(total(kept[day] for day in days) if days else None for kept in (one, two))
    judged = {
        each.name: _compared(each, names, sums[0], sums[1], window)
        for each in metrics_of(found[0].columns.task)
    }
    say(0.4, "Comparing like with like")
    adjusted, why = _adjusted(judged[metric], found, days)
    say(0.8, "Looking for requests that both answered")
    shared = shared_requests(found[0], found[1], MEAN_OF.get(metric))
    return VersionComparison(
        names=names,
        window=window,
        metric=metric,
        days=days,
        left_out=left_out,
        counted=(one, two),
        metrics=judged,
        adjusted=adjusted,
        not_adjusted=why,
        paired=_paired(judged[metric], shared),
        shared=shared,
        taken=taken,
    )


def _compared(
    metric: PerformanceMetric,
    names: tuple[str, str],
    first: Outcomes | None,
    second: Outcomes | None,
    window: Window,
) -> Compared:
    measured = draft(
        signal=SIGNAL,
        metric=metric.name,
        place=Place(feature=f"{names[1]} less {names[0]}"),
        threshold=0.0,
        worse=metric.worse or "higher",
        unit=metric.unit,
        method=DIFFERENT,
        window=window,
        reason="there is no day on which both have labels",
        hint="Choose a longer window, or wait for labels.",
    )
    if first is None or second is None:
        return Compared(metric.name, metric.label, metric.unit, None, None, measured)
    try:
        one, two = metric.measure(first), metric.measure(second)
    except NotEnoughData as error:
        undefined = replace(measured, hint=error.hint)
        blind = judge(undefined, blind=("not_enough_data", error.message))
        return Compared(metric.name, metric.label, metric.unit, None, None, blind)
    found = difference.between(one, two)
    labels = first.labelled, second.labelled
    return Compared(
        metric.name,
        metric.label,
        metric.unit,
        one,
        two,
        judged(measured, found, metric, labels),
        found,
    )


def judged(
    measured: MetricResult, found: Difference, metric: PerformanceMetric, labels: tuple[int, int]
) -> MetricResult:
    """Return a result with a verdict: none while the interval holds 0, or labels are few."""
    few = too_few(min(labels), LEAST_LABELS, "labels of one side")
    withheld = ""
    if metric.worse is None:
        withheld = "both directions are bad, so that a difference alone has no verdict"
    elif not found.is_certain:
        withheld = "the interval of the difference holds 0"
    compared = replace(
        measured,
        reason="",
        hint="Choose a longer window, or wait for labels." if few else "",
        value=found.value,
        interval=found.interval,
        reference_rows=found.rows[0],
        rows=found.rows[1],
    )
    return judge(compared, by="interval", withheld="" if few else withheld, few=few)


def _with(compared: Compared, found: Difference, method: str) -> Compared:
    """Return the same measure with another difference of its loss."""
    if compared.name in FALLING:
        low, high = -found.interval.high, -found.interval.low
        found = Difference(-found.value, replace(found.interval, low=low, high=high), found.rows)
    measured = replace(compared.result, method=method)
    result = judged(measured, found, METRICS[compared.name], found.rows)
    return replace(compared, result=result, found=found)


def _paired(compared: Compared, shared: Shared) -> Compared | None:
    """Return the difference on requests that both answered; None if too few have a label."""
    one, two = shared.losses
    if len(one) < LEAST_LABELS or compared.found is None:
        return None
    return _with(compared, difference.on_the_same_rows(one, two), SAME)


def _adjusted(
    compared: Compared, found: tuple[PredictedDays, PredictedDays], days: Sequence[date]
) -> tuple[Compared | None, str]:
    """Return the difference among like rows, or why there is none."""
    if compared.found is None:
        return None, compared.result.reason
    name = MEAN_OF.get(compared.name)
    if name is None:
        return None, f"{compared.label} is no mean over rows"
    try:
        first, second, sizes = _encoded(found, days, compared.name)
        enough = min(len(first[1]), len(second[1]))
        if enough < LEAST_LABELS:
            return None, f"{enough} labelled rows, {LEAST_LABELS} needed on each side"
        return _with(compared, difference.adjusted(first, second, sizes), ADJUSTED), ""
    except MonitoringError as error:
        return None, error.message


_Side = tuple[Index, Floats]


def _encoded(
    found: tuple[PredictedDays, PredictedDays], days: Sequence[date], metric: str
) -> tuple[_Side, _Side, list[int]]:
    """Return level of each input and day, and the loss, of the labelled rows of both sides."""
    tables = tuple([kept.tables[day] for day in days] for kept in found)
    columns = found[0].columns
    inputs = [n for n in columns.features if _is_input(n, tables[0][-1], tables[1][-1])]
    plan = counting.features(tables[0][-1], inputs)
    every = [*tables[0], *tables[1]]
    known = () if columns.task == "regression" else classes_.classes_of(every, columns)
    read = [rows.read_rows(each, plan) for each in tables]
    levels = levels_of(read[0], read[1])
    sides = []
    for kept, each, inside in zip(found, tables, read, strict=True):
        by_day = [losses([table], kept.columns, MEAN_OF[metric], known) for table in each]
        sides.append(_side(inside, by_day, levels))
    return sides[0], sides[1], [*(each.size for each in levels), len(days)]


def _side(read: Rows, by_day: Sequence[Floats], levels: Sequence[Levels]) -> _Side:
    loss = np.concatenate(by_day)
    at_day = np.repeat(np.arange(len(by_day)), [len(each) for each in by_day])
    encoded = encode(read, loss, levels)
    codes = np.column_stack([encoded.codes, at_day[~np.isnan(loss)]])
    return _spread(codes, encoded.loss)


def _is_input(name: str, first: Table, second: Table) -> bool:
    kinds = kind_of(first.columns.get(name, "")), kind_of(second.columns.get(name, ""))
    return kinds[0] == kinds[1] and kinds[0] not in {None, "time"}


def _spread(codes: Index, loss: Floats) -> _Side:
    if len(loss) <= MOST_ROWS:
        return codes, loss
    at = np.arange(MOST_ROWS) * len(loss) // MOST_ROWS
    return codes[at], loss[at]
