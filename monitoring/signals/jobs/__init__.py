"""Jobs: do they fail, or wait in the queue?"""

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
    """Judge failed jobs and the longest wait of the workspace, per step; each failure is an event."""
    from monitoring.signals.jobs import failed_jobs, judging  # noqa: PLC0415 - with the others

    runs = question.ask("job_runs", question.wide)
    statuses = question.ask("run_status", question.wide)
    known = judging.runs(runs.records(), statuses.records())
    # Before the log's first run nothing is known of jobs, least of all that none failed.
    first = min((run.submitted or run.seen for run in known), default=question.window.end)
    results = (
        r
        for r in judging.judged(known, question.window, question.step)
        if r.window and r.window.end > first
    )
    return Findings(held(results, question), failed_jobs.of_jobs(known), (runs, statuses))


SIGNAL = Signal(
    name="jobs",
    title="Jobs",
    question="Do jobs fail, or wait in the queue?",
    respect="infrastructure",
    family="service",
    gravity=150,
    scope="workspace",
    grids=(Grid(HOUR, settle=HOUR, back=LOGS_KEPT),),
    needs=frozenset({"job logs"}),
    compared="objectives",
    page="compute.py",
    metrics={
        "failed_jobs": MetricFacts(
            label="Failed jobs", breach="a job failed", unit="jobs", threshold=0.0,
        ),
        "queue_wait": MetricFacts(
            label="Wait of jobs in the queue", breach="jobs wait in the queue", unit="minutes", threshold=30.0,
        ),
    },
    leading="failed_jobs",
    suspects={
        "job": 1.0, "configuration": 0.9, "platform": 0.9, "role": 0.8, "metric": 0.8, "data": 0.7,
        "model": 0.3, "deployment": 0.2,
    },
    upstream=("quota_utilization",),
    lanes=(
        LaneFacts(name="failed_jobs", label="Failed jobs", group="infrastructure", order=270,
                  metric="failed_jobs", always=False),
        LaneFacts(name="queue_wait", label="Job queue", group="infrastructure", order=280,
                  metric="queue_wait", always=False),
    ),
    breach="jobs fail or wait",
    evaluate=evaluate,
    level="workspace",
    certain=True,
)  # fmt: skip
