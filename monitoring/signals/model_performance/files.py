"""Model performance of files: realized where there are labels, estimated where there is a reference."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.columns import is_integer, kind_of
from monitoring.counting.engine.tables import Table, open_parquet, open_table
from monitoring.counting.engine.values import floats
from monitoring.counting.totals.outcomes import Columns, Outcomes, Task
from monitoring.errors import InputError, NotEnoughData
from monitoring.methods.estimation.assumptions import Check
from monitoring.metric import MetricResult
from monitoring.metrics.performance import METRICS
from monitoring.place import Place
from monitoring.progress import Progress, part
from monitoring.signals.model_performance import report as model_performance
from monitoring.signals.model_performance.report import LEAST_LABELS, PerformanceReport, Period
from monitoring.statistics.performance import Performance
from monitoring.verdict import draft, judge, unjudged

#: Whole numbers with more distinct values than this are taken for amounts, not for classes.
MOST_CLASSES = 20
#: More groups than this are an identifier, not a group.
MOST_GROUPS = 100
#: More probabilities than this share outside of 0 to 1 are no slips: percent of a rare class are
#: mostly below 1.
MOST_OUTSIDE = 0.05
UNDATED = "rows without a time"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user said of the columns.

    probabilities: each `column`, `class=column`, or a prefix that ends in `*`. task: None to find out.
    """

    target: str
    prediction: str
    probabilities: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    task: Task | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class FilesPerformance:
    """What two files say.

    realized: None without labels. groups: realized by value of the group column. estimated: results of
    the estimate, `estimated_steps` of its periods, `checks` its assumptions; none without a reference,
    and `refused` says why where there should be some. notes: what a reader should know.
    """

    realized: PerformanceReport | None
    groups: Mapping[str, PerformanceReport] = field(default_factory=dict)
    estimated: tuple[MetricResult, ...] = ()
    estimated_steps: tuple[MetricResult, ...] = ()
    checks: tuple[MetricResult, ...] = ()
    refused: str = ""
    notes: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, MetricResult]]:
        """Return all numbers with what each is of: `all`, the first day of a period, or a group."""
        found: list[tuple[str, MetricResult]] = []
        if self.realized is not None:
            found += [("all", result) for result in self.realized.results.values()]
            for step in self.realized.steps:
                found += [(f"{step.window.start:%Y-%m-%d}", r) for r in step.results.values()]
        for name, report in self.groups.items():
            found += [(f"{name}", result) for result in report.results.values()]
        found += [("all", result) for result in self.estimated]
        for result in self.estimated_steps:
            found.append((f"{result.window.start:%Y-%m-%d}" if result.window else "all", result))
        return found

    def results(self) -> list[MetricResult]:
        """Return all: the whole, its periods, its groups, the estimate and its assumptions."""
        return [*(result for _, result in self.rows()), *self.checks]


def measure_files(
    data: Path | str,
    asked: Asked,
    *,
    reference: Path | str | None = None,
    period: Period = "day",
    thresholds: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> FilesPerformance:
    """Measure a file of predictions.

    With a reference that has labels, what was realized on it is the baseline, of each group that of
    the same group, and performance is estimated for the data.

    Args:
        data: Predictions, with labels or without.
        reference: Predictions with labels from a time when the model was fine.
        period: How long a step is, if there is a time column.

    Raises:
        InputError: A file cannot be read, lacks a column, or holds neither labels nor a reference.
    """
    with tempfile.TemporaryDirectory(prefix="leeway-") as folder:
        store = Path(folder)
        table = open_table(data, role="data", store=store, progress=progress)
        past = None
        if reference is not None:
            past = open_table(reference, role="reference", store=store, progress=progress)
        columns = columns_in(table, past, asked)
        _check_scores([each for each in (table, past) if each is not None], columns, asked)
        run = _Run(table, past, columns, asked.group, period, dict(thresholds or {}))
        return run.measured(store, progress)


def columns_in(table: Table, reference: Table | None, asked: Asked) -> Columns:
    """Return which columns hold what, and the task: from the values, if it is not said.

    Raises:
        InputError: There is no such column, or there are neither labels nor a reference.
    """
    _expect_columns(table, reference, asked)
    probabilities = _probabilities(table, asked.probabilities)
    source = table if asked.target in table.columns else reference or table
    task = asked.task or _task(source, asked, probabilities)
    if task == "regression":
        probabilities = {}
    taken = {asked.target, asked.prediction, asked.time, *probabilities.values()}
    shared = [n for n in table.columns if reference is None or n in reference.columns]
    return Columns(
        task=task,
        prediction=asked.prediction,
        label=asked.target,
        probabilities=probabilities,
        features=tuple(name for name in shared if name not in taken),
        time=asked.time,
    )


def _check_scores(tables: Sequence[Table], columns: Columns, asked: Asked) -> None:
    """Refuse probabilities that are none, and a prediction that is one.

    Raises:
        InputError: Most probabilities lie outside of 0 to 1, or the prediction is no class but a score.
    """
    for table in tables:
        for name in columns.probabilities.values():
            if name in table.columns:
                _check_probability(table, name)
        if _holds_scores(table, columns, asked):
            raise InputError(
                f"Cannot measure performance of {table.name!r}: {columns.prediction!r} holds scores, not"
                f" classes, while {columns.label!r} holds classes",
                hint="Name the column of the predicted class as the prediction, and the scores as the "
                "probability; make a class of a score first, such as score >= 0.5. If both are"
                " amounts, say so: --task regression.",
            )


def _check_probability(table: Table, name: str) -> None:
    if kind_of(table.columns[name]) != "number":
        return  # counted, and left out by name
    outside = rows = 0
    for values in _numbers(table, name):
        outside += int(((values < 0) | (values > 1)).sum())
        rows += len(values)
    if outside > MOST_OUTSIDE * rows:
        raise InputError(
            f"Cannot measure performance of {table.name!r}: {outside:,} of {rows:,} values of {name!r}"
            " lie outside of 0 to 1",
            hint="A probability lies between 0 and 1: divide percent by 100, and make probabilities of"
            " other scores.",
        )


def _holds_scores(table: Table, columns: Columns, asked: Asked) -> bool:
    """Whether predictions are many shares between 0 and 1 beside labels of two whole numbers or texts."""
    label = columns.label or ""
    if asked.task == "regression" or not {columns.prediction, label} <= table.columns.keys():
        return False
    if kind_of(table.columns[columns.prediction]) != "number":
        return False
    distinct: set[float] = set()
    for values in _numbers(table, columns.prediction):
        if ((values < 0) | (values > 1)).any():
            return False
        distinct.update(np.unique(values).tolist())
    if len(distinct - {0.0, 1.0}) <= MOST_CLASSES:
        return False
    if kind_of(table.columns[label]) != "number":
        return True
    labels: set[float] = set()
    for values in _numbers(table, label):
        labels.update(np.unique(values).tolist())
    return len(labels) <= 2 and all(value.is_integer() for value in labels)  # noqa: PLR2004 - two classes


def _numbers(table: Table, name: str) -> Iterator[Floats]:
    """Yield the values of a column of numbers without nulls and NaN, a part at a time."""
    for path in table.paths:
        for batch in open_parquet(path).iter_batches(columns=[name]):
            values = floats(batch.column(0))
            yield values[~np.isnan(values)]


def _expect_columns(table: Table, reference: Table | None, asked: Asked) -> None:
    for name in (asked.prediction, asked.group, asked.time):
        if name and name not in table.columns:
            raise _missing(table, name)
    if reference is not None and asked.target not in reference.columns:
        raise _missing(reference, asked.target)
    if reference is None and asked.target not in table.columns:
        raise InputError(
            f"Cannot measure performance of {table.name!r}: it has no column {asked.target!r}",
            hint="Name the column with the labels, or give a reference that has them.",
        )


def _missing(table: Table, name: str) -> InputError:
    return InputError(
        f"Cannot measure performance of {table.name!r}: it has no column {name!r}",
        hint=f"It has {', '.join(list(table.columns)[:20])}.",
    )


def _probabilities(table: Table, texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in (piece.strip() for each in texts for piece in each.split(",")):
        if text:
            found |= _columns_named(table, text)
    return found


def _columns_named(table: Table, text: str) -> dict[str, str]:
    """Return columns by class: one for all, those with a prefix, or the one after `class=`."""
    label, _, column = text.partition("=")
    if text in table.columns:
        return {"": text}
    if text.endswith("*"):
        prefix = text[:-1]
        named = {n.removeprefix(prefix): n for n in table.columns if n.startswith(prefix)}
    else:
        named = {label.strip(): column} if column in table.columns else {}
        text = column or text
    if not named:
        raise _missing(table, text)
    return named


def _task(table: Table, asked: Asked, probabilities: Mapping[str, str]) -> Task:
    """A probability tells a classifier; without one, amounts with fractions or of many values do not."""
    if probabilities:
        return _classification(max(len(probabilities), 2))
    values: set[object] = set()
    for name in (asked.prediction, asked.target):
        if kind_of(table.columns[name]) == "number":
            distinct = _distinct_of_classes(table, name)
            if distinct is None:
                return "regression"
            values |= distinct
    return _classification(len(values))


def _classification(classes: int) -> Task:
    return "binary_classification" if classes == 2 else "multiclass_classification"  # noqa: PLR2004 - two classes


def _distinct_of_classes(table: Table, name: str) -> set[object] | None:
    """Return the distinct numbers of a column; None if they are amounts, no classes."""
    values: set[object] = set()
    for path in table.paths:
        distinct = open_parquet(path).read(columns=[name])[name].unique().drop_null().to_pylist()
        is_whole = is_integer(table.columns[name]) or all(float(n).is_integer() for n in distinct)
        if len(distinct) > MOST_CLASSES or not is_whole:
            return None
        values.update(distinct)
    return values


@dataclass(frozen=True, slots=True)
class _Run:
    """One measurement."""

    table: Table
    past: Table | None
    columns: Columns
    group: str | None
    period: Period
    thresholds: dict[str, float]

    def measured(self, store: Path, progress: Progress | None) -> FilesPerformance:
        """Return everything that can be measured."""
        say = part(progress, 0.0)
        has_labels = self.columns.label in self.table.columns
        tables = [each for each in (self.table, self.past) if each is not None]
        classes: tuple[str, ...] = ()
        if self.columns.task != "regression":
            classes = self._classes(tables)
        past = self._past(classes)
        realized, groups = None, {}
        if has_labels:
            say(0.3, "Counting predictions and labels")
            realized = self._realized(classes, past)
            groups = self._groups(classes) if self.group else {}
        found = FilesPerformance(
            realized=realized,
            groups=groups,
            notes=tuple(note for each in tables for note in each.notes),
        )
        return (
            found if self.past is None else self._with_estimate(found, self.past, store, progress)
        )

    def _classes(self, tables: Sequence[Table]) -> tuple[str, ...]:
        labelled = [table for table in tables if self.columns.label in table.columns]
        return counting.classes_of(labelled, replace(self.columns, time=None))

    def _past(self, classes: tuple[str, ...]) -> dict[str, Performance]:
        if self.past is None:
            return {}
        return measured_on(self._count(self.past, classes), self.columns.task)

    def _count(self, table: Table, classes: tuple[str, ...]) -> Outcomes:
        return counting.count(table, replace(self.columns, time=None), classes)

    def _realized(
        self, classes: tuple[str, ...], past: Mapping[str, Performance]
    ) -> PerformanceReport:
        name = f"realized on {self.past.name}" if self.past else ""
        task, place = self.columns.task, Place(feature=self.table.name)
        if self.columns.time is None:
            whole = self._count(self.table, classes)
            return model_performance.of_table(
                whole,
                task=task,
                place=place,
                baselines=values_of(past),
                measured=past,
                baseline_name=name,
                thresholds=self.thresholds,
            )
        days, undated = counting.count_days(self.table, self.columns, classes)
        return model_performance.report(
            days,
            task=task,
            place=place,
            period=self.period,
            baselines=values_of(past),
            measured=past,
            baseline_name=name,
            thresholds=self.thresholds,
            faults={UNDATED: undated} if undated else {},
        )

    def _groups(self, classes: tuple[str, ...]) -> dict[str, PerformanceReport]:
        group = self.group or ""
        columns = replace(self.columns, time=None)
        found, _ = counting.count_by(self.table, columns, classes, group)
        if len(found) > MOST_GROUPS:
            raise InputError(
                f"Cannot measure by {group!r}: it has {len(found):,} values",
                hint=f"Choose a column with {MOST_GROUPS} values or fewer.",
            )
        past: Mapping[str, Outcomes] = {}
        if self.past is not None and group in self.past.columns:
            past, _ = counting.count_by(self.past, columns, classes, group)
        known = {value: measured_on(outcomes, columns.task) for value, outcomes in past.items()}
        return {
            f"{group} = {value}": model_performance.of_table(
                outcomes,
                task=columns.task,
                place=Place(feature=f"{group} = {value}"),
                baselines=values_of(known.get(value, {})),
                measured=known.get(value, {}),
                thresholds=self.thresholds,
            )
            for value, outcomes in sorted(found.items(), key=lambda item: str(item[0]))
        }

    def _with_estimate(
        self, found: FilesPerformance, past: Table, store: Path, progress: Progress | None
    ) -> FilesPerformance:
        from monitoring.signals.estimated_performance import estimate as estimated_performance  # noqa: PLC0415 - costs a second

        try:
            report = estimated_performance.estimate_files(
                past, self.table, self.columns, store=store, period=self.period, progress=progress
            )
        except NotEnoughData as error:
            return replace(found, refused=str(error))
        checks = tuple(_of_check(check, report.place) for check in report.checks)
        return replace(
            found,
            estimated=tuple(report.results.values()),
            estimated_steps=tuple(r for step in report.steps for r in step.results.values()),
            checks=checks,
        )


def _of_check(check: Check, place: Place) -> MetricResult:
    """Return an assumption of the estimate as a result: it fits, or it withholds the numbers."""
    result = draft(
        signal="estimated_performance",
        metric=f"assumption:{check.name}",
        place=place,
        threshold=float("nan") if check.threshold is None else check.threshold,
        value=check.value,
    )
    if check.verdict == "passed":
        return unjudged(result, check.sentence)
    return judge(result, blind=("not_enough_data", check.sentence))


def values_of(measured: Mapping[str, Performance]) -> dict[str, float]:
    """Return the values alone."""
    return {name: found.value for name, found in measured.items()}


def measured_on(outcomes: Outcomes, task: Task) -> dict[str, Performance]:
    """Return each metric of a task that is defined, from enough labels."""
    if outcomes.labelled < LEAST_LABELS:
        return {}
    found = {}
    for name, metric in METRICS.items():
        if task in metric.tasks:
            try:
                found[name] = metric.measure(outcomes)
            except NotEnoughData:
                continue
    return found
