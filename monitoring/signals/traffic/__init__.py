"""Traffic: do requests succeed, and fast enough?"""

from __future__ import annotations

from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS
from monitoring.limits import held
from monitoring.signal import (
    HOUR,
    LOGS_KEPT,
    MINUTES_5,
    Findings,
    Grid,
    LaneFacts,
    MetricFacts,
    Question,
    Signal,
)


def evaluate(question: Question) -> Findings:
    """Judge error rate and 95th percentile of every deployment, per step, by one query."""
    from monitoring.signals.traffic import judging  # noqa: PLC0415 - statistics

    answer = question.ask("traffic", question.window, endpoints=[], step=question.step)
    results = []
    for place, steps in judging.steps(answer.records(), question.step).items():
        for step in steps:
            results.append(judging.error_rate(place, step.window, step.requests, step.faults))
            results.append(judging.latency_p95(place, step))
    # The newest minutes are not all in: a rate over them would be of some requests only.
    over = (r for r in results if r.window and r.window.end <= question.taken)
    return Findings(held(over, question), answers=(answer,))


SIGNAL = Signal(
    name="traffic",
    title="Traffic",
    question="Do requests succeed, and fast enough?",
    respect="infrastructure",
    family="service",
    gravity=10,
    scope="workspace",
    grids=(
        Grid(MINUTES_5, settle=3 * MINUTES_5, back=LOGS_KEPT),
        Grid(HOUR, settle=HOUR, back=LOGS_KEPT),
    ),
    needs=frozenset({"traffic log"}),
    compared="objectives",
    page="traffic.py",
    metrics={
        "error_rate": MetricFacts(
            label="Error rate", breach="requests fail", unit="share of requests",
            threshold=ERROR_RATE,
        ),
        "latency_p95": MetricFacts(
            label="Latency P95", breach="requests are slow", unit="ms", threshold=LATENCY_P95_MS
        ),
    },
    leading="error_rate",
    suspects={
        "deployment": 1.0, "client": 1.0, "dependency": 1.0, "traffic_split": 0.95, "platform": 0.9,
        "console": 0.85, "role": 0.8, "configuration": 0.8, "container": 0.6, "metric": 0.6,
        "scaling": 0.5, "model": 0.5, "feature": 0.35, "data": 0.3, "job": 0.2, "collection": 0.2,
    },
    upstream=("requests", "cpu_utilization", "memory_utilization", "disk_utilization",
              "ready_instances_share"),
    lanes=(
        LaneFacts(name="requests", label="Traffic", group="traffic", order=110,
                  metric="error_rate", reads="requests", unit="requests/min"),
        LaneFacts(name="error_rate", label="Errors", group="traffic", order=130,
                  metric="error_rate"),
        LaneFacts(name="latency_p95", label="Latency P95", group="traffic", order=140,
                  metric="latency_p95"),
    ),
    breach="requests fail",
    evaluate=evaluate,
    felt=True,
)  # fmt: skip
