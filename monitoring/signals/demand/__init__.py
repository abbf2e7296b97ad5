"""Demand: do requests come as they usually do at this hour of the week?"""

from __future__ import annotations

from monitoring.limits import held
from monitoring.signal import (
    HOUR,
    LOGS_KEPT,
    Findings,
    Grid,
    LaneFacts,
    MetricFacts,
    Question,
    Signal,
)
from monitoring.window import Window


def evaluate(question: Question) -> Findings:
    """Judge the requests of every endpoint by the hour, against the weeks before."""
    from monitoring.signals.demand import judging  # noqa: PLC0415 - with the others

    known = Window(question.window.start - judging.KNOWN, question.window.end)
    answer = question.ask("requests", known, endpoints=[], step=judging.STEP)
    results = judging.judged(answer.records(), question.window, question.taken)
    return Findings(held(results, question), answers=(answer,))


SIGNAL = Signal(
    name="demand",
    title="Demand",
    question="Do requests come as they usually do at this hour of the week?",
    respect="infrastructure",
    family="service",
    gravity=20,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=LOGS_KEPT),),
    needs=frozenset({"traffic log"}),
    compared="its own past",
    page="traffic.py",
    metrics={
        "requests_share": MetricFacts(
            label="Share of the usual requests", breach="requests have stopped coming",
            unit="of the usual requests at this hour of the week", worse="lower", threshold=0.2,
        ),
    },
    leading="requests_share",
    suspects={
        "deployment": 1.0, "client": 1.0, "dependency": 1.0, "traffic_split": 0.95, "platform": 0.9,
        "console": 0.85, "role": 0.8, "configuration": 0.8, "container": 0.6, "metric": 0.6,
        "scaling": 0.5, "model": 0.5, "feature": 0.35, "data": 0.3, "job": 0.2, "collection": 0.2,
    },
    upstream=("requests", "cpu_utilization", "memory_utilization", "disk_utilization",
              "ready_instances_share"),
    lanes=(
        LaneFacts(name="requests_share", label="Usual requests", group="traffic", order=120,
                  metric="requests_share", unit="share that came", always=False, quiet=True),
    ),
    breach="requests have stopped coming",
    evaluate=evaluate,
    level="endpoint",
    felt=True,
)  # fmt: skip
