"""Cost: are machines paid for that nobody needs?"""

from __future__ import annotations

from monitoring.limits import held
from monitoring.signal import (
    METRICS_KEPT,
    Findings,
    Grid,
    LaneFacts,
    MetricFacts,
    Question,
    Signal,
)
from monitoring.window import DAY


def evaluate(question: Question) -> Findings:
    """Judge the paid instances of every deployment that its work does not need, by day."""
    from monitoring.signals.cost import judging  # noqa: PLC0415 - numpy

    results = judging.idle(question.metrics, question.deployments, question.window.whole_days())
    return Findings(held(results, question))


SIGNAL = Signal(
    name="cost",
    title="Cost",
    question="Are machines paid for that nobody needs?",
    respect="infrastructure",
    family="cost",
    gravity=170,
    scope="workspace",
    grids=(Grid(DAY, settle=DAY, back=METRICS_KEPT),),
    needs=frozenset({"platform metrics", "resource manager"}),
    compared="objectives",
    page="cost.py",
    metrics={
        "unneeded_instances_share": MetricFacts(
            label="Unneeded instances share", breach="machines are paid for and idle", unit="share of paid instances", threshold=0.5,
        ),
    },
    leading="unneeded_instances_share",
    suspects={
        "deployment": 1.0, "scaling": 1.0, "traffic_split": 0.7, "configuration": 0.6, "client": 0.4,
    },
    upstream=("requests",),
    lanes=(
        LaneFacts(name="unneeded_instances_share", label="Unneeded instances share", group="infrastructure", order=290,
                  metric="unneeded_instances_share", always=False),
    ),
    breach="machines are paid for and idle",
    evaluate=evaluate,
    state=True,
)  # fmt: skip
