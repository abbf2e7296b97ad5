"""The resources of the sample workspace, as Azure Resource Manager describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sample.builder import names
from sample.builder.activity import REGISTERED_BEFORE_ROLLOUT
from sample.builder.jobs import VM_SIZE, Job
from sample.builder.models import Trained, trained_until
from sample.builder.monitors import monitors

if TYPE_CHECKING:
    from sample.builder.fleet import Deployment
    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

Resource = dict[str, Any]

_ML = "Microsoft.MachineLearningServices/workspaces"
#: Columns of the answers, by model: the prediction, and its score.
OUTPUTS = {
    "flight-delay": {"prediction_column": "late", "probability_column": "probability"},
    "flight-time": {"prediction_column": "minutes"},
    "digits": {"prediction_column": "digit", "probability_column": "probability_"},
}
LOG_CATEGORIES = (
    "AmlOnlineEndpointTrafficLog",
    "AmlOnlineEndpointConsoleLog",
    "AmlOnlineEndpointEventLog",
)


def resources(
    plan: Plan,
    incidents: Mapping[str, Incident],
    fleet: Mapping[tuple[str, str], Deployment],
    trained: Sequence[Trained],
    jobs: Sequence[Job],
) -> list[Resource]:
    """Return every resource; what a query or a page may show of them is the reader's matter."""
    born = plan.serving_start - timedelta(days=40)
    return [
        _workspace(born),
        _registry(born),
        *_endpoints(plan, fleet),
        *_deployments(plan, fleet),
        *_models(plan, incidents, trained),
        *_data(plan, incidents, fleet, trained),
        *_datastores(born),
        *_computes(born),
        *monitors(plan),
        *(_job(job) for job in jobs),
        _autoscale(),
        *_diagnostic_settings(incidents),
    ]


def system_data(at: datetime, by: str) -> dict[str, str]:
    """Return who created a resource and when; the SDK cannot read some resources without it."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.0000000+00:00"
    return {
        "createdAt": stamp,
        "createdBy": by,
        "createdByType": "User",
        "lastModifiedAt": stamp,
        "lastModifiedBy": by,
        "lastModifiedByType": "User",
    }


def _resource(
    identity: str, kind: str, properties: Resource, at: datetime, by: str, /, **more: Any
) -> Resource:
    return {
        "id": identity,
        "name": identity.rsplit("/", 1)[-1],
        "type": kind,
        "properties": properties,
        "systemData": system_data(at, by),
        **more,
    }


def _workspace(born: datetime) -> Resource:
    properties = {
        "friendlyName": names.WORKSPACE,
        "workspaceId": names.WORKSPACE_GUID,
        "provisioningState": "Succeeded",
        "applicationInsights": names.APP_INSIGHTS_ID,
        "storageAccount": names.STORAGE_ID,
        "discoveryUrl": f"https://{names.REGION}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{names.REGION}.api.azureml.ms/mlflow/v1.0{names.WORKSPACE_ID}",
        "publicNetworkAccess": "Enabled",
        "tenantId": names.TENANT,
        "hbiWorkspace": False,
        "systemDatastoresAuthMode": "identity",
    }
    return _resource(
        names.WORKSPACE_ID,
        _ML,
        properties,
        born,
        names.PLATFORM_TEAM,
        location=names.REGION,
        tags={},
        kind="Default",
        identity={"type": "SystemAssigned", "tenantId": names.TENANT},
        sku={"name": "Basic", "tier": "Basic"},
    )


def _registry(born: datetime) -> Resource:
    properties = {
        "discoveryUrl": f"https://{names.REGION}.api.azureml.ms/registrymanagement/v1.0/registries/{names.REGISTRY}/discovery",
        "mlFlowRegistryUri": f"azureml://{names.REGION}.api.azureml.ms/mlflow/v1.0{names.REGISTRY_ID}",
        "publicNetworkAccess": "Enabled",
        "regionDetails": [{"location": names.REGION}],
    }
    return _resource(
        names.REGISTRY_ID,
        "Microsoft.MachineLearningServices/registries",
        properties,
        born,
        names.PLATFORM_TEAM,
        location=names.REGION,
        tags={},
    )


def _endpoints(plan: Plan, fleet: Mapping[tuple[str, str], Deployment]) -> Iterator[Resource]:
    owners = {"flight-delay": names.ANA, "flight-time": names.BEN, "digits": names.CHI}
    texts = {
        "flight-delay": "Will this flight land more than 15 minutes late?",
        "flight-time": "How many minutes will this flight be in the air?",
        "digits": "Which digit is on this scan?",
    }
    for endpoint in names.ENDPOINTS:
        born = plan.digits_start if endpoint == "digits" else fleet[endpoint, "blue"].start
        born -= timedelta(hours=2)
        host = f"https://{endpoint}.{names.REGION}.inference.ml.azure.com"
        properties = {
            "authMode": "Key",
            "description": texts[endpoint],
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            "scoringUri": f"{host}/score",
            "swaggerUri": f"{host}/swagger.json",
            "traffic": {"blue": 90, "green": 10} if endpoint == "flight-delay" else {"blue": 100},
            "mirrorTraffic": {},
            "properties": {
                "createdBy": owners[endpoint],
                "createdAt": f"{born:%Y-%m-%dT%H:%M:%S}+0000",
            },
        }
        yield _resource(
            names.endpoint_id(endpoint),
            f"{_ML}/onlineEndpoints",
            properties,
            born,
            owners[endpoint],
            kind="Managed",
            location=names.REGION,
            identity={"type": "SystemAssigned", "tenantId": names.TENANT},
            tags={"owner": owners[endpoint]},
        )


def _deployments(plan: Plan, fleet: Mapping[tuple[str, str], Deployment]) -> Iterator[Resource]:
    for (endpoint, name), each in fleet.items():
        born = plan.green_start - timedelta(minutes=21) if name == "green" else each.start
        properties = {
            "endpointComputeType": "Managed",
            "model": names.model_id(endpoint, each.model_version),
            "environmentId": f"{names.WORKSPACE_ID}/environments/sklearn/versions/9",
            "codeConfiguration": {
                "codeId": f"{names.WORKSPACE_ID}/codes/score/versions/4",
                "scoringScript": "score.py",
            },
            "environmentVariables": {},
            "instanceType": each.instance_type,
            "appInsightsEnabled": endpoint != "digits",
            "scaleSettings": {"scaleType": "Default"},
            "requestSettings": {
                "maxConcurrentRequestsPerInstance": 1,
                "requestTimeout": "PT5S",
                "maxQueueWait": "PT0.5S",
            },
            "livenessProbe": _probe(),
            "readinessProbe": _probe(),
            "egressPublicNetworkAccess": "Enabled",
            "provisioningState": "Succeeded",
            "dataCollector": _collector(endpoint, name),
            "properties": {},
        }
        count = 3 if endpoint == "digits" else 2 if name == "blue" else 1
        yield _resource(
            names.deployment_id(endpoint, name),
            f"{_ML}/onlineEndpoints/deployments",
            properties,
            born,
            names.ANA,
            kind="Managed",
            location=names.REGION,
            sku={"name": "Default", "tier": "Standard", "capacity": count},
            tags={},
        )


def _probe() -> Resource:
    return {
        "initialDelay": "PT10S",
        "period": "PT10S",
        "timeout": "PT2S",
        "successThreshold": 1,
        "failureThreshold": 30,
    }


def _collector(endpoint: str, deployment: str) -> Resource:
    collections = {
        name: {
            "dataCollectionMode": "Enabled",
            "dataId": names.data_id(f"{endpoint}-{deployment}-{name}", "1"),
            "samplingRate": 1.0,
        }
        for name in ("model_inputs", "model_outputs")
    }
    return {"collections": collections, "rollingRate": "Hour"}


def _tags(model: Trained) -> dict[str, str]:
    return {
        "task": model.task,
        "target_column": model.target,
        **OUTPUTS[model.name],
        "training_data": f"azureml:{model.name}-training:{model.version}",
        "ground_truth": f"azureml:{model.name}-ground-truth:1",
        "framework": "scikit-learn",
        **{name: str(score) for name, score in model.scores.items()},
    }


def _models(
    plan: Plan, incidents: Mapping[str, Incident], trained: Sequence[Trained]
) -> Iterator[Resource]:
    """Yield containers and versions, in the workspace and, promoted an hour later, in the registry."""
    for root, kind, later in (
        (names.WORKSPACE_ID, f"{_ML}/models", timedelta()),
        (
            names.REGISTRY_ID,
            "Microsoft.MachineLearningServices/registries/models",
            timedelta(hours=1),
        ),
    ):
        for name in sorted({model.name for model in trained}):
            versions = [model for model in trained if model.name == name]
            first = registered(plan, incidents, versions[0]) + later
            container = {
                "latestVersion": versions[-1].version,
                "nextVersion": str(int(versions[-1].version) + 1),
                "isArchived": False,
                "tags": {},
                "properties": {},
            }
            yield _resource(f"{root}/models/{name}", kind, container, first, names.ANA)
            for model in versions:
                at = registered(plan, incidents, model) + later
                version = _model_version(model, root)
                identity = f"{root}/models/{name}/versions/{model.version}"
                yield _resource(identity, f"{kind}/versions", version, at, names.ANA)


def registered(plan: Plan, incidents: Mapping[str, Incident], model: Trained) -> datetime:
    """Return when a model version was registered."""
    if model.name == "digits":
        return plan.digits_start - timedelta(days=3)
    if model.version == "2":
        return incidents["green-fails"].onset - REGISTERED_BEFORE_ROLLOUT
    return plan.serving_start - timedelta(hours=8)


def _model_version(model: Trained, root: str) -> Resource:
    in_registry = root == names.REGISTRY_ID
    uri = (
        f"azureml://registries/{names.REGISTRY}/models/{model.name}/versions/{model.version}"
        if in_registry
        else f"azureml://subscriptions/{names.SUBSCRIPTION}/resourceGroups/{names.RESOURCE_GROUP}"
        f"/workspaces/{names.WORKSPACE}/datastores/workspaceblobstore/paths/models/{model.name}/{model.version}"
    )
    properties = {"source_model": names.model_id(model.name, model.version)} if in_registry else {}
    return {
        "modelUri": uri,
        "modelType": "custom_model",
        "description": "",
        "flavors": {},
        "isArchived": False,
        "isAnonymous": False,
        "stage": "Production",
        "tags": _tags(model),
        "properties": properties,
        "provisioningState": "Succeeded",
    }


def _data(
    plan: Plan,
    incidents: Mapping[str, Incident],
    fleet: Mapping[tuple[str, str], Deployment],
    trained: Sequence[Trained],
) -> Iterator[Resource]:
    """Yield training data, ground truth and collected data, with their containers."""
    found = []
    for model in trained:
        at = registered(plan, incidents, model) - timedelta(hours=3)
        until = trained_until(model, plan.shift)
        tags = {"rows": str(len(model.training)), "until": f"{until:%Y-%m-%d}"}
        path = f"training/{model.name}/{model.version}/data.parquet"
        found.append((f"{model.name}-training", model.version, "uri_file", path, at, tags))
    for endpoint in names.ENDPOINTS:
        at = fleet[endpoint, "blue"].start
        path = f"ground_truth/{endpoint}/"
        found.append((f"{endpoint}-ground-truth", "1", "uri_folder", path, at, {}))
    for endpoint, deployment in fleet:
        at = fleet[endpoint, deployment].start
        for collection in ("model_inputs", "model_outputs"):
            path = f"modelDataCollector/{endpoint}/{deployment}/{collection}/"
            name = f"{endpoint}-{deployment}-{collection}"
            found.append((name, "1", "uri_folder", path, at, {}))
    for name in sorted({each[0] for each in found}):
        versions = sorted((each for each in found if each[0] == name), key=lambda each: each[1])
        container = {
            "dataType": versions[0][2],
            "isArchived": False,
            "latestVersion": versions[-1][1],
            "nextVersion": str(int(versions[-1][1]) + 1),
            "tags": {},
            "properties": {},
        }
        yield _resource(
            f"{names.WORKSPACE_ID}/data/{name}", f"{_ML}/data", container, versions[0][4], names.ANA
        )
        for _, version, kind, path, at, tags in versions:
            yield _data_version(name, version, kind, path, at, tags)


def _data_version(
    name: str, version: str, kind: str, path: str, at: datetime, tags: dict[str, str]
) -> Resource:
    uri = (
        f"azureml://subscriptions/{names.SUBSCRIPTION}/resourcegroups/{names.RESOURCE_GROUP}"
        f"/workspaces/{names.WORKSPACE}/datastores/workspaceblobstore/paths/{path}"
    )
    properties = {
        "dataType": kind,
        "dataUri": uri,
        "isAnonymous": False,
        "isArchived": False,
        "tags": tags,
        "properties": {},
    }
    return _resource(
        names.data_id(name, version), f"{_ML}/data/versions", properties, at, names.ANA
    )


def _datastores(born: datetime) -> Iterator[Resource]:
    properties = {
        "datastoreType": "AzureBlob",
        "isDefault": True,
        "accountName": names.STORAGE_ACCOUNT,
        "containerName": names.CONTAINER,
        "endpoint": "core.windows.net",
        "protocol": "https",
        "serviceDataAccessAuthIdentity": "None",
        "credentials": {"credentialsType": "None"},
        "tags": {},
        "properties": {},
    }
    identity = f"{names.WORKSPACE_ID}/datastores/workspaceblobstore"
    yield _resource(identity, f"{_ML}/datastores", properties, born, names.PLATFORM_TEAM)


def _computes(born: datetime) -> Iterator[Resource]:
    properties = {
        "computeType": "AmlCompute",
        "computeLocation": names.REGION,
        "provisioningState": "Succeeded",
        "createdOn": f"{born:%Y-%m-%dT%H:%M:%S}.0000000+00:00",
        "modifiedOn": f"{born:%Y-%m-%dT%H:%M:%S}.0000000+00:00",
        "isAttachedCompute": False,
        "disableLocalAuth": True,
        "properties": {
            "vmSize": VM_SIZE,
            "vmPriority": "Dedicated",
            "osType": "Linux",
            "scaleSettings": {
                "minNodeCount": 0,
                "maxNodeCount": 16,
                "nodeIdleTimeBeforeScaleDown": "PT10M",
            },
            "allocationState": "Steady",
            "currentNodeCount": 0,
            "targetNodeCount": 0,
        },
    }
    yield _resource(
        names.CLUSTER_ID,
        f"{_ML}/computes",
        properties,
        born,
        names.CHI,
        location=names.REGION,
        tags={},
    )


def _job(job: Job) -> Resource:
    serverless = f"{names.WORKSPACE_ID}/virtualclusters/serverless"
    properties: Resource = {
        "jobType": job.job_type,
        "displayName": job.display_name,
        "status": job.status,
        "experimentName": job.experiment,
        "computeId": names.CLUSTER_ID if job.nodes else serverless,
        "isArchived": False,
        "services": {
            "Studio": {
                "jobServiceType": "Studio",
                "endpoint": f"https://ml.azure.com/runs/{job.name}?wsid={names.WORKSPACE_ID}",
            }
        },
        "tags": dict(job.tags),
        "properties": {
            "StartTimeUtc": f"{job.started:%Y-%m-%d %H:%M:%S}",
            "EndTimeUtc": f"{job.ended:%Y-%m-%d %H:%M:%S}",
        },
        "inputs": {},
        "outputs": {},
    }
    if job.error:
        properties["properties"]["error"] = job.error
    environment = f"{names.WORKSPACE_ID}/environments/sklearn/versions/9"
    if job.job_type == "Command":
        properties |= {"command": "python train.py", "environmentId": environment}
    if job.job_type == "Pipeline":
        properties |= {"jobs": {}, "settings": {}}
    if job.job_type == "Sweep":
        properties |= _sweep(environment)
    identity = f"{names.WORKSPACE_ID}/jobs/{job.name}"
    return _resource(identity, f"{_ML}/jobs", properties, job.submitted, job.caller)


def _sweep(environment: str) -> Resource:
    return {
        "samplingAlgorithm": {"samplingAlgorithmType": "Random"},
        "searchSpace": {"learning_rate": ["uniform", [0.01, 0.3]]},
        "objective": {"goal": "Maximize", "primaryMetric": "AUC_weighted"},
        "trial": {"command": "python train.py", "environmentId": environment},
        "limits": {"jobLimitsType": "Sweep", "maxTotalTrials": 400, "maxConcurrentTrials": 11},
    }


def _autoscale() -> Resource:
    target = names.deployment_id("flight-delay", "blue")
    identity = f"{names.RESOURCE_GROUP_ID}/providers/Microsoft.Insights/autoscaleSettings/autoscale-flight-delay"
    rules = [
        _rule(target, "GreaterThan", 70, "Increase", "PT5M"),
        _rule(target, "LessThan", 25, "Decrease", "PT1H"),
    ]
    properties = {
        "name": "autoscale-flight-delay",
        "enabled": True,
        "targetResourceUri": target,
        "targetResourceLocation": names.REGION,
        "profiles": [
            {
                "name": "default",
                "capacity": {"minimum": "2", "maximum": "4", "default": "2"},
                "rules": rules,
            }
        ],
        "notifications": [],
        "predictiveAutoscalePolicy": {"scaleMode": "Disabled"},
    }
    return {
        "id": identity,
        "name": "autoscale-flight-delay",
        "type": "Microsoft.Insights/autoscaleSettings",
        "location": names.REGION,
        "tags": {},
        "properties": properties,
    }


def _rule(target: str, operator: str, threshold: float, direction: str, cooldown: str) -> Resource:
    return {
        "metricTrigger": {
            "metricName": "CpuUtilizationPercentage",
            "metricNamespace": "",
            "metricResourceUri": target,
            "timeGrain": "PT1M",
            "statistic": "Average",
            "timeWindow": "PT5M",
            "timeAggregation": "Average",
            "operator": operator,
            "threshold": threshold,
            "dimensions": [],
            "dividePerInstance": False,
        },
        "scaleAction": {
            "direction": direction,
            "type": "ChangeCount",
            "value": "1",
            "cooldown": cooldown,
        },
    }


def _diagnostic_settings(incidents: Mapping[str, Incident]) -> Iterator[Resource]:
    """Yield where each resource sends its logs. digits' setting leaves the console log out."""
    missing = incidents["digits-console-unlogged"].cause["message"]
    for endpoint in names.ENDPOINTS:
        chosen = [c for c in LOG_CATEGORIES if endpoint != "digits" or c != missing]
        yield _diagnostic_setting(names.endpoint_id(endpoint), chosen)
    workspace = (
        "AmlComputeClusterEvent",
        "AmlComputeCpuGpuUtilization",
        "AmlComputeJobEvent",
        "AmlRunStatusChangedEvent",
        "ModelsChangeEvent",
        "ModelsReadEvent",
        "ModelsActionEvent",
    )
    yield _diagnostic_setting(names.WORKSPACE_ID, workspace)
    registry = ("RegistryAssetReadEvent", "RegistryAssetWriteEvent")
    yield _diagnostic_setting(names.REGISTRY_ID, registry)


def _diagnostic_setting(target: str, categories: Sequence[str]) -> Resource:
    return {
        "id": f"{target}/providers/Microsoft.Insights/diagnosticSettings/logs",
        "name": "logs",
        "type": "Microsoft.Insights/diagnosticSettings",
        "properties": {
            "workspaceId": names.LOG_ANALYTICS_ID,
            "logAnalyticsDestinationType": "Dedicated",
            "logs": [{"category": category, "enabled": True} for category in categories],
            "metrics": [],
        },
    }
