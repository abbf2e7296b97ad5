"""Clients: is a caller refused, or does one ask much more than before?"""

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


def evaluate(question: Question) -> Findings:
    """Judge the most refused caller of every endpoint, per step; callers that change are events."""
    from monitoring.signals.clients import judging  # noqa: PLC0415 - statistics

    start, step = question.window.start, question.step
    answer = question.ask("clients", question.wide, endpoints=[], step=step)
    records = answer.records()
    over = [
        row
        for row in records
        if start <= row["TimeGenerated"] and row["TimeGenerated"] + step <= question.taken
    ]
    results = judging.judged(over, step)
    return Findings(held(results, question), judging.of_clients(records), (answer,))


SIGNAL = Signal(
    name="clients",
    title="Callers",
    question="Is a caller refused, or does one ask much more than before?",
    respect="infrastructure",
    family="service",
    gravity=30,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=LOGS_KEPT),),
    needs=frozenset({"traffic log"}),
    compared="objectives",
    page="traffic.py",
    metrics={
        "client_error_rate": MetricFacts(
            label="Rate of requests refused as the caller's fault",
            breach="a caller's requests are refused", unit="share of one caller's requests",
            threshold=0.2,
        ),
    },
    leading="client_error_rate",
    suspects={
        "deployment": 1.0, "client": 1.0, "dependency": 1.0, "traffic_split": 0.95, "platform": 0.9,
        "console": 0.85, "role": 0.8, "configuration": 0.8, "container": 0.6, "metric": 0.6,
        "scaling": 0.5, "model": 0.5, "feature": 0.35, "data": 0.3, "job": 0.2, "collection": 0.2,
    },
    upstream=("requests", "cpu_utilization", "memory_utilization", "disk_utilization",
              "ready_instances_share"),
    lanes=(
        LaneFacts(name="client_error_rate", label="Caller errors", group="traffic", order=150,
                  metric="client_error_rate", always=False),
    ),
    breach="a caller's requests are refused",
    evaluate=evaluate,
    level="endpoint",
    felt=True,
)  # fmt: skip
