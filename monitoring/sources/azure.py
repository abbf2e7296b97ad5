"""The one factory of Azure clients, for Azure and for the sample workspace.

Both get the same clients from the same constructors. With no Azure configured, three things differ
and nothing else: the credential, the transport (requests are answered in this process, nothing
leaves the machine) and where collected data lies (a folder in place of a blob container).
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import fsspec
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RetryPolicy
from azure.identity import DefaultAzureCredential
from azure.mgmt.monitor import MonitorManagementClient
from azure.monitor.query import LogsQueryClient
from azure.monitor.querymetrics import MetricsClient

from monitoring.errors import InputError
from monitoring.sources.budget import QueryBudget

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

    from monitoring.settings import Settings
    from sample.transport import Faults, Observer, Route

T = TypeVar("T")

#: Questions for platform metrics at a time, of all sessions.
METRICS_AT_ONCE = 8
LOGS_ENDPOINT = "https://api.loganalytics.io"
#: What `az` and its like have to answer in: on a small machine its start alone takes ten seconds.
AZ_SECONDS = 40
#: A reader waits in front of the screen: one more attempt, soon, and then the reason.
RETRIES: dict[str, Any] = {
    "retry_total": 2,
    "retry_status": 1,
    "retry_backoff_factor": 0.5,
    "retry_backoff_max": 4,
}
#: Seconds of Retry-After that are obeyed in the call. More is for the reader to decide.
LONGEST_RETRY_AFTER = 10.0


class BriefRetryPolicy(RetryPolicy[Any, Any]):
    """Retries as the SDK does, but never sleeps through a long Retry-After with a reader waiting."""

    def __init__(self) -> None:
        super().__init__(**RETRIES)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether to ask again."""
        wait = self.get_retry_after(response)
        return (wait is None or wait <= LONGEST_RETRY_AFTER) and super().is_retry(
            settings, response
        )


@dataclass(frozen=True, slots=True)
class Wiring:
    """What differs between Azure and the sample workspace.

    options: for every client's constructor; ml_options: for MLClient's as well. files: URL of the
    folder that holds collected data. budget: what the identity may ask of Log Analytics;
    metrics_budget: of platform metrics, where Azure names no such limit and this is ours.
    """

    credential: TokenCredential
    files: str
    options: dict[str, Any] = field(default_factory=dict)
    ml_options: dict[str, Any] = field(default_factory=dict)
    budget: QueryBudget = field(default_factory=QueryBudget)
    metrics_budget: QueryBudget = field(default_factory=lambda: QueryBudget(METRICS_AT_ONCE))


#: DefaultAzureCredential signs this process in as one identity, however often it is connected.
_BUDGET = QueryBudget()


class Azure:
    """The clients of one Azure ML workspace, each built once, on first use, from any thread.

    settings: with the names that the sample workspace gives itself filled in.
    """

    def __init__(self, settings: Settings, *, workspace: str, wiring: Wiring) -> None:
        self.settings = settings
        self.workspace = workspace
        self._wiring = wiring
        self._built: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}

    @property
    def is_sample(self) -> bool:
        """Whether this is the sample workspace."""
        return self.settings.is_sample

    @property
    def subscription_id(self) -> str:
        """GUID of the subscription."""
        return self.settings.subscription_id

    @property
    def resource_group(self) -> str:
        """Resource group of the workspace."""
        return self.settings.resource_group

    @property
    def registry(self) -> str | None:
        """Azure ML registry, where one is configured."""
        return self.settings.registry

    @property
    def log_analytics_workspace_id(self) -> str:
        """GUID of the Log Analytics workspace."""
        return self.settings.log_analytics_workspace_id

    @property
    def workspace_id(self) -> str:
        """ARM id of the Azure ML workspace."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )

    @property
    def query_budget(self) -> QueryBudget:
        """What this identity may ask of Log Analytics; shared by all sessions."""
        return self._wiring.budget

    @property
    def metrics_budget(self) -> QueryBudget:
        """Keeps questions for platform metrics few at a time, and equal ones to one."""
        return self._wiring.metrics_budget

    @property
    def logs_client(self) -> LogsQueryClient:
        """Asks Log Analytics."""
        return self._once(
            "logs",
            lambda: LogsQueryClient(
                self._wiring.credential,
                endpoint=LOGS_ENDPOINT,
                retry_policy=BriefRetryPolicy(),
                **self._wiring.options,
            ),
        )

    def metrics_client(self, region: str) -> MetricsClient:
        """Return the client for the platform metrics of one region's resources."""
        return self._once(
            f"metrics {region}",
            lambda: MetricsClient(
                f"https://{region}.metrics.monitor.azure.com",
                self._wiring.credential,
                retry_policy=BriefRetryPolicy(),
                **self._wiring.options,
            ),
        )

    @property
    def monitor_client(self) -> MonitorManagementClient:
        """Reads the activity log, autoscale settings, metrics of one resource."""
        return self._once(
            "monitor",
            lambda: MonitorManagementClient(
                self._wiring.credential,
                self.subscription_id,
                retry_policy=BriefRetryPolicy(),
                **self._wiring.options,
            ),
        )

    @property
    def workspace_client(self) -> MLClient:
        """Reads endpoints, deployments, models, data assets and schedules of the workspace."""
        return self._once(
            "workspace",
            lambda: self._ml_client(
                subscription_id=self.subscription_id,
                resource_group_name=self.resource_group,
                workspace_name=self.workspace,
            ),
        )

    @property
    def registry_client(self) -> MLClient | None:
        """Reads models of the registry; None where no registry is configured."""
        if not self.registry:
            return None
        return self._once("registry", lambda: self._ml_client(registry_name=self.registry))

    def files(self) -> tuple[fsspec.AbstractFileSystem, str]:
        """Return the file system of collected data, and the folder that holds modelDataCollector.

        Raises:
            InputError: The setting that says where it lies is missing.
        """
        if not self._wiring.files:
            raise InputError(
                "Cannot find collected data: COLLECTED_DATA_URL is not set",
                hint="Set it to the container that holds modelDataCollector.",
            )
        return self._once("files", lambda: _files(self._wiring.files))

    def _ml_client(self, **scope: Any) -> MLClient:
        with warnings.catch_warnings():  # of its own use of marshmallow; nothing a reader can mend
            warnings.simplefilter("ignore")
            from azure.ai.ml import MLClient  # noqa: PLC0415 - the import takes seconds

        # Its many pipelines are built from the same options, so a policy cannot be shared: each
        # makes its own from these numbers.
        return MLClient(
            self._wiring.credential,
            enable_telemetry=False,
            show_progress=False,
            **RETRIES,
            **self._wiring.options,
            **self._wiring.ml_options,
            **scope,
        )

    def _once(self, name: str, build: Callable[[], T]) -> T:
        # A lock for each: while azure.ai.ml is imported, the others can be used.
        with self._locks.setdefault(name, threading.Lock()):
            if name not in self._built:
                self._built[name] = build()
            return cast("T", self._built[name])


def connect(
    settings: Settings,
    *,
    progress: Callable[[float, str], None] | None = None,
    faults: Faults | None = None,
    observer: Observer | None = None,
) -> Azure:
    """Return the clients of the configured workspace, or of the sample workspace where none is.

    Args:
        progress: Called while the sample workspace is built, with the share done and the step.
        faults: Sample workspace only: what breaks on the way, for tests.
        observer: Sample workspace only: who asked what, for tests.
    """
    if settings.workspace is None:
        return _sample(settings, progress, faults, observer)
    credential = DefaultAzureCredential(process_timeout=AZ_SECONDS)
    wiring = Wiring(credential, files=settings.collected_data_url, budget=_BUDGET)
    return Azure(settings, workspace=settings.workspace, wiring=wiring)


def _sample(
    settings: Settings,
    progress: Callable[[float, str], None] | None,
    faults: Faults | None,
    observer: Observer | None,
) -> Azure:
    from sample.builder import build, names  # noqa: PLC0415 - scikit-learn and more, for the sample only

    now = settings.clock().astimezone(UTC)
    store = build(settings.cache, now, settings.seed, progress or (lambda _share, _step: None))
    return Azure(
        replace(
            settings,
            subscription_id=names.SUBSCRIPTION,
            resource_group=names.RESOURCE_GROUP,
            registry=names.REGISTRY,
            log_analytics_workspace_id=names.LOG_ANALYTICS_GUID,
        ),
        workspace=names.WORKSPACE,
        wiring=local_wiring(store, settings, faults=faults, observer=observer),
    )


def local_wiring(
    store: Path,
    settings: Settings,
    *,
    faults: Faults | None = None,
    observer: Observer | None = None,
) -> Wiring:
    """Wire the clients to a store on disk."""
    from sample.credential import SampleCredential  # noqa: PLC0415 - for the sample only
    from sample.transport import LocalAdapter, local_transport  # noqa: PLC0415 - same

    adapter = LocalAdapter(_routes(store, settings), faults=faults, observer=observer)
    return Wiring(
        credential=SampleCredential(),
        files=str((store / "storage").absolute()),
        options={"transport": local_transport(adapter)},
        # A cloud of another name, from the environment, would be looked up on the network.
        ml_options={"cloud": "AzureCloud"},
    )


def _routes(store: Path, settings: Settings) -> list[Route]:
    from sample import arm, log_analytics, metrics  # noqa: PLC0415 - for the sample only

    return [
        route
        for source in (log_analytics, metrics, arm)
        for route in source.routes(store, settings.clock)
    ]


def _files(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    # `anon=False` lets adlfs sign in with DefaultAzureCredential; a local folder asks for nothing.
    is_blob = url.startswith(("abfs:", "abfss:", "az:", "adl:"))
    filesystem, root = fsspec.core.url_to_fs(url, **({"anon": False} if is_blob else {}))
    return filesystem, root.rstrip("/")
