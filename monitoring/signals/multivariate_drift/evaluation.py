"""Multivariate drift of a deployment: what every page, incident and command asks."""

from __future__ import annotations

from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.signal import Findings, Question
from monitoring.signals.multivariate_drift import report as multivariate_drift
from monitoring.signals.multivariate_drift.report import SIGNAL, MultivariateReport


def of_deployment(question: Question, options: Options = AS_IN_FORCE) -> MultivariateReport:
    """Return whether inputs differ from the baseline in all features together.

    Raises:
        SourceError: The model, its data or its baseline cannot be reached.
        InputError: They cannot be read.
        NotEnoughData: There is nothing to compare.
    """
    here = Served(question, SIGNAL, options)
    return multivariate_drift.run(
        here.baseline,
        here.days.tables,
        question.window,
        thresholds=here.thresholds,
        notes=here.days.notes,
        taken=question.taken,
        place=question.place,
        progress=here.progress(0.5, 1.0),
    )


def evaluate(question: Question) -> Findings:
    """Return the results of each day; where days are too small for one, there is none."""
    here = Served(question, SIGNAL)
    if not here.days.tables:
        return Findings()
    history = of_deployment(question).history
    return Findings(here.by_step(result for course in history.values() for result in course))
