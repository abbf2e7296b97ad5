"""Model performance, estimated: how right is the model where no label has come yet?

What is estimated is learned on a labelled reference: by default the first labelled days of the
deployment that lie before the window. Training data will not do: it has features and target but not
what the deployed model answered, and a model's answers to what it was trained on are too good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.tables import Table, by_day
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import InputError, NotEnoughData
from monitoring.methods.estimation.assumptions import LEAST_REFERENCE_DAYS
from monitoring.place import Place
from monitoring.progress import Progress
from monitoring.signals.estimated_performance.reference import Reference
from monitoring.signals.estimated_performance.report import (
    SIGNAL,
    EstimatedStep,
    EstimateReport,
    run,
)
from monitoring.signals.model_performance.realized import in_force
from monitoring.signals.model_performance.report import Period
from monitoring.sources.deployed import OUTPUTS, Deployed, PredictedDays
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion

__all__ = [
    "SIGNAL",
    "EstimateReport",
    "EstimatedStep",
    "Reference",
    "estimate_files",
    "of_deployment",
    "reference_window",
    "run",
]

#: Days of the default reference; at least `assumptions.LEAST_REFERENCE_DAYS`, or it is refused.
REFERENCE_DAYS = 30
#: How far back the first days of a deployment are looked for.
FARTHEST = timedelta(days=730)


def reference_window(deployed: Deployed, deployment: Deployment, window: Window) -> Window:
    """Return the first days of a deployment, all of them before a window.

    Raises:
        NotEnoughData: It has fewer than two weeks before the window.
        SourceError: The container cannot be read.
    """
    start = Window.day(window.start.date()).start
    days = deployed.collected.days(
        deployment.endpoint, deployment.name, OUTPUTS, Window(start - FARTHEST, start)
    )
    if len(days) < LEAST_REFERENCE_DAYS:
        raise NotEnoughData(
            f"Cannot estimate performance: {deployment.endpoint}/{deployment.name} has"
            f" {len(days)} days before {start:%d %b %Y} to learn from, {LEAST_REFERENCE_DAYS} needed",
            hint="Choose a later window.",
        )
    first = days[:REFERENCE_DAYS]
    return Window(Window.day(first[0]).start, Window.day(first[-1]).end)


def of_deployment(
    model: ModelVersion,
    reference: PredictedDays,
    found: PredictedDays,
    *,
    place: Place,
    window: Window,
    baselines: Mapping[str, float] | None = None,
    benchmarks: Mapping[str, float] | None = None,
    thresholds: Mapping[str, float] | None = None,
    period: Period = "day",
    taken: datetime | None = None,
    whole: bool = True,
    progress: Progress | None = None,
) -> EstimateReport:
    """Estimate the performance of a deployment over the days that were collected.

    Args:
        model: What it serves; its tags give the baselines by default, as for realized performance.
        reference: Its predictions with labels in `reference_window`.
        found: Its predictions in the window, with the labels that have come.

    Raises:
        NotEnoughData: No labels in the reference, no predictions, or no probabilities.
        InputError: The rows cannot be read.
    """
    baselines, baseline_name = in_force(model, reference.columns.task, baselines, benchmarks)
    days = len(reference.tables)
    return run(
        reference.tables,
        found.tables,
        found.columns if found.tables else reference.columns,
        place=place,
        window=window,
        name=f"the first {days} days of this deployment",
        period=period,
        baselines=baselines,
        baseline_name=baseline_name,
        thresholds=thresholds,
        taken=taken,
        whole=whole,
        progress=progress,
    )


def estimate_files(
    reference: Table,
    data: Table,
    columns: Columns,
    *,
    store: Path,
    period: Period = "day",
    baselines: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> EstimateReport:
    """Estimate performance on a file, learned on another that has labels.

    With `columns.time` both are cut by UTC day; else the data are one step and the report has no
    window. The data need not have the label.

    Args:
        reference: With the label.
        data: Predictions.
        baselines: What each metric should be; by default what was realized on the reference.

    Raises:
        InputError: A column is missing or cannot be read.
        NotEnoughData: No labels in the reference, no probabilities, one class only, or amounts that
            are texts.
    """
    _check(reference, columns, needs_label=True)
    _check(data, columns, needs_label=False)
    has_time = columns.time is not None and columns.time in data.columns
    days = by_day(data, columns.time, store) if has_time and columns.time else _one_day(data)
    learned: Mapping[date, Table] | Sequence[Table] = [reference]
    if columns.time is not None and columns.time in reference.columns:
        learned = by_day(reference, columns.time, store)
    report = run(
        learned,
        days,
        columns,
        place=Place(feature=data.name),
        name=reference.name,
        period=period,
        baselines=baselines,
        notes=(*reference.notes, *data.notes),
        progress=progress,
    )
    return report if has_time else _timeless(report)


def _one_day(table: Table) -> dict[date, Table]:
    return {date(1970, 1, 1): table}


def _timeless(report: EstimateReport) -> EstimateReport:
    results = {name: replace(result, window=None) for name, result in report.results.items()}
    return replace(report, window=None, results=results, steps=())


def _check(table: Table, columns: Columns, *, needs_label: bool) -> None:
    wanted = [columns.prediction, *columns.probabilities.values()]
    wanted += [columns.label] if needs_label and columns.label else []
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise InputError(
            f"Cannot estimate performance: {table.name!r} has no column {', '.join(missing)}",
            hint=f"It has {', '.join(list(table.columns)[:20])}.",
        )
    if columns.task == "regression":
        texts = [name for name in wanted if kind_of(table.columns[name]) != "number"]
        if texts:
            raise NotEnoughData(
                f"{', '.join(map(repr, texts))} of {table.name!r} is read as text, since some of its"
                " values are no numbers",
                hint="Remove what is no number, inf too, or save it as Parquet.",
            )
