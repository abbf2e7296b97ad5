"""Data drift: do the inputs of a model still look like its baseline?"""

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
    """Judge every feature by the metric that decides on it, day by day, and hours for gross changes."""
    from monitoring.signals.data_drift import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.baselines.gross_hours import DRIFT  # noqa: PLC0415 - the engine: a second
    from monitoring.metrics.drift import METRICS  # noqa: PLC0415 - the engine: a second

    days = {
        name: MetricFacts(label=m.label, breach="inputs have moved", unit=m.unit, worse=m.worse)
        for name, m in METRICS.items()
    }
    hours = {each.key: each.facts(METRICS[each.name].label, "inputs have moved") for each in DRIFT}
    return {**days, **hours}


SIGNAL = Signal(
    name="data_drift",
    title="Data drift",
    question="Do the inputs look as they ordinarily do?",
    respect="data",
    family="data",
    gravity=110,
    scope="deployment",
    grids=(Grid(HOUR, settle=HOUR), Grid(DAY, settle=DAY)),
    needs=frozenset({"collected inputs"}),
    compared="ordinary days",
    page="data_drift.py",
    metrics=Loaded(_metrics),
    suspects={
        "feature": 1.0, "data": 0.9, "console": 0.8, "client": 0.8, "role": 0.7, "collection": 0.7,
        "deployment": 0.6, "dependency": 0.6, "traffic_split": 0.5, "model": 0.4,
        "configuration": 0.4, "container": 0.1, "scaling": 0.1, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="data_drift", label="Data drift", group="data", order=350, reads="worst", unit="x threshold"),
    ),
    breach="inputs have moved",
    evaluate=evaluate,
)  # fmt: skip
