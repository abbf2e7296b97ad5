"""Estimated performance: how right the model is where labels have not arrived."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import Findings, Grid, LaneFacts, Loaded, MetricFacts, Question, Signal
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge the estimate of the metric that stands for the task, and of those that users set, by day."""
    from monitoring.signals.estimated_performance import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.metrics.performance import METRICS  # noqa: PLC0415 - the engine: a second

    return {
        name: MetricFacts(
            label=m.label,
            breach="the model is estimated to perform worse",
            unit=m.unit,
            worse=m.worse or "higher",
        )
        for name, m in METRICS.items()
    }


SIGNAL = Signal(
    name="estimated_performance",
    title="Estimated performance",
    question="How right is the model where labels have not arrived?",
    respect="model",
    family="data",
    gravity=140,
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
        LaneFacts(name="estimated_performance", label="Estimated performance", group="model", order=430),
    ),
    breach="the model is estimated to perform worse",
    evaluate=evaluate,
    estimated=True,
)  # fmt: skip
