"""Realized performance of a deployment: its rows counted once a day, then judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from monitoring.counting.engine.counted import Counted
from monitoring.counting.totals.outcomes import Task
from monitoring.place import Place
from monitoring.progress import Progress
from monitoring.signals.model_performance import report as model_performance
from monitoring.signals.model_performance.report import PerformanceReport, Period
from monitoring.sources.deployed import PredictedDays
from monitoring.window import Window
from monitoring.workspace.models import ModelVersion


def in_force(
    model: ModelVersion,
    task: Task,
    baselines: Mapping[str, float] | None = None,
    benchmarks: Mapping[str, float] | None = None,
) -> tuple[Mapping[str, float], str]:
    """Return what each metric of a model should be, and where that comes from.

    Args:
        model: Its tags give the baselines by default.
        task: What it does.
        baselines: Instead of the tags.
        benchmarks: By metric, what users have set instead of either.
    """
    name = ""
    if baselines is None:
        baselines = model_performance.baselines_of(model.metrics, task)
        name = f"tags of {model.id}"
    if benchmarks:
        baselines = {**baselines, **benchmarks}
        name += f"; {', '.join(sorted(benchmarks))} as set on the page"
    return baselines, name


def of_deployment(
    model: ModelVersion,
    found: PredictedDays,
    *,
    place: Place,
    window: Window,
    store: Path,
    baselines: Mapping[str, float] | None = None,
    benchmarks: Mapping[str, float] | None = None,
    thresholds: Mapping[str, float] | None = None,
    period: Period = "day",
    taken: datetime | None = None,
    progress: Progress | None = None,
) -> PerformanceReport:
    """Return realized performance over the days that were collected.

    Args:
        model: What the deployment serves; its tags give the baselines by default.
        found: Its predictions with labels, by day.
        benchmarks: By metric, what users have set instead.

    Raises:
        InputError: The rows cannot be read.
    """
    columns = found.columns
    baselines, baseline_name = in_force(model, columns.task, baselines, benchmarks)
    return model_performance.report(
        Counted(store).days(found.tables, columns, progress),
        task=columns.task,
        place=place,
        window=window,
        period=period,
        baselines=baselines,
        baseline_name=baseline_name,
        thresholds=thresholds,
        faults=found.faults,
        taken=taken,
    )
