"""Data on the overview: do the inputs of a deployment look as they ordinarily do?

Two answers stand side by side. The verdict is taken against the baseline in force, which knows of
weekdays and of the season; how many features differ from the training data is said beside it,
because a model may be far from what it was made for on the most ordinary of days.
"""

from __future__ import annotations

from dataclasses import replace

from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.metrics.drift import HEADLINE
from monitoring.overview import health
from monitoring.overview.health import Health
from monitoring.signal import Question
from monitoring.signals.data_drift import evaluation
from monitoring.signals.data_drift.report import DriftReport, headline
from monitoring.verdict import JUDGED


def of_inputs(question: Question) -> Health:
    """Judge the inputs of a deployment over a window.

    Raises:
        SourceError: The data or the baseline in force cannot be reached.
        NotEnoughData: A baseline that a user put in force asks for days that are not there.
    """
    here = Served(question, "data_drift")
    if not here.days.tables:
        return Health("no_data", "Nothing was collected", hint="Enable the data collector.")
    report, trained = _report(question), here.trained
    cell = health.of_data(report)
    if trained is None or report.baseline.name == trained.name:
        return cell
    return replace(
        cell, detail=f"{cell.detail} · {_beside(_report(question, Options(baseline=trained)))}"
    )


def _report(question: Question, options: Options = AS_IN_FORCE) -> DriftReport:
    """Judge by the metric that decides on each feature, and no other."""
    return evaluation.of_deployment(question, options, metrics=set(HEADLINE.values()))


def _beside(report: DriftReport) -> str:
    judged = [r for r in headline(report.results).values() if r.status in JUDGED]
    differ = sum(result.status == "breached" for result in judged)
    name = report.baseline.name
    return f"{differ} of {len(judged)} differ from {name[:1].lower()}{name[1:]}"
