"""Prediction drift: are the predictions distributed as before?"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import (
    HOUR,
    Findings,
    Grid,
    LaneFacts,
    Loaded,
    MetricFacts,
    Question,
    Signal,
)
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge every output by the metric that decides on it, day by day, and hours for gross changes."""
    from monitoring.signals.prediction_drift import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.baselines.gross_hours import DRIFT  # noqa: PLC0415 - the engine: a second
    from monitoring.metrics.drift import METRICS  # noqa: PLC0415 - the engine: a second

    days = {
        name: MetricFacts(
            label=m.label, breach="predictions have moved", unit=m.unit, worse=m.worse
        )
        for name, m in METRICS.items()
    }
    hours = {
        each.key: each.facts(METRICS[each.name].label, "predictions have moved") for each in DRIFT
    }
    return {**days, **hours}


SIGNAL = Signal(
    name="prediction_drift",
    title="Prediction drift",
    question="Are the predictions distributed as before?",
    respect="model",
    family="data",
    gravity=100,
    scope="deployment",
    grids=(Grid(HOUR, settle=HOUR), Grid(DAY, settle=DAY)),
    needs=frozenset({"predictions"}),
    compared="ordinary days",
    page="predictions.py",
    metrics=Loaded(_metrics),
    suspects={
        "feature": 1.0, "deployment": 0.9, "data": 0.9, "model": 0.8, "client": 0.8,
        "traffic_split": 0.7, "console": 0.7, "dependency": 0.6, "collection": 0.5,
        "configuration": 0.4, "role": 0.4, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="prediction_drift", label="Prediction drift", group="model", order=410, reads="worst", unit="x threshold"),
    ),
    breach="predictions have moved",
    evaluate=evaluate,
)  # fmt: skip
