"""Which platform metrics exist, with unit, aggregations and dimensions, as Azure Monitor lists them."""

from __future__ import annotations

from collections.abc import Iterable

_ROOT = "Microsoft.MachineLearningServices/workspaces"
_ENDPOINT = f"{_ROOT}/onlineEndpoints"
_DEPLOYMENT = f"{_ENDPOINT}/deployments"
_SPREAD = "Minimum,Maximum,Average"
_TOTALS = "Average,Maximum,Minimum,Total"
_COUNTED = f"{_TOTALS},Count"
_RUN = "Scenario,RunType,PublishedPipelineId,ComputeType,PipelineStepType,ExperimentName"


def _metrics(
    namespace: str,
    table: str,
    metrics: Iterable[str],
    unit: str,
    aggregations: str,
    dimensions: str = "",
) -> list[dict[str, str]]:
    return [
        {
            "namespace": namespace,
            "metric": metric,
            "table_name": table,
            "unit": unit,
            "aggregations": aggregations,
            "dimensions": dimensions,
        }
        for metric in metrics
    ]


_PERCENTILES = [f"RequestLatency_P{n}" for n in (50, 90, 95, 99)]
_NODES = ("Active", "Idle", "Leaving", "Preempted", "Total", "Unusable")
_RUNS = (
    "Cancel Requested",
    "Cancelled",
    "Completed",
    "Failed",
    "Finalizing",
    "Not Responding",
    "Not Started",
    "Preparing",
    "Provisioning",
    "Queued",
    "Started",
    "Starting",
)

CATALOG: list[dict[str, str]] = [
    *_metrics(
        _ENDPOINT,
        "endpoint_requests",
        ["RequestsPerMinute"],
        "Count",
        "Average",
        "deployment,statusCode,statusCodeClass,modelStatusCode",
    ),
    *_metrics(
        _ENDPOINT,
        "endpoint_latency",
        ["RequestLatency", *_PERCENTILES],
        "Milliseconds",
        "Average",
        "deployment",
    ),
    *_metrics(_ENDPOINT, "endpoint_connections", ["ConnectionsActive"], "Count", "Average"),
    *_metrics(_ENDPOINT, "endpoint_connections", ["NetworkBytes"], "BytesPerSecond", "Average"),
    *_metrics(
        _ENDPOINT, "endpoint_connections", ["NewConnectionsPerSecond"], "CountPerSecond", "Average"
    ),
    *_metrics(
        _ENDPOINT,
        "endpoint_collection",
        ["DataCollectionEventsPerMinute"],
        "Count",
        _SPREAD,
        "deployment,type",
    ),
    *_metrics(
        _ENDPOINT,
        "endpoint_collection",
        ["DataCollectionErrorsPerMinute"],
        "Count",
        _SPREAD,
        "deployment,reason,type",
    ),
    *_metrics(
        _DEPLOYMENT,
        "deployment_requests",
        ["RequestsPerMinute"],
        "Count",
        "Average",
        "envoy_response_code",
    ),
    *_metrics(_DEPLOYMENT, "deployment_latency", _PERCENTILES, "Milliseconds", "Average"),
    *_metrics(
        _DEPLOYMENT,
        "deployment_instances",
        ["CpuUtilizationPercentage", "CpuMemoryUtilizationPercentage"],
        "Percent",
        _SPREAD,
        "instanceId",
    ),
    *_metrics(
        _DEPLOYMENT,
        "deployment_instances",
        ["DiskUtilization"],
        "Percent",
        _SPREAD,
        "instanceId,disk",
    ),
    *_metrics(
        _DEPLOYMENT,
        "deployment_instances",
        ["DeploymentCapacity"],
        "Count",
        _SPREAD,
        "instanceId,State",
    ),
    *_metrics(
        _ROOT,
        "workspace_quota",
        [f"{state} {what}" for state in _NODES for what in ("Cores", "Nodes")],
        "Count",
        _TOTALS,
        "Scenario,ClusterName",
    ),
    *_metrics(
        _ROOT,
        "workspace_quota",
        ["Quota Utilization Percentage"],
        "Count",
        _TOTALS,
        "Scenario,ClusterName,VmFamilyName,VmPriority",
    ),
    *_metrics(_ROOT, "workspace_runs", [f"{s} Runs" for s in _RUNS], "Count", _COUNTED, _RUN),
    *_metrics(_ROOT, "workspace_runs", ["Errors", "Warnings"], "Count", _COUNTED, "Scenario"),
    *_metrics(
        _ROOT,
        "workspace_models",
        ["Model Deploy Failed", "Model Register Failed"],
        "Count",
        _COUNTED,
        "Scenario,StatusCode",
    ),
    *_metrics(
        _ROOT,
        "workspace_models",
        ["Model Deploy Started", "Model Deploy Succeeded", "Model Register Succeeded"],
        "Count",
        _COUNTED,
        "Scenario",
    ),
]
