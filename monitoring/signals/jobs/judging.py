"""Jobs: which wait, fail or take long, on clusters and serverless, judged step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitoring.metric import MetricResult
from monitoring.place import WORKSPACE
from monitoring.verdict import draft, judge
from monitoring.window import Window

SIGNAL = "jobs"
#: No job is meant to fail; the same as Microsoft's baseline alert on Failed Runs.
FAILED_JOBS = 0.0
#: A node of a cluster is ready some 5 minutes after it was asked for; a job that waits for six times
#: that waits for something else. An objective of the product.
QUEUE_WAIT_MINUTES = 30.0
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Run:
    """One job. A time is None where the window has no such event: before it, or not yet.

    cluster: "" for serverless compute. state: the last, as Azure writes it. seen: time of the last
    event. cpu_percent, gpu_percent: mean of all samples of its nodes; None without one.
    """

    id: str
    name: str
    experiment: str
    cluster: str
    kind: str
    submitted: datetime | None
    started: datetime | None
    ended: datetime | None
    state: str
    seen: datetime
    error: str = ""
    cpu_percent: float | None = None
    gpu_percent: float | None = None

    @property
    def is_failed(self) -> bool:
        """Whether its last state is Failed."""
        return self.state.lower() == "failed"

    @property
    def is_waiting(self) -> bool:
        """Whether it has been submitted and neither runs nor has ended."""
        return self.submitted is not None and self.started is None and self.ended is None

    def waited(self, now: datetime) -> timedelta | None:
        """How long it was queued until it ran, ended or `now`; None where that cannot be told."""
        if self.submitted is None:
            return None
        until = min(filter(None, (self.started, self.ended, now)))
        return max(until - self.submitted, timedelta(0))

    def ran(self, now: datetime) -> timedelta | None:
        """How long it ran until it ended or `now`; None before it runs."""
        return None if self.started is None else (self.ended or max(now, self.seen)) - self.started


def runs(
    on_clusters: Iterable[Mapping[str, Any]] = (),
    statuses: Iterable[Mapping[str, Any]] = (),
    utilization: Iterable[Mapping[str, Any]] = (),
) -> tuple[Run, ...]:
    """Join the logs of jobs by their id, the newest first.

    Args:
        on_clusters: Rows of `job_runs.kql`.
        statuses: Rows of `run_status.kql`, which has serverless runs too.
        utilization: Rows of `job_utilization.kql`.
    """
    found: dict[str, Run] = {}
    for row in statuses:
        found[row["JobId"].lower()] = _of_status(row)
    for row in on_clusters:
        found[row["JobId"].lower()] = _of_event(row)
    for row in utilization:
        key = row["JobId"].lower()
        # Memory of a GPU is a metric of its own, and no measure of work done.
        if key in found and "memory" not in row["Metric"].lower():
            field = "gpu_percent" if row["Device"].upper() == "GPU" else "cpu_percent"
            found[key] = replace(found[key], **{field: row["MeanPercent"]})
    return tuple(sorted(found.values(), key=lambda run: run.seen, reverse=True))


def _of_event(row: Mapping[str, Any]) -> Run:
    return Run(
        id=row["JobId"],
        name=row["JobName"] or row["JobId"],
        experiment=row["Experiment"],
        cluster=row["Cluster"],
        kind=row["Kind"],
        submitted=row["Submitted"],
        started=row["Started"],
        ended=row["Ended"],
        state="Failed" if row["LastEvent"].lower() == "jobfailed" else row["State"],
        seen=row["Last"],
        error=row["Error"],
    )


def _of_status(row: Mapping[str, Any]) -> Run:
    return Run(
        id=row["JobId"],
        name=row["JobId"],
        experiment="",
        cluster="",
        kind="",
        submitted=row["Queued"],
        started=row["Started"],
        ended=row["Ended"],
        state=row["State"],
        seen=row["Last"],
        error=row["Message"] if row["State"].lower() == "failed" else "",
    )


def judged(found: Sequence[Run], window: Window, step: timedelta) -> tuple[MetricResult, ...]:
    """Judge failed jobs and the longest wait in the queue, per step, for the whole workspace.

    Before the first job of the window nothing is known, not that all is well: the log may begin there.
    """
    began = min((run.submitted or run.started or run.seen for run in found), default=window.end)
    results = []
    for part in window.split(step):
        known = found if part.end > began else ()
        results += [_failed(known, part), _queue_wait(known, part)]
    return tuple(results)


def _failed(found: Sequence[Run], step: Window) -> MetricResult:
    ended = [run for run in found if run.ended is not None and run.ended in step]
    failed = [run for run in ended if run.is_failed]
    return _result(
        metric="failed_jobs",
        step=step,
        value=float(len(failed)) if found else None,
        threshold=FAILED_JOBS,
        rows=len(ended),
        unit="jobs",
        method="jobs that ended as Failed in the step, from the job and run logs",
        reason=failed[0].error if failed else "",
    )


def _queue_wait(found: Sequence[Run], step: Window) -> MetricResult:
    """Judge how long the job that waited longest had waited by the end of the step."""
    waits = []
    for run in found:
        left = run.started or run.ended or step.end
        if run.submitted is not None and run.submitted < step.end and left >= step.start:
            waits.append((min(left, step.end) - run.submitted) / _MINUTE)
    return _result(
        metric="queue_wait",
        step=step,
        value=max(waits, default=0.0) if found else None,
        threshold=QUEUE_WAIT_MINUTES,
        rows=len(waits),
        unit="minutes",
        method="longest time from submitted to running of a job that waited in the step, so far",
        reason="",
    )


def _result(
    *,
    metric: str,
    step: Window,
    value: float | None,
    threshold: float,
    rows: int,
    unit: str,
    method: str,
    reason: str,
) -> MetricResult:
    measured = draft(
        signal=SIGNAL,
        metric=metric,
        place=WORKSPACE,
        threshold=threshold,
        unit=unit,
        method=method,
        window=step,
        value=value,
        rows=rows,
        reason="no event of any job so far: the log may begin later" if value is None else reason,
    )
    return judge(measured)
