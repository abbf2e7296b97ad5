"""A store of a handful of resources and minutes, and the real clients on it.

The sample workspace shows that everything works together; this one is small enough to know each
number, to break it on purpose, and to see every request that goes out.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from monitoring.settings import Settings
from monitoring.sources.azure import Azure, local_wiring
from sample.transport import Reply, Request

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUBSCRIPTION = "00000000-0000-0000-0000-000000002013"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-tiny"
ML = f"{GROUP}/providers/Microsoft.MachineLearningServices"
WORKSPACE = f"{ML}/workspaces/tiny"
REGISTRY = f"{ML}/registries/shared"
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/credit"
BLUE = f"{ENDPOINT}/deployments/blue"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DATA_PATHS = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/rg-tiny/workspaces/tiny/datastores/workspaceblobstore/paths"


def resource(id: str, created: str = "2026-06-01T00:00:00Z", **rest: Any) -> dict[str, Any]:  # noqa: A002 - ARM's word
    system = {"createdAt": created, "createdBy": "ann@example.com", "createdByType": "User"}
    return {
        "id": id,
        "name": id.rpartition("/")[2],
        "type": "/".join(id.rpartition("/providers/")[2].split("/")[:1]),
        "location": "westeurope",
        "tags": {},
        "systemData": system | {"lastModifiedAt": created, "lastModifiedBy": "ann@example.com"},
        **rest,
    }


def endpoint(name: str, **properties: Any) -> dict[str, Any]:
    return resource(
        f"{WORKSPACE}/onlineEndpoints/{name}",
        kind="Managed",
        identity={"type": "SystemAssigned", "principalId": "p", "tenantId": "t"},
        properties={
            "authMode": "Key",
            "scoringUri": f"https://{name}.example.com/score",
            "swaggerUri": f"https://{name}.example.com/swagger.json",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            "properties": {},
            "traffic": {},
            "mirrorTraffic": {},
        }
        | properties,
    )


def deployment(
    arm_id: str, model: str | None, *, created: str = "2026-06-02T00:00:00Z"
) -> dict[str, Any]:
    collections = {
        "model_inputs": {
            "dataCollectionMode": "Enabled",
            "dataId": f"{WORKSPACE}/data/credit-blue-model_inputs/versions/1",
            "samplingRate": 1.0,
        },
        "model_outputs": {"dataCollectionMode": "Disabled", "samplingRate": 1.0},
    }
    return resource(
        arm_id,
        created,
        kind="Managed",
        sku={"name": "Default", "capacity": 2},
        tags={"owner": "ann"},
        properties={
            "endpointComputeType": "Managed",
            "model": model,
            "instanceType": "Standard_DS3_v2",
            "provisioningState": "Succeeded",
            "appInsightsEnabled": True,
            "properties": {},
            "environmentVariables": {},
            "requestSettings": {"maxConcurrentRequestsPerInstance": 1, "requestTimeout": "PT5S"},
            "scaleSettings": {"scaleType": "Default"},
            "egressPublicNetworkAccess": "Enabled",
            "dataCollector": {"collections": collections, "rollingRate": "Hour"},
        },
    )


TAGS = {
    "task": "binary_classification",
    "target_column": "late",
    "prediction_column": "prediction",
    "probability_column": "probability",
    "training_data": "azureml:credit-train:1",
    "ground_truth": "azureml:credit-truth:1",
    "AUC_weighted": "0.81",
}


def model(parent: str, name: str, version: str, *, created: str, **tags: str) -> dict[str, Any]:
    return resource(
        f"{parent}/models/{name}/versions/{version}",
        created,
        properties={
            "modelUri": f"azureml://models/{name}",
            "modelType": "custom_model",
            "flavors": {},
            "isAnonymous": False,
            "isArchived": False,
            "stage": "Production",
            "tags": tags,
            "properties": {"run": "r1"},
        },
    )


def container(parent: str, kind: str, name: str, latest: str) -> dict[str, Any]:
    properties = {"latestVersion": latest, "nextVersion": "9", "isArchived": False, "tags": {}}
    if kind == "data":
        properties["dataType"] = "uri_folder"
    return resource(f"{parent}/{kind}/{name}", properties=properties)


def data(name: str, path: str) -> dict[str, Any]:
    return resource(
        f"{WORKSPACE}/data/{name}/versions/1",
        properties={
            "dataUri": f"{DATA_PATHS}/{path}",
            "dataType": "uri_folder",
            "isAnonymous": False,
            "isArchived": False,
            "tags": {},
            "properties": {},
        },
    )


def monitor(name: str, *, is_enabled: bool) -> dict[str, Any]:
    signal = {
        "signalType": "DataDrift",
        "mode": "Enabled",
        "productionData": {
            "dataContext": "model_inputs",
            "jobInputType": "uri_folder",
            "uri": "azureml:credit-blue-model_inputs:1",
            "windowSize": "P1D",
            "windowOffset": "P0D",
            "inputDataType": "Trailing",
        },
        "referenceData": {
            "dataContext": "training",
            "jobInputType": "mltable",
            "uri": "azureml:credit-train:1",
            "inputDataType": "Fixed",
        },
        "features": {"filterType": "TopNByAttribution", "top": 10},
        "metricThresholds": [
            {
                "dataType": "Numerical",
                "metric": "normalizedWassersteinDistance",
                "threshold": {"value": 0.1},
            },
            {
                "dataType": "Categorical",
                "metric": "jensenShannonDistance",
                "threshold": {"value": 0.0},
            },
        ],
    }
    definition = {
        "computeConfiguration": {
            "computeType": "ServerlessSpark",
            "runtimeVersion": "3.4",
            "instanceType": "standard_e4s_v3",
        },
        "monitoringTarget": {"taskType": "classification", "deploymentId": BLUE},
        "signals": {"data_drift": signal},
        "alertNotificationSetting": {
            "alertNotificationType": "Email",
            "emailNotificationSetting": {"emails": ["a@example.com"], "emailOn": ["JobFailed"]},
        },
    }
    return resource(
        f"{WORKSPACE}/schedules/{name}",
        properties={
            "displayName": name,
            "isEnabled": is_enabled,
            "provisioningState": "Succeeded",
            "tags": {},
            "properties": {},
            "action": {"actionType": "CreateMonitor", "monitorDefinition": definition},
            "trigger": {
                "triggerType": "Recurrence",
                "frequency": "day",
                "interval": 1,
                "timeZone": "UTC",
                "schedule": {"hours": [3], "minutes": [15]},
            },
        },
    )


def autoscale() -> dict[str, Any]:
    trigger = {
        "metricName": "CpuUtilizationPercentage",
        "metricNamespace": "",
        "metricResourceUri": BLUE,
        "timeGrain": "PT1M",
        "statistic": "Average",
        "timeWindow": "PT5M",
        "timeAggregation": "Average",
        "operator": "GreaterThan",
        "threshold": 70,
    }
    action = {"direction": "Increase", "type": "ChangeCount", "value": "2", "cooldown": "PT1H"}
    profile = {
        "name": "default",
        "capacity": {"minimum": "2", "maximum": "5", "default": "2"},
        "rules": [{"metricTrigger": trigger, "scaleAction": action}],
    }
    return resource(
        f"{GROUP}/providers/Microsoft.Insights/autoscalesettings/as1",
        properties={
            "enabled": True,
            "targetResourceUri": BLUE,
            "name": "as1",
            "profiles": [profile],
            "notifications": [],
        },
    )


def resources() -> list[dict[str, Any]]:
    versions = [
        model(WORKSPACE, "credit", str(n), created=f"2026-0{n}-01T00:00:00Z", **TAGS)
        for n in range(1, 8)
    ]
    return [
        resource(
            WORKSPACE,
            properties={
                "friendlyName": "Tiny",
                "workspaceId": "20130000-0000-0000-0000-000000000002",
                "applicationInsights": f"{GROUP}/providers/Microsoft.Insights/components/ai",
                "provisioningState": "Succeeded",
            },
            identity={"type": "SystemAssigned", "principalId": "p", "tenantId": "t"},
        ),
        resource(REGISTRY, properties={"regionDetails": [{"location": "westeurope"}]}),
        endpoint("credit", traffic={"blue": 100}, mirrorTraffic={"green": 10}),
        *(endpoint(f"more-{n}") for n in range(6)),
        deployment(BLUE, f"{WORKSPACE}/models/credit/versions/7"),
        deployment(
            f"{ENDPOINT}/deployments/green",
            "azureml://registries/shared/models/credit/versions/2",
            created="2026-11-20T00:00:00Z",
        ),
        deployment(f"{ENDPOINT}/deployments/future", None, created="2026-11-22T00:00:00Z"),
        deployment(f"{WORKSPACE}/onlineEndpoints/more-0/deployments/old", "azureml:credit:1"),
        container(WORKSPACE, "models", "credit", "7"),
        *versions,
        model(WORKSPACE, "plain", "1", created="2026-01-01T00:00:00Z"),
        container(WORKSPACE, "models", "plain", "1"),
        container(REGISTRY, "models", "credit", "2"),
        model(REGISTRY, "credit", "2", created="2026-10-01T00:00:00Z", **TAGS),
        container(WORKSPACE, "data", "credit-train", "1"),
        data("credit-train", "training/credit/1"),
        data("credit-truth", "ground_truth/credit"),
        resource(
            f"{WORKSPACE}/computes/cpu",
            properties={
                "computeType": "AmlCompute",
                "provisioningState": "Succeeded",
                "properties": {
                    "vmSize": "STANDARD_DS3_V2",
                    "vmPriority": "Dedicated",
                    "allocationState": "Steady",
                    "currentNodeCount": 1,
                    "targetNodeCount": 1,
                    "scaleSettings": {
                        "minNodeCount": 0,
                        "maxNodeCount": 4,
                        "nodeIdleTimeBeforeScaleDown": "PT120S",
                    },
                },
            },
        ),
        monitor("credit-monitor", is_enabled=True),
        monitor("paused-monitor", is_enabled=False),
        autoscale(),
        resource(
            f"{ENDPOINT}/providers/Microsoft.Insights/diagnosticSettings/to-la",
            properties={
                "workspaceId": f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/la",
                "logs": [
                    {"category": "AmlOnlineEndpointTrafficLog", "enabled": True},
                    {"category": "AmlOnlineEndpointConsoleLog", "enabled": False},
                ],
                "metrics": [],
            },
        ),
    ]


def event(number: int, time: str, **rest: Any) -> dict[str, Any]:
    return {
        "caller": "ann@example.com",
        "correlationId": f"c{number}",
        "description": "",
        "eventDataId": f"e{number}",
        "eventName": {"value": "EndRequest", "localizedValue": "End request"},
        "eventTimestamp": time,
        "submissionTimestamp": time,
        "id": f"{BLUE}/events/e{number}",
        "level": "Informational",
        "operationId": f"o{number}",
        "operationName": {
            "value": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write",
            "localizedValue": "Creates or updates an online deployment",
        },
        "resourceGroupName": "rg-tiny",
        "resourceProviderName": {"value": "Microsoft.MachineLearningServices"},
        "resourceId": BLUE,
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "subscriptionId": SUBSCRIPTION,
    } | rest


def events() -> list[dict[str, Any]]:
    many = [event(n, f"2026-11-{1 + n % 20:02}T10:{n // 20:02}:00.1234567Z") for n in range(120)]
    autoscaled = {
        "operationName": {"value": "MICROSOFT.INSIGHTS/AUTOSCALESETTINGS/SCALEUP/ACTION"},
        "resourceProviderName": {"value": "MICROSOFT.INSIGHTS"},
        "resourceGroupName": "RG-TINY",
        "status": {"value": "Failed"},
    }
    return [
        *many,
        event(200, "2026-09-01T00:00:00Z", **autoscaled),
        event(201, "2026-11-21T11:55:00Z", submissionTimestamp="2026-11-21T12:05:00Z"),
        event(202, "2026-11-22T01:00:00Z"),
    ]


def write(store: Path) -> Path:
    """Write the store and return its folder."""
    store.mkdir(parents=True, exist_ok=True)
    (store / "arm.json").write_text(json.dumps({"resources": resources()}))
    (store / "activity.json").write_text(json.dumps(events()))
    _write_metrics(store / "metrics.duckdb")
    _write_console(store / "workspace.duckdb")
    return store


def _write_metrics(path: Path) -> None:
    with duckdb.connect(path) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            "CREATE TABLE endpoint_requests(resource_id VARCHAR, minute TIMESTAMP, deployment VARCHAR,"
            " statusCode VARCHAR, statusCodeClass VARCHAR, modelStatusCode VARCHAR, RequestsPerMinute DOUBLE)"
        )
        con.execute(
            "CREATE TABLE endpoint_latency(resource_id VARCHAR, minute TIMESTAMP, deployment VARCHAR,"
            " RequestLatency DOUBLE, RequestLatency_P95 DOUBLE)"
        )
        con.execute(
            "CREATE TABLE workspace_runs(resource_id VARCHAR, minute TIMESTAMP, Scenario VARCHAR, RunType VARCHAR,"
            ' "Failed Runs" DOUBLE)'
        )
        # The last two hours and one to come: blue has 6 requests a minute of status 200 and,
        # in every fifth minute, 1 of 500; a gap lasts from 11:00 to 11:10.
        con.execute(
            """
            INSERT INTO endpoint_requests
            SELECT $e, minute, 'blue', s.code, s.class, s.code, s.n
            FROM range(TIMESTAMP '2026-11-21 10:00', TIMESTAMP '2026-11-21 13:00', INTERVAL 1 MINUTE) t(minute),
                 (VALUES ('200', '2xx', 6), ('500', '5xx', 1)) s(code, class, n)
            WHERE NOT (minute >= TIMESTAMP '2026-11-21 11:00' AND minute < TIMESTAMP '2026-11-21 11:10')
              AND (s.code = '200' OR minute(minute) % 5 = 0)
            """,
            {"e": ENDPOINT},
        )
        con.execute(
            """
            INSERT INTO endpoint_latency
            SELECT $e, minute, d, 10 * minute(minute), NULL
            FROM range(TIMESTAMP '2026-11-21 10:00', TIMESTAMP '2026-11-21 12:00', INTERVAL 1 MINUTE) t(minute),
                 (SELECT 'd' || n FROM range(14) r(n)) x(d)
            """,
            {"e": ENDPOINT},
        )
        con.execute(
            "INSERT INTO workspace_runs SELECT $w, minute, '', 'Experiment', 2"
            " FROM range(TIMESTAMP '2026-08-01', TIMESTAMP '2026-11-21 12:00', INTERVAL 1 HOUR) t(minute)",
            {"w": WORKSPACE},
        )
        con.execute(
            "CREATE TABLE catalog(namespace VARCHAR, metric VARCHAR, table_name VARCHAR, unit VARCHAR,"
            " aggregations VARCHAR, dimensions VARCHAR)"
        )
        workspaces = "Microsoft.MachineLearningServices/workspaces"
        con.executemany(
            "INSERT INTO catalog VALUES (?, ?, ?, ?, ?, ?)",
            [
                (ENDPOINTS, "RequestsPerMinute", "endpoint_requests", "Count", "Average",
                 "deployment,statusCode,statusCodeClass,modelStatusCode"),
                (ENDPOINTS, "RequestLatency", "endpoint_latency", "MilliSeconds", "Average", "deployment"),
                (ENDPOINTS, "RequestLatency_P95", "endpoint_latency", "MilliSeconds", "Average", "deployment"),
                (workspaces, "Failed Runs", "workspace_runs", "Count",
                 "Average,Minimum,Maximum,Total,Count", "Scenario,RunType"),
            ],
        )  # fmt: skip


def _write_console(path: Path) -> None:
    with duckdb.connect(path) as con:
        con.execute(
            "CREATE TABLE AmlOnlineEndpointConsoleLog(TimeGenerated TIMESTAMP, DeploymentName VARCHAR,"
            " ContainerName VARCHAR, Message VARCHAR, _ResourceId VARCHAR)"
        )
        con.execute(
            """
            INSERT INTO AmlOnlineEndpointConsoleLog
            SELECT minute, 'blue', 'inference-server', 'line ' || strftime(minute, '%H:%M'), upper($e)
            FROM range(TIMESTAMP '2026-11-21 11:00', TIMESTAMP '2026-11-21 13:00', INTERVAL 1 MINUTE) t(minute)
            """,
            {"e": ENDPOINT},
        )


def import_azure_ml() -> None:
    """Import it where its own warnings cannot fail a test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import azure.ai.ml  # noqa: F401, PLC0415 - seconds


@dataclass
class Tiny:
    """The real clients on a tiny store; `requests` lists what went out, `faults` breaks it."""

    store: Path
    settings: Settings
    requests: list[Request] = field(default_factory=list)
    faults: Callable[[Request], Reply | None] = lambda request: None

    @cached_property
    def azure(self) -> Azure:
        import_azure_ml()
        wiring = local_wiring(
            self.store,
            self.settings,
            faults=lambda request: self.faults(request),  # noqa: PLW0108 - a test may set it later
            observer=lambda request, reply: self.requests.append(request),
        )
        settings = replace(
            self.settings,
            subscription_id=SUBSCRIPTION,
            resource_group="rg-tiny",
            registry="shared",
        )
        return Azure(settings, workspace="tiny", wiring=wiring)


def tiny(folder: Path, now: datetime = NOW) -> Tiny:
    """Write a tiny store below a folder and connect to it."""
    return Tiny(write(folder / "store"), Settings(cache=folder / "cache", now=now))
