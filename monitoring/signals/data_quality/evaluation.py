"""Data quality of a deployment: what every page, incident and command asks."""

from __future__ import annotations

from collections.abc import Callable

from monitoring.baselines import gross_hours
from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.metric import Mode
from monitoring.signal import Findings, Question
from monitoring.signals.data_quality import report as quality_report
from monitoring.signals.data_quality.collected import collected_days
from monitoring.signals.data_quality.report import DataQualityReport
from monitoring.window import DAY


def of_deployment(
    question: Question,
    options: Options = AS_IN_FORCE,
    *,
    mode: Mode = "robust",
    stop: Callable[[], bool] | None = None,
) -> DataQualityReport:
    """Return quality of what a deployment collected; arguments and errors as for data drift."""
    here = Served(question, "data_quality", options)
    return quality_report.run(
        here.baseline,
        collected_days(
            here.deployed,
            here.deployment,
            here.model,
            question.window,
            segment=options.segment,
            progress=here.progress(0.2, 0.5),
        ),
        question.window,
        rules=quality_report.Rules(mode, thresholds=here.thresholds),
        taken=question.taken,
        place=question.place,
        store=here.store / "quality",
        progress=here.progress(0.5, 1.0),
        stop=stop,
    )


def evaluate(question: Question) -> Findings:
    """Return every result of every day: which feature and metric will breach nobody knows."""
    if question.step < DAY:
        return Findings(
            gross_hours.of_inputs(Served(question, "data_quality"), gross_hours.QUALITY)
        )
    report = of_deployment(question)
    here = Served(question, "data_quality")
    return Findings(here.by_step(r for day in sorted(report.daily) for r in report.daily[day]))
