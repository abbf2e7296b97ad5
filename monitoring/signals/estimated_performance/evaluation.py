"""Estimated performance of a deployment: what every page, incident and command asks."""

from __future__ import annotations

import math
from collections.abc import Iterator

from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.errors import NotEnoughData
from monitoring.metric import MetricResult
from monitoring.metrics.performance import HEADLINE
from monitoring.signal import Findings, Question
from monitoring.signals.estimated_performance import estimate
from monitoring.signals.estimated_performance.report import SIGNAL, EstimateReport
from monitoring.signals.model_performance.report import Period
from monitoring.sources.deployed import PredictedDays
from monitoring.verdict import draft, judge
from monitoring.window import Window


def of_deployment(
    question: Question,
    options: Options = AS_IN_FORCE,
    *,
    period: Period = "day",
) -> EstimateReport:
    """Return how right a deployment probably is; arguments as for realized performance.

    Raises:
        SourceError: The model or its data cannot be reached.
        NotEnoughData: There is no labelled reference before the window, or no probabilities.
        InputError: The rows cannot be read.
    """
    here = Served(question, SIGNAL, options)
    return _estimated(here, here.rows(), period)


def evaluate(question: Question) -> Findings:
    """Return the estimate that stands for the task, and those that users set, by day.

    Of a young deployment it is known that they cannot be known: its days say why.
    """
    here = Served(question, SIGNAL)
    rows = here.rows()
    if not rows.tables:
        return Findings()
    try:
        report = _estimated(here, rows, whole=False)
    except NotEnoughData as error:
        return Findings(here.by_step(_unknown(here, rows, error)))
    names = here.asked(HEADLINE[report.task])
    return Findings(
        here.by_step(s.results[n] for n in names for s in report.steps if n in s.results)
    )


def _estimated(
    here: Served, rows: PredictedDays, period: Period = "day", *, whole: bool = True
) -> EstimateReport:
    question = here.question
    earlier = estimate.reference_window(here.deployed, here.deployment, question.window)
    return estimate.of_deployment(
        here.model,
        here.rows(earlier),
        rows,
        place=here.question.place,
        window=question.window,
        benchmarks=here.in_force.expected,
        thresholds=here.thresholds,
        period=period,
        taken=question.taken,
        whole=whole,
        progress=here.progress(0.4, 1.0),
    )


def _unknown(here: Served, rows: PredictedDays, error: NotEnoughData) -> Iterator[MetricResult]:
    for day in sorted(rows.tables):
        unknown = draft(
            signal=SIGNAL,
            metric=HEADLINE[rows.columns.task],
            place=here.question.place,
            threshold=math.nan,
            window=Window.day(day),
            hint=error.hint,
        )
        yield judge(unknown, blind=("not_enough_data", error.message))
