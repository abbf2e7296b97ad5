"""Realized performance of a deployment: what every page, incident and command asks."""

from __future__ import annotations

from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.signal import Findings, Question
from monitoring.signals.model_performance import realized
from monitoring.signals.model_performance.report import PerformanceReport, Period


def of_deployment(
    question: Question,
    options: Options = AS_IN_FORCE,
    *,
    period: Period = "day",
) -> PerformanceReport:
    """Return how right a deployment is, by the labels that have arrived.

    Raises:
        SourceError: The model or its data cannot be reached.
        InputError: They cannot be read.
    """
    here = Served(question, "model_performance", options)
    return realized.of_deployment(
        here.model,
        here.rows(),
        place=here.question.place,
        window=question.window,
        store=here.store,
        benchmarks=here.in_force.expected,
        thresholds=here.thresholds,
        period=period,
        taken=question.taken,
        progress=here.progress(0.4, 1.0),
    )


def evaluate(question: Question) -> Findings:
    """Return the metric that stands for the task, and those that users hold it to, by day."""
    report = of_deployment(question)
    if not report.steps:
        return Findings()
    here = Served(question, "model_performance")
    names = here.asked(report.headline.metric)
    return Findings(
        here.by_step(s.results[n] for n in names for s in report.steps if n in s.results)
    )
