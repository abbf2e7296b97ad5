"""Data quality: do the rows still look like rows that the model was made for?"""

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
    """Judge every metric of every feature, and of the rows as a whole, day by day, and hours for gross changes."""
    from monitoring.signals.data_quality import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.baselines.gross_hours import QUALITY  # noqa: PLC0415 - the engine: a second
    from monitoring.metrics.quality import METRICS  # noqa: PLC0415 - the engine: a second

    days = {
        name: MetricFacts(
            label=m.label,
            breach="inputs are faulty",
            unit=m.unit,
            worse=m.worse,
            threshold=m.threshold,
        )
        for name, m in METRICS.items()
    }
    hours = {
        each.key: each.facts(METRICS[each.name].label, "inputs are faulty") for each in QUALITY
    }
    return {**days, **hours}


SIGNAL = Signal(
    name="data_quality",
    title="Data quality",
    question="Do the rows still look like rows that the model was made for?",
    respect="data",
    family="data",
    gravity=80,
    scope="deployment",
    grids=(Grid(HOUR, settle=HOUR), Grid(DAY, settle=DAY)),
    needs=frozenset({"collected inputs", "predictions"}),
    compared="training data",
    page="data_quality.py",
    metrics=Loaded(_metrics),
    suspects={
        "feature": 1.0, "data": 0.9, "console": 0.8, "client": 0.8, "role": 0.7, "collection": 0.7,
        "deployment": 0.6, "dependency": 0.6, "traffic_split": 0.5, "model": 0.4,
        "configuration": 0.4, "container": 0.1, "scaling": 0.1, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="data_quality", label="Data quality", group="data", order=340, reads="worst", unit="x threshold"),
    ),
    breach="inputs are faulty",
    evaluate=evaluate,
    many=True,
)  # fmt: skip
