"""Clusters: are cores left, and are the nodes of compute clusters usable?"""

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
    """Judge the cores in use and the unusable nodes of every cluster, per step."""
    from monitoring.signals.clusters import judging  # noqa: PLC0415 - numpy

    workspace = question.deployed.azure.workspace_id
    results = judging.judged(question.metrics, workspace, question.window, question.step)
    return Findings(held(results, question))


SIGNAL = Signal(
    name="clusters",
    title="Clusters",
    question="Are cores left, and are the nodes of compute clusters usable?",
    respect="infrastructure",
    family="service",
    gravity=70,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=METRICS_KEPT),),
    needs=frozenset({"platform metrics"}),
    compared="objectives",
    page="compute.py",
    metrics={
        "quota_utilization": MetricFacts(
            label="Core quota in use", breach="the core quota is used up", unit="%", threshold=90.0,
        ),
        "unusable_nodes": MetricFacts(
            label="Unusable nodes", breach="nodes are unusable", unit="nodes", threshold=0.0,
        ),
    },
    suspects={
        "deployment": 1.0, "client": 0.95, "job": 0.9, "traffic_split": 0.8, "console": 0.8,
        "platform": 0.8, "scaling": 0.7, "metric": 0.7, "configuration": 0.6, "container": 0.5,
        "dependency": 0.5, "model": 0.4, "role": 0.2, "data": 0.2, "feature": 0.2,
    },
    upstream=("requests",),
    lanes=(
        LaneFacts(name="quota_utilization", label="Core quota in use", group="infrastructure", order=294,
                  metric="quota_utilization", always=False),
        LaneFacts(name="unusable_nodes", label="Unusable nodes", group="infrastructure", order=295,
                  metric="unusable_nodes", always=False),
    ),
    breach="resources run out",
    evaluate=evaluate,
    level="workspace",
    gradual=True,
)  # fmt: skip
