"""Feature attribution drift: does the model rely on other features than before?"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import Findings, Grid, LaneFacts, Loaded, MetricFacts, Question, Signal
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge what the model relies on, day by day."""
    from monitoring.signals.feature_attribution_drift import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.signals.feature_attribution_drift.report import LABELS, THRESHOLDS  # noqa: PLC0415 - the engine: a second

    return {
        name: MetricFacts(
            label=label,
            breach="the model relies on other features",
            unit="1 is the same order",
            worse="lower",
            threshold=THRESHOLDS[name],
        )
        for name, label in LABELS.items()
    }


SIGNAL = Signal(
    name="feature_attribution_drift",
    title="Feature attribution drift",
    question="Does the model rely on other features than before?",
    respect="model",
    family="data",
    gravity=130,
    scope="deployment",
    # A second of processor time a day and deployment: the past beyond a week is measured when asked.
    grids=(Grid(DAY, settle=DAY, back=7 * DAY),),
    needs=frozenset({"collected inputs", "training data"}),
    compared="training data",
    page="data_drift.py",
    metrics=Loaded(_metrics),
    leading="normalized_discounted_cumulative_gain",
    suspects={
        "feature": 1.0, "deployment": 0.9, "data": 0.9, "model": 0.8, "client": 0.8,
        "traffic_split": 0.7, "console": 0.7, "dependency": 0.6, "collection": 0.5,
        "configuration": 0.4, "role": 0.4, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="feature_attribution_drift", label="Attribution", group="model", order=450, reads="worst", unit="x threshold", always=False),
    ),
    breach="the model relies on other features",
    evaluate=evaluate,
    slow=True,
    alarms=False,
)  # fmt: skip
