"""What exists in the Azure ML workspace and its registry: endpoints, deployments, models, data, monitors."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args
from urllib.parse import urlsplit

from monitoring.errors import SourceError
from monitoring.sources.arm import listed
from monitoring.sources.failures import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azure.ai.ml import MLClient

    from monitoring.sources.azure import Azure

Task = Literal["binary_classification", "multiclass_classification", "regression"]
TASKS: tuple[str, ...] = get_args(Task)
#: Tags that say what a model version is; every other numeric tag is a training metric.
MODEL_TAGS = (
    "task",
    "target_column",
    "prediction_column",
    "probability_column",
    "training_data",
    "ground_truth",
)
_CALLS_AT_ONCE = 4
_FIRST_USE = threading.Lock()
_READER = "AzureML Data Scientist or Reader on the workspace"
_REGISTRY_READER = "AzureML Registry User or Reader on the registry"
_MONITOR_READER = "Monitoring Reader on the resource group"

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class AssetId:
    """Name and version of a model or data asset, and the registry it lies in (None: the workspace).

    >>> AssetId.parse("azureml://registries/shared/models/credit/versions/2")
    AssetId(name='credit', version='2', registry='shared')
    >>> str(AssetId.parse("azureml:credit:7"))
    'credit:7'
    """

    name: str
    version: str
    registry: str | None = None

    @classmethod
    def parse(cls, text: str) -> AssetId:
        """Read an asset id in any of the forms that Azure ML writes.

        Raises:
            SourceError: It is none of them.
        """
        versioned = re.search(r"/(?:models|data)/([^/]+)/versions/([^/]+)/?$", text, re.IGNORECASE)
        if versioned:
            registry = re.search(r"(?:^|[:/])registries/([^/]+)/", text, re.IGNORECASE)
            return cls(versioned[1], versioned[2], registry[1] if registry else None)
        if short := re.fullmatch(r"(?:azureml:)?(?!azureml:)([^:/]+):([^:/]+)", text):
            return cls(short[1], short[2])
        raise SourceError(
            f"Cannot read the asset id {text!r}", hint="Write it as azureml:<name>:<version>."
        )

    def __str__(self) -> str:
        return f"{self.name}:{self.version}" + (f" in {self.registry}" if self.registry else "")

    @property
    def where(self) -> Literal["workspace", "registry"]:
        """Whether it lies in the workspace or in a registry."""
        return "registry" if self.registry else "workspace"


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of the model data collector, and the data asset that it fills.

    sampling_rate: share of the calls that are kept; each collection draws on its own.
    """

    enabled: bool
    data: AssetId | None = None
    sampling_rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of an online endpoint."""

    id: str
    name: str
    endpoint: str
    model: AssetId | None
    instance_type: str
    instance_count: int
    provisioning_state: str
    collections: Mapping[str, Collection]
    app_insights: bool
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One online endpoint; `traffic` and `mirror_traffic` are percent by deployment."""

    id: str
    name: str
    location: str
    traffic: Mapping[str, int]
    mirror_traffic: Mapping[str, int]
    provisioning_state: str
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a registered model, and what its tags say it is."""

    name: str
    version: str
    stage: str
    created: datetime | None
    registry: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> AssetId:
        """Its name, version and place."""
        return AssetId(self.name, self.version, self.registry)

    @property
    def task(self) -> Task | None:
        """What it predicts; None when the tag is missing or not one of TASKS."""
        return self.tags.get("task") if self.tags.get("task") in TASKS else None  # type: ignore[return-value]  # checked

    @property
    def target_column(self) -> str | None:
        """The column of the training data and of the ground truth that it predicts."""
        return self.tags.get("target_column")

    @property
    def prediction_column(self) -> str | None:
        """The column of `model_outputs` with the answer."""
        return self.tags.get("prediction_column")

    @property
    def probability_column(self) -> str | None:
        """The column of `model_outputs` with the score; for a multiclass model, what all begin with."""
        return self.tags.get("probability_column")

    @property
    def training_data(self) -> AssetId | None:
        """The data it was trained on."""
        return self._asset("training_data")

    @property
    def ground_truth(self) -> AssetId | None:
        """Where its labels arrive."""
        return self._asset("ground_truth")

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics noted at training, from the tags that are numbers."""
        return {
            name: float(text)
            for name, text in self.tags.items()
            if name not in MODEL_TAGS and _is_number(text)
        }

    def needed(self, tag: str) -> str:
        """Return what one of MODEL_TAGS says.

        Raises:
            SourceError: The model version does not have the tag, or it cannot be used.
        """
        if not (text := self.tags.get(tag)):
            raise SourceError(
                f"The model {str(self.id)!r} does not say its {tag}",
                hint=f"Add the tag {tag} to the model version in Azure ML.",
            )
        if tag == "task" and text not in TASKS:
            raise SourceError(
                f"The model {str(self.id)!r} has the unknown task {text!r}",
                hint=f"Set the tag task to one of {', '.join(TASKS)}.",
            )
        return text

    def _asset(self, tag: str) -> AssetId | None:
        text = self.tags.get(tag)
        return AssetId.parse(text) if text else None


@dataclass(frozen=True, slots=True)
class DataAsset:
    """One version of a data asset. `path` is relative to the root of its container."""

    name: str
    version: str
    path: str
    uri: str
    datastore: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold of a monitoring signal, in Azure ML's snake case; value None: Azure's default."""

    metric: str
    value: float | None
    data_type: str = ""


@dataclass(frozen=True, slots=True)
class MonitorSignal:
    """One signal of a monitor: `data_drift`, `data_quality`, ..."""

    name: str
    type: str
    alerts: bool
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True, slots=True)
class Monitor:
    """One of Azure ML's own monitoring schedules; `endpoint` and `deployment` are "" without a target."""

    name: str
    enabled: bool
    endpoint: str
    deployment: str
    task: str
    signals: tuple[MonitorSignal, ...]
    every: str
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compute:
    """One compute target."""

    name: str
    type: str
    size: str
    provisioning_state: str
    minimum_nodes: int | None = None
    maximum_nodes: int | None = None


@dataclass(frozen=True, slots=True)
class DiagnosticSetting:
    """Where a resource sends its logs, and which categories."""

    name: str
    workspace_id: str
    categories: frozenset[str]


@dataclass
class Inventory:
    """Reads the workspace and its registry. Every method may raise SourceError or NotPermittedError."""

    azure: Azure

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the online endpoints with their deployments, by name."""
        with explained("the online endpoints", role=_READER):
            found = [_endpoint(e) for e in self.azure.workspace_client.online_endpoints.list()]
        return tuple(sorted(_each(self._with_deployments, found), key=lambda e: e.name))

    def deployment(self, endpoint: str, name: str) -> Deployment:
        """Return one deployment."""
        what = f"the deployment {name!r} of the endpoint {endpoint!r}"
        with explained(what, role=_READER):
            client = self.azure.workspace_client
            return _deployment(client.online_deployments.get(name, endpoint), endpoint)

    def models(self) -> tuple[ModelVersion, ...]:
        """Return all versions of all active models of workspace and registry, newest version first."""
        with explained("the workspace", role=_READER):
            clients: list[tuple[MLClient, str | None]] = [(self.azure.workspace_client, None)]
        if registry := self._registry():
            clients.append(registry)
        found = [model for client, name in clients for model in self._models(client, name)]
        found.sort(
            key=lambda model: model.created or datetime.min.replace(tzinfo=UTC), reverse=True
        )
        return tuple(sorted(found, key=lambda model: (model.name, model.registry or "")))

    def model(self, name: str, version: str, registry: str | None = None) -> ModelVersion:
        """Return one model version of the workspace, or of a registry."""
        client, role = self._client(registry)
        with explained(f"the model {str(AssetId(name, version, registry))!r}", role=role):
            return _model(client.models.get(name, version), registry)

    def data(self, name: str, version: str, registry: str | None = None) -> DataAsset:
        """Return one version of a data asset."""
        client, role = self._client(registry)
        with explained(f"the data asset {str(AssetId(name, version, registry))!r}", role=role):
            found = client.data.get(name, version)
            uri = str(found.path)
            datastore, path = container_path(uri)
            return DataAsset(name, version, path, uri, datastore)

    def monitors(self) -> tuple[Monitor, ...]:
        """Return Azure ML's own monitors, disabled ones too, by name.

        Read from the service's JSON: the SDK hides disabled ones and drops, with a line on the
        standard output, each that it cannot translate.
        """
        with explained("the monitoring schedules", role=_READER):
            path = f"{self.azure.workspace_id}/schedules"
            query = {"api-version": "2023-06-01-preview", "listViewType": "All"}
            found = [
                _monitor(schedule)
                for schedule in listed(self.azure, path, query)
                if schedule["properties"]["action"].get("actionType") == "CreateMonitor"
            ]
        return tuple(sorted(found, key=lambda monitor: monitor.name))

    def computes(self) -> tuple[Compute, ...]:
        """Return the compute targets, by name."""
        with explained("the compute targets", role=_READER):
            found = [_compute(c) for c in self.azure.workspace_client.compute.list()]
        return tuple(sorted(found, key=lambda compute: compute.name))

    def diagnostic_settings(self, resource_id: str) -> tuple[DiagnosticSetting, ...]:
        """Return where a resource sends its logs; nothing means that its log tables stay empty."""
        what = f"the diagnostic settings of {resource_id.rpartition('/')[2]!r}"
        with explained(what, role=_MONITOR_READER):
            path = f"{resource_id}/providers/Microsoft.Insights/diagnosticSettings"
            found = listed(self.azure, path, {"api-version": "2021-05-01-preview"})
            return tuple(_diagnostic_setting(setting) for setting in found)

    def _with_deployments(self, endpoint: Endpoint) -> Endpoint:
        with explained(f"the deployments of the endpoint {endpoint.name!r}", role=_READER):
            found = self.azure.workspace_client.online_deployments.list(endpoint.name)
            deployments = [_deployment(d, endpoint.name) for d in found]
        deployments.sort(key=lambda deployment: deployment.name)
        return replace(endpoint, deployments=tuple(deployments))

    def _models(self, client: MLClient, registry: str | None) -> list[ModelVersion]:
        where = f"the registry {registry!r}" if registry else "the workspace"
        role = _REGISTRY_READER if registry else _READER

        def versions(name: str) -> list[ModelVersion]:
            with explained(f"the versions of the model {name!r} in {where}", role=role):
                return [_model(model, registry) for model in client.models.list(name=name)]

        with explained(f"the models of {where}", role=role):
            names = [str(model.name) for model in client.models.list()]
        return [model for found in _each(versions, names) for model in found]

    def _registry(self) -> tuple[MLClient, str] | None:
        with explained(f"the registry {self.azure.registry!r}", role=_REGISTRY_READER):
            client = self.azure.registry_client
        return (client, str(self.azure.registry)) if client is not None else None

    def _client(self, registry: str | None) -> tuple[MLClient, str]:
        if registry is None:
            return self.azure.workspace_client, _READER
        configured = self._registry()
        if configured is None or configured[1].lower() != registry.lower():
            raise SourceError(
                f"Cannot read the registry {registry!r}: it is not the configured one",
                hint=f"Set AZURE_ML_REGISTRY={registry}.",
            )
        return configured[0], _REGISTRY_READER


def container_path(uri: str) -> tuple[str, str]:
    """Return the datastore, if it is named, and the path inside its container.

    >>> container_path("azureml://datastores/workspaceblobstore/paths/training/a/")
    ('workspaceblobstore', 'training/a')
    >>> container_path("https://store.blob.core.windows.net/container/training/a.parquet")
    ('', 'training/a.parquet')
    """
    if named := re.search(r"/?datastores/([^/]+)/paths/(.*)$", uri, re.IGNORECASE):
        return named[1], named[2].strip("/")
    parts = urlsplit(uri)
    path = parts.path.strip("/")
    # abfss://container@account/path names the container before the account, https:// after it.
    return "", path if "@" in parts.netloc else path.partition("/")[2]


def _each(work: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """Do it for each item, a few at a time: most of the time goes in waiting for Azure.

    The first is done alone: the SDK completes its models when they are first used, and threads that
    meet in that find dictionaries in place of objects.
    """
    waiting = list(items)
    with _FIRST_USE:
        done = [work(item) for item in waiting[:1]]
    with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
        return done + list(pool.map(work, waiting[1:]))


def _endpoint(found: Any) -> Endpoint:
    return Endpoint(
        id=found.id,
        name=found.name,
        location=found.location or "",
        traffic=_shares(found.traffic),
        mirror_traffic=_shares(found.mirror_traffic),
        provisioning_state=_plain(found.provisioning_state),
        created=_time((found.properties or {}).get("createdAt")),
        tags=_texts(found.tags),
    )


def _deployment(found: Any, endpoint: str) -> Deployment:
    collector = found.data_collector.collections if found.data_collector else {}
    context = getattr(found, "creation_context", None)
    return Deployment(
        id=found.id,
        name=found.name,
        endpoint=endpoint,
        model=AssetId.parse(str(found.model)) if found.model else None,
        instance_type=found.instance_type or "",
        instance_count=int(found.instance_count or 0),
        provisioning_state=_plain(found.provisioning_state),
        collections={name: _collection(c) for name, c in (collector or {}).items()},
        app_insights=bool(found.app_insights_enabled),
        created=_utc(context),
        tags=_texts(found.tags),
    )


def _collection(found: Any) -> Collection:
    # The SDK gives the text 'true', and the asset as the id that it read.
    data = AssetId.parse(str(found.data)) if found.data else None
    sampling_rate = getattr(found, "sampling_rate", None)
    return Collection(
        str(found.enabled).lower() == "true",
        data,
        1.0 if sampling_rate is None else float(sampling_rate),
    )


def _model(found: Any, registry: str | None) -> ModelVersion:
    context = found.creation_context
    return ModelVersion(
        name=found.name,
        version=str(found.version),
        stage=found.stage or "",
        created=_utc(context),
        registry=registry,
        tags=_texts(found.tags),
        properties=_texts(found.properties),
    )


def _monitor(schedule: Mapping[str, Any]) -> Monitor:
    properties = schedule["properties"]
    definition = properties["action"].get("monitorDefinition") or {}
    target = definition.get("monitoringTarget") or {}
    endpoint, deployment = _target(target.get("deploymentId") or "")
    alert = definition.get("alertNotificationSetting") or {}
    emails = (alert.get("emailNotificationSetting") or {}).get("emails") or ()
    return Monitor(
        name=schedule["name"],
        enabled=bool(properties.get("isEnabled", True)),
        endpoint=endpoint,
        deployment=deployment,
        task=target.get("taskType") or "",
        signals=tuple(_signal(n, s) for n, s in (definition.get("signals") or {}).items()),
        every=_trigger(properties.get("trigger") or {}),
        emails=tuple(emails),
    )


def _signal(name: str, found: Mapping[str, Any]) -> MonitorSignal:
    thresholds = tuple(
        Threshold(
            _snake(t.get("metric") or ""),
            (t.get("threshold") or {}).get("value"),
            (t.get("dataType") or "").lower(),
        )
        for t in found.get("metricThresholds") or ()
    )
    alerts = found.get("mode", "Enabled") == "Enabled"
    return MonitorSignal(name, _snake(found.get("signalType") or ""), alerts, thresholds)


def _trigger(trigger: Mapping[str, Any]) -> str:
    if trigger.get("triggerType") == "Cron":
        return str(trigger.get("expression") or "")
    interval, unit = trigger.get("interval") or 1, str(trigger.get("frequency") or "").lower()
    return f"every {unit}" if interval == 1 else f"every {interval} {unit}s"


def _compute(found: Any) -> Compute:
    return Compute(
        name=found.name,
        type=str(found.type or "").lower(),
        size=str(getattr(found, "size", None) or ""),
        provisioning_state=_plain(found.provisioning_state),
        minimum_nodes=getattr(found, "min_instances", None),
        maximum_nodes=getattr(found, "max_instances", None),
    )


def _diagnostic_setting(found: Mapping[str, Any]) -> DiagnosticSetting:
    properties = found["properties"]
    on = [log for log in properties.get("logs") or () if log.get("enabled")]
    return DiagnosticSetting(
        name=found["name"],
        workspace_id=properties.get("workspaceId") or "",
        categories=frozenset(log.get("category") or log.get("categoryGroup") or "" for log in on),
    )


def _target(deployment_id: str) -> tuple[str, str]:
    """Return endpoint and deployment of a deployment's id, or of `azureml:endpoint:deployment`."""
    named = re.search(
        r"/onlineEndpoints/([^/]+)(?:/deployments/([^/]+))?", deployment_id, re.IGNORECASE
    ) or re.fullmatch(r"azureml:([^:/]+):([^:/]+)", deployment_id)
    return (named[1], named[2] or "") if named else ("", "")


def _snake(text: str) -> str:
    """Return Azure's camel case in the snake case of its YAML.

    >>> _snake("normalizedWassersteinDistance"), _snake("DataDrift")
    ('normalized_wasserstein_distance', 'data_drift')
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", text).lower()


def _shares(found: Mapping[str, Any] | None) -> dict[str, int]:
    return {name: int(share) for name, share in (found or {}).items()}


def _texts(found: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(k): str(v) for k, v in (found or {}).items() if v is not None}


def _plain(value: Any) -> str:
    """Return the text of what may be one of the SDK's enumerations."""
    return str(getattr(value, "value", value) or "")


def _utc(context: Any) -> datetime | None:
    """Return when the SDK says that something was created, in Python's own UTC."""
    return context.created_at.astimezone(UTC) if context and context.created_at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
