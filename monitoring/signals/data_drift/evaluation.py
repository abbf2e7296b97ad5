"""Data drift of a deployment: what every page, incident and command asks."""

from __future__ import annotations

from collections.abc import Callable, Collection

from monitoring.baselines import gross_hours
from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.metric import Mode
from monitoring.metrics.drift import HEADLINE
from monitoring.signal import Findings, Question
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.day_store import DayStore
from monitoring.signals.data_drift.report import DriftReport
from monitoring.window import DAY


def of_deployment(
    question: Question,
    options: Options = AS_IN_FORCE,
    *,
    mode: Mode = "robust",
    metrics: Collection[str] | None = None,
    store: DayStore | None = None,
    stop: Callable[[], bool] | None = None,
) -> DriftReport:
    """Return drift of the inputs of a deployment, over the window and by day.

    Args:
        question: At the deployment.
        options: What a reader chose instead of what is in force.
        mode: How to judge.
        metrics: Names; all by default.
        store: Where days are counted once and for all.
        stop: Asked between days.

    Raises:
        SourceError: The model, its data or its baseline cannot be reached.
        InputError: They cannot be read.
        NotEnoughData: The baseline asks for days that are not there.
    """
    here = Served(question, "data_drift", options)
    days = here.days
    return drift_report.run(
        here.baseline,
        days.tables,
        question.window,
        mode=mode,
        metrics=metrics,
        thresholds=here.thresholds,
        notes=(*days.notes, *here.left_out),
        taken=question.taken,
        place=question.place,
        store=store or DayStore(here.store / "profiles"),
        progress=here.progress(0.5, 1.0),
        stop=stop,
    )


def evaluate(question: Question) -> Findings:
    """Return the result that decides on each feature, by day."""
    if question.step < DAY:
        return Findings(gross_hours.of_inputs(Served(question, "data_drift"), gross_hours.DRIFT))
    here = Served(question, "data_drift")
    if not here.days.tables:
        return Findings()
    report = of_deployment(question, metrics=set(HEADLINE.values()))
    return Findings(
        here.by_step(
            result
            for day in sorted(report.daily)
            for result in drift_report.headline(report.daily[day]).values()
        )
    )
