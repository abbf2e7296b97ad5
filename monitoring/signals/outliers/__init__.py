"""Outliers: rows unlike anything in the training data."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.signal import Findings, Grid, LaneFacts, Loaded, MetricFacts, Question, Signal
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge the share of rows that are unlike training, day by day."""
    from monitoring.signals.outliers import evaluation  # noqa: PLC0415 - the engine: a second

    return evaluation.evaluate(question)


def _metrics() -> Mapping[str, MetricFacts]:
    from monitoring.signals.outliers.report import LABELS, THRESHOLDS  # noqa: PLC0415 - the engine: a second

    return {
        name: MetricFacts(
            label=label,
            breach="rows are unlike training",
            unit="share of rows",
            worse="higher",
            threshold=THRESHOLDS[name],
        )
        for name, label in LABELS.items()
    }


SIGNAL = Signal(
    name="outliers",
    title="Outliers",
    question="How many rows are unlike anything that the model was made for?",
    respect="data",
    family="data",
    gravity=125,
    scope="deployment",
    grids=(Grid(DAY, settle=DAY),),
    needs=frozenset({"collected inputs"}),
    compared="training data",
    page="data_drift.py",
    metrics=Loaded(_metrics),
    leading="outside_training_range_rate",
    suspects={
        "feature": 1.0, "data": 0.9, "console": 0.8, "client": 0.8, "role": 0.7, "collection": 0.7,
        "deployment": 0.6, "dependency": 0.6, "traffic_split": 0.5, "model": 0.4,
        "configuration": 0.4, "container": 0.1, "scaling": 0.1, "job": 0.1,
    },
    lanes=(
        LaneFacts(name="outliers", label="Outliers", group="data", order=370, reads="worst", unit="x threshold", always=False),
    ),
    breach="rows are unlike training",
    evaluate=evaluate,
    alarms=False,
)  # fmt: skip
