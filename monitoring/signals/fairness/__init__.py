"""Fairness: are groups of a feature treated alike?"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import Findings, Grid, LaneFacts, Loaded, MetricFacts, Question, Signal
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge how far apart the groups of the first categorical features are, day by day."""
    from monitoring.signals.fairness import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.metrics.fairness import DISPARITIES  # noqa: PLC0415 - the engine: a second

    return {
        name: MetricFacts(
            label=m.label,
            breach="groups are treated differently",
            unit=m.unit,
            worse=m.worse,
            threshold=m.threshold,
        )
        for name, m in DISPARITIES.items()
    }


SIGNAL = Signal(
    name="fairness",
    title="Fairness",
    question="Are the groups of a feature treated alike?",
    respect="model",
    family="fairness",
    gravity=50,
    scope="deployment",
    grids=(Grid(DAY, settle=DAY),),
    needs=frozenset({"predictions", "labels"}),
    compared="objectives",
    page="fairness.py",
    metrics=Loaded(_metrics),
    suspects={
        "feature": 1.0, "deployment": 0.9, "data": 0.9, "model": 0.8, "client": 0.8,
        "traffic_split": 0.7, "console": 0.7, "dependency": 0.6, "collection": 0.5,
        "configuration": 0.4, "role": 0.4, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="fairness", label="Fairness", group="model", order=440, reads="worst", unit="x threshold", always=False),
    ),
    breach="groups are treated differently",
    evaluate=evaluate,
    alarms=False,
)  # fmt: skip
