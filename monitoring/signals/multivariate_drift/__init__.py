"""Multivariate drift: do the inputs differ from the baseline in all features together?"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import Findings, Grid, LaneFacts, Loaded, MetricFacts, Question, Signal
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge all features together, day by day."""
    from monitoring.signals.multivariate_drift import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.methods.multivariate.numbers import LABELS, THRESHOLDS, UNITS  # noqa: PLC0415 - with the others

    return {
        name: MetricFacts(
            label=label,
            breach="inputs have moved together",
            unit=UNITS[name],
            worse="higher",
            threshold=THRESHOLDS.get(name),
        )
        for name, label in LABELS.items()
    }


SIGNAL = Signal(
    name="multivariate_drift",
    title="Multivariate drift",
    question="Do the inputs differ in all features together?",
    respect="data",
    family="data",
    gravity=120,
    scope="deployment",
    # A second of processor time a day and deployment: the past beyond a week is measured when asked.
    grids=(Grid(DAY, settle=DAY, back=7 * DAY),),
    needs=frozenset({"collected inputs"}),
    compared="training data",
    page="data_drift.py",
    metrics=Loaded(_metrics),
    leading="domain_classifier_auc",
    suspects={
        "feature": 1.0, "data": 0.9, "console": 0.8, "client": 0.8, "role": 0.7, "collection": 0.7,
        "deployment": 0.6, "dependency": 0.6, "traffic_split": 0.5, "model": 0.4,
        "configuration": 0.4, "container": 0.1, "scaling": 0.1, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="multivariate_drift", label="All features together", group="data", order=360, reads="worst", unit="x threshold", always=False),
    ),
    breach="inputs have moved together",
    evaluate=evaluate,
    slow=True,
    alarms=False,
)  # fmt: skip
