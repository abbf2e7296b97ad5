"""Realized performance: how right the model is by the labels that have arrived."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import Findings, Grid, LaneFacts, Loaded, MetricFacts, Question, Signal
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge the metric that stands for the task, and those that users set, day by day."""
    from monitoring.signals.model_performance import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.metrics.performance import METRICS  # noqa: PLC0415 - the engine: a second

    return {
        name: MetricFacts(
            label=m.label,
            breach="the model performs worse than it should",
            unit=m.unit,
            worse=m.worse or "higher",
        )
        for name, m in METRICS.items()
    }


SIGNAL = Signal(
    name="model_performance",
    title="Realized performance",
    question="Is the model as right as it should be, by the labels that have arrived?",
    respect="model",
    family="data",
    gravity=40,
    scope="deployment",
    grids=(Grid(DAY, settle=DAY),),
    needs=frozenset({"predictions", "labels"}),
    compared="expected values",
    page="performance.py",
    metrics=Loaded(_metrics),
    suspects={
        "feature": 1.0, "deployment": 0.9, "data": 0.9, "model": 0.8, "client": 0.8,
        "traffic_split": 0.7, "console": 0.7, "dependency": 0.6, "collection": 0.5,
        "configuration": 0.4, "role": 0.4, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="model_performance", label="Realized performance", group="model", order=420),
    ),
    breach="the model performs worse than it should",
    evaluate=evaluate,
    felt=True,
)  # fmt: skip
