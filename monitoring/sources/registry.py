"""What exists in the Azure ML workspace and its registry: endpoints, deployments, models, data, monitors."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from monitoring.errors import SourceError
from monitoring.sources.arm import listed, one
from monitoring.sources.failures import explained
from monitoring.workspace.assets import AssetId, DataAsset
from monitoring.workspace.diagnostic_settings import DiagnosticSetting
from monitoring.workspace.endpoints import Collection, Deployment, Endpoint
from monitoring.workspace.models import ModelVersion
from monitoring.workspace.monitors import MonitorSchedule, MonitorSignal, Threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from azure.ai.ml import MLClient

    from monitoring.sources.azure import Azure

_CALLS_AT_ONCE = 4
_FIRST_USE = threading.Lock()
_READER = "AzureML Data Scientist or Reader on the workspace"
_REGISTRY_READER = "AzureML Registry User or Reader on the registry"
_MONITOR_READER = "Monitoring Reader on the resource group"

#: The version that azure-ai-ml asks for deployments in.
_ENDPOINTS = {"api-version": "2023-04-01-preview"}

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass
class Inventory:
    """Reads the workspace and its registry. Every method may raise SourceError or NotPermittedError."""

    azure: Azure

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the online endpoints with their deployments, by name.

        Read from the service's JSON: the SDK loses a whole list where it cannot translate one entry. An
        endpoint whose deployments cannot be read says so, and the others stand.
        """
        with explained("the online endpoints", role=_READER):
            path = f"{self.azure.workspace_id}/onlineEndpoints"
            found = [_endpoint(each) for each in listed(self.azure, path, _ENDPOINTS)]
        read = _each(self._with_deployments, found)
        faults = [error for _, error in read if error is not None]
        if faults and len(faults) == len(read):  # it is no odd endpoint: nothing can be read
            raise faults[0]
        return tuple(sorted((endpoint for endpoint, _ in read), key=lambda e: e.name))

    def deployment(self, endpoint: str, name: str) -> Deployment:
        """Return one deployment."""
        what = f"the deployment {name!r} of the endpoint {endpoint!r}"
        with explained(what, role=_READER):
            path = f"{self.azure.workspace_id}/onlineEndpoints/{endpoint}/deployments/{name}"
            return _deployment(one(self.azure, path, _ENDPOINTS), endpoint)

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

    def monitors(self) -> tuple[MonitorSchedule, ...]:
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

    def diagnostic_settings(self, resource_id: str) -> tuple[DiagnosticSetting, ...]:
        """Return where a resource sends its logs; nothing means that its log tables stay empty."""
        what = f"the diagnostic settings of {resource_id.rpartition('/')[2]!r}"
        with explained(what, role=_MONITOR_READER):
            path = f"{resource_id}/providers/Microsoft.Insights/diagnosticSettings"
            found = listed(self.azure, path, {"api-version": "2021-05-01-preview"})
            return tuple(_diagnostic_setting(setting) for setting in found)

    def _with_deployments(self, endpoint: Endpoint) -> tuple[Endpoint, SourceError | None]:
        try:
            with explained(f"the deployments of the endpoint {endpoint.name!r}", role=_READER):
                path = f"{self.azure.workspace_id}/onlineEndpoints/{endpoint.name}/deployments"
                found = listed(self.azure, path, _ENDPOINTS)
                deployments = [_deployment(each, endpoint.name) for each in found]
        except SourceError as error:
            return replace(endpoint, fault=str(error)), error
        deployments.sort(key=lambda deployment: deployment.name)
        return replace(endpoint, deployments=tuple(deployments)), None

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


def _endpoint(found: Mapping[str, Any]) -> Endpoint:
    faults: list[str] = []
    properties = _part(found, "properties")
    return Endpoint(
        id=found["id"],
        name=found["name"],
        location=found.get("location") or "",
        traffic=_read(faults, "its traffic", lambda: _shares(properties.get("traffic")), {}),
        mirror_traffic=_read(
            faults, "its mirrored traffic", lambda: _shares(properties.get("mirrorTraffic")), {}
        ),
        provisioning_state=str(properties.get("provisioningState") or ""),
        created=_created(found, faults),
        tags=_read(faults, "its tags", lambda: _texts(found.get("tags")), {}),
        fault=_sentence(faults),
    )


def _deployment(found: Mapping[str, Any], endpoint: str) -> Deployment:
    faults: list[str] = []
    properties = _part(found, "properties")
    return Deployment(
        id=found["id"],
        name=found["name"],
        endpoint=endpoint,
        model=_read(faults, "its model", lambda: _asset(properties.get("model")), None),
        instance_type=str(properties.get("instanceType") or ""),
        instance_count=_read(
            faults,
            "its number of instances",
            lambda: int(_part(found, "sku").get("capacity") or 0),
            0,
        ),
        provisioning_state=str(properties.get("provisioningState") or ""),
        collections=_read(faults, "its data collector", lambda: _collections(properties), {}),
        app_insights=bool(properties.get("appInsightsEnabled")),
        created=_created(found, faults),
        tags=_read(faults, "its tags", lambda: _texts(found.get("tags")), {}),
        fault=_sentence(faults),
    )


def _read(faults: list[str], what: str, read: Callable[[], _T], otherwise: _T) -> _T:
    """Return one part of an answer; where it is of another form, note that and go on without."""
    try:
        return read()
    except (AttributeError, KeyError, TypeError, ValueError, SourceError) as error:
        faults.append(f"{what} cannot be read ({error})")
        return otherwise


def _sentence(faults: Sequence[str]) -> str:
    """Return faults as one sentence.

    >>> _sentence(["its model cannot be read", "its tags cannot be read"])
    'Its model cannot be read; its tags cannot be read.'
    """
    text = "; ".join(faults)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _created(found: Mapping[str, Any], faults: list[str]) -> datetime | None:
    system = _part(found, "systemData")
    return _read(faults, "when it was created", lambda: _time(system.get("createdAt")), None)


def _asset(found: Any) -> AssetId | None:
    """Return what a deployment names as its model: an id, or a reference to one.

    Raises:
        SourceError: It is a path or a job's output: no registered model.
    """
    if isinstance(found, Mapping):
        found = found.get("assetId") or found.get("path") or found.get("jobId")
    return AssetId.parse(str(found)) if found else None


def _collections(properties: Mapping[str, Any]) -> dict[str, Collection]:
    found = _part(_part(properties, "dataCollector"), "collections")
    return {name: _collection(each or {}) for name, each in found.items()}


def _collection(found: Mapping[str, Any]) -> Collection:
    data, sampling_rate = found.get("dataId"), found.get("samplingRate")
    try:
        asset = AssetId.parse(str(data)) if data else None
    except SourceError:  # a path of its own; what is collected there is no asset
        asset = None
    return Collection(
        str(found.get("dataCollectionMode") or "").lower() == "enabled",
        asset,
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


def _monitor(schedule: Mapping[str, Any]) -> MonitorSchedule:
    properties = schedule["properties"]
    definition = _part(properties["action"], "monitorDefinition")
    target = _part(definition, "monitoringTarget")
    endpoint, deployment = _target(target.get("deploymentId") or "")
    email = _part(_part(definition, "alertNotificationSetting"), "emailNotificationSetting")
    return MonitorSchedule(
        name=schedule["name"],
        enabled=bool(properties.get("isEnabled", True)),
        endpoint=endpoint,
        deployment=deployment,
        task=target.get("taskType") or "",
        signals=tuple(_signal(n, s) for n, s in _part(definition, "signals").items()),
        emails=tuple(email.get("emails") or ()),
    )


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of an answer, which Azure may leave out or send as null."""
    return whole.get(name) or {}


def _signal(name: str, found: Mapping[str, Any]) -> MonitorSignal:
    thresholds = tuple(
        Threshold(
            _snake(t.get("metric") or ""),
            _part(t, "threshold").get("value"),
            (t.get("dataType") or "").lower(),
        )
        for t in found.get("metricThresholds") or ()
    )
    alerts = found.get("mode", "Enabled") == "Enabled"
    return MonitorSignal(name, _snake(found.get("signalType") or ""), alerts, thresholds)


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
