"""Saturation: how near are the machines of each deployment to their limits?"""

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
    """Judge CPU, memory, disk, GPU and instances ready of every deployment, per step."""
    from monitoring.signals.saturation import judging  # noqa: PLC0415 - numpy

    results = judging.judged(question.metrics, question.deployments, question.window, question.step)
    return Findings(held(results, question))


SIGNAL = Signal(
    name="saturation",
    title="Saturation",
    question="How near are the machines of each deployment to their limits?",
    respect="infrastructure",
    family="service",
    gravity=60,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=METRICS_KEPT),),
    needs=frozenset({"platform metrics", "resource manager"}),
    compared="objectives",
    page="compute.py",
    metrics={
        "cpu_utilization": MetricFacts(
            label="CPU", breach="the CPU is full", unit="%", threshold=90.0,
        ),
        "memory_utilization": MetricFacts(
            label="Memory", breach="memory is full", unit="%", threshold=90.0,
        ),
        "disk_utilization": MetricFacts(
            label="Disk", breach="the disk is full", unit="%", threshold=85.0,
        ),
        "gpu_utilization": MetricFacts(
            label="GPU", breach="the GPU is full", unit="%", threshold=95.0,
        ),
        "gpu_memory_utilization": MetricFacts(
            label="GPU memory", breach="GPU memory is full", unit="%", threshold=90.0,
        ),
        "ready_instances_share": MetricFacts(
            label="Share of instances that are ready", breach="instances are not ready", unit="share of running instances", worse="lower", threshold=0.75,
        ),
    },
    suspects={
        "deployment": 1.0, "client": 0.95, "job": 0.9, "traffic_split": 0.8, "console": 0.8,
        "platform": 0.8, "scaling": 0.7, "metric": 0.7, "configuration": 0.6, "container": 0.5,
        "dependency": 0.5, "model": 0.4, "role": 0.2, "data": 0.2, "feature": 0.2,
    },
    upstream=("requests",),
    lanes=(
        LaneFacts(name="ready_instances_share", label="Instances ready", group="infrastructure", order=210,
                  metric="ready_instances_share"),
        LaneFacts(name="cpu_utilization", label="CPU", group="infrastructure", order=220,
                  metric="cpu_utilization"),
        LaneFacts(name="memory_utilization", label="Memory", group="infrastructure", order=230,
                  metric="memory_utilization"),
        LaneFacts(name="disk_utilization", label="Disk", group="infrastructure", order=240,
                  metric="disk_utilization"),
        LaneFacts(name="gpu_utilization", label="GPU", group="infrastructure", order=291,
                  metric="gpu_utilization", always=False),
        LaneFacts(name="gpu_memory_utilization", label="GPU memory", group="infrastructure", order=292,
                  metric="gpu_memory_utilization", always=False),
    ),
    breach="resources run out",
    evaluate=evaluate,
    gradual=True,
)  # fmt: skip
