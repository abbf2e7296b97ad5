"""The platform metrics per minute: what Azure Monitor would have measured of the same requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sample.builder import names
from sample.builder.catalog import CATALOG
from sample.builder.fleet import instances
from sample.builder.incidents import (
    CRASH_CYCLE,
    CRASH_UP,
    LEAK_FROM_PERCENT,
    LEAK_HOURS,
    LEAK_TO_PERCENT,
    leak_age_hours,
)
from sample.builder.jobs import CORES_PER_NODE, MAX_NODES, VM_FAMILY, Job, sizes
from sample.builder.plan import instant

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    from sample.builder.fleet import Deployment
    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

MINUTE = np.timedelta64(60_000, "ms")


def write_endpoint(
    connection: duckdb.DuckDBPyConnection,
    endpoint: str,
    requests: pd.DataFrame,
    plan: Plan,
    incidents: Mapping[str, Incident],
) -> None:
    """Append the metrics that follow from the requests of one endpoint."""
    start = plan.metrics_start.replace(tzinfo=None)
    connection.register("request", requests[requests["time"] >= start])
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE asked AS SELECT date_trunc('minute', time)::TIMESTAMP AS minute, "
        "deployment::VARCHAR AS deployment, status, model_status, total_ms, computed, given FROM request"
    )
    connection.unregister("request")
    refused = incidents["storage-role-removed"]
    lost = f"minute >= '{refused.onset:%Y-%m-%d %H:%M}' AND minute < '{refused.end:%Y-%m-%d %H:%M}'"
    values = {
        "endpoint": f"'{names.endpoint_id(endpoint)}'",
        "deployment": f"'{names.endpoint_id(endpoint)}/deployments/' || deployment",
        "lost": lost if endpoint == "flight-time" else "false",
    }
    for table, query in _FROM_REQUESTS.items():
        _append(connection, table, query.format(**values))


def write_instances(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    requests: pd.DataFrame,
    plan: Plan,
    incidents: Mapping[str, Incident],
) -> None:
    """Append CPU, memory, disk and capacity of each instance of one deployment."""
    start = max(instant(plan.metrics_start), instant(deployment.start))
    minutes = np.arange(start, instant(plan.end), MINUTE)
    count = instances(deployment, minutes, incidents)
    here = requests[(requests["deployment"] == deployment.name) & (requests["time"] >= start)]
    random = plan.random(f"instances {deployment.key}")
    frames = []
    for number in range(int(count.max())):
        times = here.loc[here["instance"] == number, "time"].to_numpy("datetime64[ms]")
        arrived = np.bincount(
            ((times - minutes[0]) // MINUTE).astype("int64"), minlength=len(minutes)
        )
        frame = _instance(deployment, number, minutes, arrived, incidents, random)
        frame["DeploymentCapacity"] = count.astype("float64")
        frames.append(frame[count > number])
    connection.register("given", pd.concat(frames))
    _append(connection, "deployment_instances", "SELECT * FROM given")
    connection.unregister("given")


def _instance(
    deployment: Deployment,
    number: int,
    minutes: NDArray[np.datetime64],
    arrived: NDArray[np.int64],
    incidents: Mapping[str, Incident],
    random: np.random.Generator,
) -> pd.DataFrame:
    noise = random.standard_normal((3, len(minutes)))
    busy = 100 * arrived / deployment.requests_per_minute
    cpu = deployment.idle_cpu_percent * (1 + 0.08 * noise[0]) + busy
    week = (minutes - minutes[0]) / np.timedelta64(7 * 86_400_000, "ms") % 1
    memory = deployment.memory_percent + 2.5 * week + 0.4 * noise[1] + 0.02 * busy
    disk = deployment.disk_percent + 3 * week + 0.05 * noise[2]
    state = np.full(len(minutes), "Ready", dtype=object)
    if deployment.key == ("flight-delay", "blue"):
        leak, full = incidents["memory-leak"], incidents["disk-full"]
        if number < 2:  # noqa: PLR2004 - the two that run all the time
            grown = leak_age_hours(leak, number, minutes) / LEAK_HOURS
            leaking = LEAK_FROM_PERCENT + (LEAK_TO_PERCENT - LEAK_FROM_PERCENT) * grown
            memory = np.where(leak.covers(minutes), leaking + 0.3 * noise[1], memory)
        filled = 31 + 68 * full.elapsed_hours(minutes) / 105
        disk = np.where(full.covers(minutes), filled, disk)
    if deployment.endpoint == "flight-time":
        crash = incidents["container-crash-loop"]
        into = (minutes - instant(crash.onset)) % np.timedelta64(CRASH_CYCLE)
        up = into < np.timedelta64(CRASH_UP)
        down = crash.covers(minutes) & ~up
        memory = np.where(crash.covers(minutes), np.where(up, 99.2, 61.0) + 0.3 * noise[1], memory)
        cpu = np.where(crash.covers(minutes), np.where(up, 92.0, 4.0) + noise[0], cpu)
        state[down] = "NotReady"
    return pd.DataFrame(
        {
            "resource_id": names.deployment_id(*deployment.key),
            "minute": minutes.astype("datetime64[us]"),
            "instanceId": names.instance_id(*deployment.key, number),
            "CpuUtilizationPercentage": np.clip(cpu, 0.1, 99.6).round(2),
            "CpuMemoryUtilizationPercentage": np.clip(memory, 1, 99.8).round(2),
            "DiskUtilization": np.clip(disk, 1, 99.5).round(2),
            "disk": "/",
            "State": state,
        }
    )


def write_workspace(
    connection: duckdb.DuckDBPyConnection,
    found: list[Job],
    registered: pd.DataFrame,
    plan: Plan,
) -> None:
    """Append quota, runs and model events of the workspace, and the catalog of all metrics."""
    minutes = np.arange(instant(plan.metrics_start), instant(plan.end), 5 * MINUTE)
    steps = sizes(found)
    at = np.array([instant(step[0]) for step in steps])
    wanted = np.array([0, *(step[1] for step in steps)])[np.searchsorted(at, minutes, "right")]
    nodes = np.minimum(wanted, MAX_NODES).astype("float64")
    quota = pd.DataFrame(
        {
            "resource_id": names.WORKSPACE_ID,
            "minute": minutes.astype("datetime64[us]"),
            "Scenario": "Compute",
            "ClusterName": names.CLUSTER,
            "VmFamilyName": VM_FAMILY,
            "VmPriority": "Dedicated",
            "Quota Utilization Percentage": (100 * nodes / MAX_NODES).round(1),
        }
    )
    for name in ("Active", "Idle", "Leaving", "Preempted", "Total", "Unusable"):
        share = nodes if name in {"Active", "Total"} else 0 * nodes
        quota[f"{name} Nodes"] = share
        quota[f"{name} Cores"] = share * CORES_PER_NODE
    frames = {
        "workspace_quota": quota,
        "workspace_runs": _runs(found, plan),
        "workspace_models": registered,
        "catalog": pd.DataFrame(CATALOG),
    }
    for table, frame in frames.items():
        if "minute" in frame:
            frame["minute"] = frame["minute"].astype("datetime64[us]")
        connection.register("given", frame)
        _append(connection, table, "SELECT * FROM given")
        connection.unregister("given")


RUN_METRICS = (
    "Cancel Requested Runs",
    "Cancelled Runs",
    "Completed Runs",
    "Failed Runs",
    "Finalizing Runs",
    "Not Responding Runs",
    "Not Started Runs",
    "Preparing Runs",
    "Provisioning Runs",
    "Queued Runs",
    "Started Runs",
    "Starting Runs",
    "Errors",
    "Warnings",
)


def _runs(found: list[Job], plan: Plan) -> pd.DataFrame:
    """One row a change of status: the metric counts the runs that entered it."""
    last = {"Completed": "Completed Runs", "Failed": "Failed Runs", "Canceled": "Cancelled Runs"}
    rows = []
    for job in found:
        stages = [
            (job.submitted, "Queued Runs"),
            (job.started, "Started Runs"),
            (job.ended, last[job.status]),
        ]
        if job.error:
            stages.append((job.ended, "Errors"))
        if "azureml_modelmonitor_threshold_breached" in job.tags:
            stages.append((job.ended, "Warnings"))
        rows += [
            {
                "resource_id": names.WORKSPACE_ID,
                "minute": instant(at.replace(second=0)),
                "Scenario": "Run",
                "RunType": "PipelineRun" if job.job_type == "Pipeline" else "Experiment",
                "PublishedPipelineId": "",
                "ComputeType": "AmlCompute" if job.nodes else "ServerlessSpark",
                "PipelineStepType": "",
                "ExperimentName": job.experiment,
                **{metric: float(metric == name) for metric in RUN_METRICS},
            }
            for at, name in stages
            if at >= plan.metrics_start
        ]
    return pd.DataFrame(rows).sort_values("minute", kind="stable")


def _append(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Insert by name into a table of `metrics.duckdb`, which the first query creates."""
    exists = connection.sql(
        f"SELECT 1 FROM duckdb_tables() WHERE database_name = 'metrics' AND table_name = '{table}'"
    ).fetchall()
    verb = f"INSERT INTO metrics.{table} BY NAME" if exists else f"CREATE TABLE metrics.{table} AS"
    connection.execute(f"{verb} {query}")


_PERCENTILES = """
    round(quantile_cont(total_ms, 0.5), 2) AS RequestLatency_P50,
    round(quantile_cont(total_ms, 0.9), 2) AS RequestLatency_P90,
    round(quantile_cont(total_ms, 0.95), 2) AS RequestLatency_P95,
    round(quantile_cont(total_ms, 0.99), 2) AS RequestLatency_P99
"""
_FROM_REQUESTS = {
    "endpoint_requests": """
        SELECT {endpoint} AS resource_id, minute, deployment, status::VARCHAR AS statusCode,
            (status // 100)::VARCHAR || 'xx' AS statusCodeClass,
            CASE model_status WHEN 0 THEN '' ELSE model_status::VARCHAR END AS modelStatusCode,
            count(*)::DOUBLE AS RequestsPerMinute
        FROM asked GROUP BY ALL ORDER BY minute, deployment, statusCode, modelStatusCode""",
    "endpoint_latency": f"""
        SELECT {{endpoint}} AS resource_id, minute, deployment,
            round(avg(total_ms), 2) AS RequestLatency, {_PERCENTILES}
        FROM asked GROUP BY minute, deployment ORDER BY minute, deployment""",
    "endpoint_connections": """
        SELECT {endpoint} AS resource_id, minute,
            round(count(*) * 0.4 + sum(total_ms) / 60000, 2) AS ConnectionsActive,
            round(count(*) * 420 / 60, 1) AS NetworkBytes,
            round(count(*) * 0.6 / 60, 3) AS NewConnectionsPerSecond
        FROM asked GROUP BY minute ORDER BY minute""",
    "endpoint_collection": """
        SELECT {endpoint} AS resource_id, minute, deployment, type,
            CASE WHEN {lost} THEN 'AuthorizationPermissionMismatch' ELSE '' END AS reason,
            CASE WHEN {lost} THEN 0.0 ELSE count(*) END::DOUBLE AS DataCollectionEventsPerMinute,
            CASE WHEN {lost} THEN count(*) ELSE 0 END::DOUBLE AS DataCollectionErrorsPerMinute
        FROM asked, (VALUES ('model_inputs'), ('model_outputs')) AS collection(type)
        WHERE computed OR (given AND type = 'model_inputs')
        GROUP BY minute, deployment, type ORDER BY minute, deployment, type""",
    "deployment_requests": """
        SELECT {deployment} AS resource_id, minute, status::VARCHAR AS envoy_response_code,
            count(*)::DOUBLE AS RequestsPerMinute
        FROM asked GROUP BY minute, deployment, status ORDER BY 1, minute, 3""",
    "deployment_latency": f"""
        SELECT {{deployment}} AS resource_id, minute, {_PERCENTILES}
        FROM asked GROUP BY minute, deployment ORDER BY 1, minute""",
}
