"""The jobs of the workspace: nightly monitor runs, weekly retraining, a sweep; and their cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sample.builder import names
from sample.builder.database import fill_rows

if TYPE_CHECKING:
    import duckdb

    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
QUOTA_CORES = 48
CORES_PER_NODE = 4
IDLE_BEFORE_SCALE_DOWN = timedelta(minutes=10)
VM_SIZE, VM_FAMILY = "STANDARD_DS3_V2", "standardDSv2Family"
BREACHED = (
    "The signal '{signal}' has failed due to one or more features violating metric thresholds"
)


@dataclass(frozen=True, slots=True)
class Job:
    """One run. `nodes` is 0 for a serverless Spark job; `waits` is how long it was queued."""

    name: str
    experiment: str
    display_name: str
    job_type: str
    submitted: datetime
    waits: timedelta
    runs: timedelta
    status: str
    caller: str
    nodes: int = 0
    error: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def started(self) -> datetime:
        """When it began to run."""
        return self.submitted + self.waits

    @property
    def ended(self) -> datetime:
        """When it reached its last status."""
        return self.started + self.runs


def jobs(plan: Plan, incidents: Mapping[str, Incident]) -> list[Job]:
    """Return the jobs of the last 93 days, oldest first."""
    found = [*_monitor_runs(plan, incidents), *_retraining(plan, incidents)]
    quota = incidents["core-quota"]
    found.append(
        Job(
            "sweep_flight_delay_v3",
            "flight-delay-sweep",
            "hyperparameter sweep, 11 nodes",
            "Sweep",
            quota.onset - 40 * MINUTE,
            4 * MINUTE,
            timedelta(hours=20, minutes=36),
            "Canceled",
            names.CHI,
            nodes=11,
        )
    )
    return sorted((job for job in found if job.ended < plan.end), key=lambda job: job.submitted)


def _monitor_runs(plan: Plan, incidents: Mapping[str, Incident]) -> Iterator[Job]:
    """Azure ML's own monitors run every night; drift is what they tag on their runs."""
    deleted = incidents["monitor-deleted"].onset
    random = plan.random("jobs")
    monitors = (
        (
            "flight-delay-monitor",
            "data_drift",
            ("temperature-celsius", "delay-seconds", "carrier-renamed"),
        ),
        ("flight-time-drift", "data_drift", ("distance-kilometres",)),
        ("flight-time-performance", "model_performance", ("distance-kilometres",)),
    )
    for day in range(-92, 2):
        for number, (monitor, signal, stories) in enumerate(monitors):
            at = plan.midnight + timedelta(days=day, hours=3, minutes=15 + number)
            if monitor == "flight-time-performance" and at > deleted:
                continue
            breached = any(
                story.onset + 6 * HOUR < at < (story.end or plan.end) + 20 * HOUR
                for story in (incidents[name] for name in stories)
            )
            tags = {"azureml.monitor_name": monitor, "azureml.signal_name": signal}
            if breached:
                tags["azureml_modelmonitor_threshold_breached"] = BREACHED.format(signal=signal)
            waits = timedelta(seconds=int(random.integers(40, 200)))
            yield Job(
                f"{monitor.replace('-', '_')}_{at:%Y%m%d}",
                monitor,
                f"{monitor} {at:%Y-%m-%d}",
                "Pipeline",
                at,
                waits,
                timedelta(seconds=int(random.integers(420, 780))),
                "Completed",
                names.PIPELINE,
                tags=tags,
            )


def _retraining(plan: Plan, incidents: Mapping[str, Incident]) -> Iterator[Job]:
    quota = incidents["core-quota"]
    assert quota.end is not None  # noqa: S101 - the script ends it
    for week in range(13, -1, -1):
        at = plan.midnight - timedelta(days=1 + 7 * week) + timedelta(hours=1, minutes=5)
        blocked = week == 1
        if blocked:
            at = quota.onset + MINUTE
        yield Job(
            f"retrain_flight_delay_{at:%Y%m%d}",
            "flight-delay-retraining",
            f"retrain flight-delay {at:%Y-%m-%d}",
            "Command",
            at,
            timedelta(hours=19, minutes=45) if blocked else 4 * MINUTE,
            1 * MINUTE if blocked else timedelta(minutes=34),
            "Failed" if blocked else "Completed",
            names.PIPELINE,
            nodes=2,
            error=(
                "ClusterCoreQuotaReached: cpu-cluster could not allocate 2 more nodes of "
                f"{VM_SIZE}; {QUOTA_CORES} of {QUOTA_CORES} cores of {VM_FAMILY} are in use"
            )
            if blocked
            else "",
        )


def wanted_nodes(job: Job) -> Iterator[tuple[datetime, int]]:
    """Yield how many nodes the job adds to what the cluster wants, and when."""
    if job.nodes:
        yield job.submitted, job.nodes
        yield job.ended + IDLE_BEFORE_SCALE_DOWN, -job.nodes


def sizes(found: list[Job]) -> list[tuple[datetime, int]]:
    """Return the number of nodes that the cluster wanted from each moment on."""
    changes = sorted(change for job in found for change in wanted_nodes(job))
    total, steps = 0, []
    for at, change in changes:
        total += change
        steps.append((at, total))
    return steps


MAX_NODES = QUOTA_CORES // CORES_PER_NODE


def write(connection: duckdb.DuckDBPyConnection, found: list[Job], plan: Plan) -> None:
    """Write the job, run, cluster and utilisation tables of the last 31 days."""
    recent = [job for job in found if job.submitted >= plan.logs_start]
    rows = [row for job in recent for row in _job_rows(job)]
    fill_rows(connection, "AmlComputeJobEvent", rows)
    rows = [row for job in recent for row in _status_rows(job)]
    fill_rows(connection, "AmlRunStatusChangedEvent", rows)
    steps = [step for step in sizes(found) if step[0] >= plan.logs_start]
    fill_rows(connection, "AmlComputeClusterEvent", list(_cluster_rows(steps)))
    rows = [row for job in recent for row in _utilization_rows(job, plan)]
    fill_rows(connection, "AmlComputeCpuGpuUtilization", rows)


def _job_rows(job: Job) -> Iterator[dict[str, Any]]:
    if not job.nodes:
        return
    last = {"Completed": "JobSucceeded", "Failed": "JobFailed", "Canceled": "JobCancelled"}
    stages = (
        (job.submitted, "JobSubmitted", "Queued"),
        (job.started, "JobRunning", "Running"),
        (job.ended, last[job.status], job.status),
    )
    for at, event, state in stages:
        over = event == "JobFailed"
        yield {
            "TimeGenerated": at,
            "OperationName": "Microsoft.MachineLearningServices/workspaces/computes/jobs",
            "JobId": job.name,
            "JobName": job.name,
            "ExperimentId": job.experiment,
            "ExperimentName": job.experiment,
            "CustomerSubscriptionId": names.SUBSCRIPTION,
            "WorkspaceName": names.WORKSPACE,
            "ResourceGroupName": names.RESOURCE_GROUP,
            "ClusterResourceGroupName": names.RESOURCE_GROUP,
            "ClusterName": names.CLUSTER,
            "ClusterId": names.CLUSTER_ID,
            "ProvisioningState": "Failed" if over else "Succeeded",
            "EventType": event,
            "ExecutionState": state,
            "ErrorDetails": job.error if over else "",
            "JobErrorMessage": job.error if over else "",
            "ToolType": job.job_type,
            "RunInContainer": "True",
            "NodeId": f"tvmps_{names.CLUSTER}_0",
        }


def _status_rows(job: Job) -> Iterator[dict[str, Any]]:
    stages = ((job.submitted, "Queued"), (job.started, "Running"), (job.ended, job.status))
    for at, status in stages:
        ended = status == job.status
        yield {
            "TimeGenerated": at,
            "OperationName": "Microsoft.MachineLearningServices/workspaces/runs/statusChanged",
            "ResultType": "Failed" if status == "Failed" else "Succeeded",
            "CorrelationId": job.name,
            "Identity": job.caller,
            "Level": "Error" if status == "Failed" else "Informational",
            "Location": names.REGION,
            "WorkspaceName": names.WORKSPACE,
            "WorkspaceId": names.WORKSPACE_GUID,
            "RunId": job.name,
            "RootRunId": job.name,
            "Status": status,
            "Message": (job.error or "; ".join(job.tags.values())) if ended else "",
            "TriggeringUserName": job.caller,
        }


def _cluster_rows(steps: list[tuple[datetime, int]]) -> Iterator[dict[str, Any]]:
    current = 0
    for at, wanted in steps:
        possible = min(wanted, MAX_NODES)
        refused = wanted > MAX_NODES
        grows = possible > current
        states = ((at, "Resizing", current), (at + 3 * MINUTE, "Steady", possible))
        for when, state, count in states:
            yield _cluster_row(when, state, count, wanted, refused=refused, grows=grows)
        current = possible


def _cluster_row(
    at: datetime, state: str, count: int, wanted: int, *, refused: bool, grows: bool
) -> dict[str, Any]:
    steady = state == "Steady"
    return {
        "TimeGenerated": at,
        "OperationName": "Microsoft.MachineLearningServices/workspaces/computes/resize",
        "ResultSignature": "Failed" if refused else "Succeeded",
        "ProvisioningState": "Succeeded",
        "ClusterName": names.CLUSTER,
        "ClusterType": "AmlCompute",
        "CreatedBy": names.CHI,
        "CoreCount": CORES_PER_NODE,
        "VmSize": VM_SIZE,
        "VmPriority": "Dedicated",
        "ScalingType": "Auto",
        "InitialNodeCount": 0,
        "MinimumNodeCount": 0,
        "MaximumNodeCount": 16,
        "AllocationState": state,
        "CurrentNodeCount": count,
        "TargetNodeCount": wanted,
        "EventType": "Resize" if not steady else "ResizeComplete",
        "NodeIdleTimeSecondsBeforeScaleDown": int(IDLE_BEFORE_SCALE_DOWN.total_seconds()),
        "PreemptedNodeCount": "0",
        "IsResizeGrow": str(grows),
        "VmFamilyName": VM_FAMILY,
        "LeavingNodeCount": 0,
        "UnusableNodeCount": 0,
        "IdleNodeCount": 0,
        "RunningNodeCount": count,
        "PreparingNodeCount": 0 if steady else max(min(wanted, MAX_NODES) - count, 0),
        "QuotaAllocated": str(QUOTA_CORES),
        "QuotaUtilized": str(count * CORES_PER_NODE),
        "AllocationStateTransitionTime": at,
        "ClusterErrorCodes": "ClusterCoreQuotaReached" if refused else "",
    }


def _utilization_rows(job: Job, plan: Plan) -> Iterator[dict[str, Any]]:
    random = plan.random(f"utilization {job.name}")
    steps = int(job.runs / (5 * MINUTE)) if job.nodes and job.status != "Failed" else 0
    for step in range(steps):
        for node in range(min(job.nodes, 4)):
            yield {
                "TimeGenerated": job.started + step * 5 * MINUTE,
                "OperationName": "Microsoft.MachineLearningServices/workspaces/metrics",
                "ResultType": "Succeeded",
                "Level": "Informational",
                "Location": names.REGION,
                "WorkspaceName": names.WORKSPACE,
                "WorkspaceId": names.WORKSPACE_GUID,
                "RunId": job.name,
                "DeviceType": "CPU",
                "NodeId": f"tvmps_{names.CLUSTER}_{node}",
                "Utilization": f"{random.uniform(70, 98):.2f}",
                "MetricName": "CpuUtilization",
                "ClusterName": names.CLUSTER,
            }
