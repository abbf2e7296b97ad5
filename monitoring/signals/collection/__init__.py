"""Data collection: do the records of the model data collector arrive?"""

from __future__ import annotations

from monitoring.limits import held
from monitoring.signal import (
    HOUR,
    METRICS_KEPT,
    Findings,
    Grid,
    LaneFacts,
    MetricFacts,
    Question,
    Signal,
)


def evaluate(question: Question) -> Findings:
    """Judge lost and missing records of every deployment, per step."""
    from monitoring.signals.collection import judging  # noqa: PLC0415 - numpy

    results = judging.judged(question.metrics, question.endpoints, question.window, question.step)
    return Findings(held(results, question))


SIGNAL = Signal(
    name="collection",
    title="Data collection",
    question="Do the records of the model data collector arrive?",
    respect="data",
    family="data",
    gravity=90,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=METRICS_KEPT),),
    needs=frozenset({"platform metrics", "resource manager"}),
    compared="its own past",
    page="data_quality.py",
    metrics={
        "collection_error_rate": MetricFacts(
            label="Data collection errors", breach="data is not collected", unit="share of records", threshold=0.01,
        ),
        "collected_share": MetricFacts(
            label="Share of the usual records collected", breach="data is not collected", unit="of the usual records per answered request", worse="lower", threshold=0.05,
        ),
    },
    leading="collected_share",
    suspects={
        "role": 1.0, "configuration": 0.9, "deployment": 0.9, "console": 0.9, "platform": 0.7,
        "collection": 0.7, "traffic_split": 0.3, "container": 0.3, "scaling": 0.2,
    },
    lanes=(
        LaneFacts(name="collected_share", label="Data collected", group="data", order=320,
                  metric="collected_share"),
        LaneFacts(name="collection_error_rate", label="Collection errors", group="data", order=330,
                  metric="collection_error_rate"),
    ),
    breach="data is not collected",
    evaluate=evaluate,
)  # fmt: skip
