"""Which lanes the timeline has, in their order, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from monitoring.event import EventKind

#: What a lane reads from the results of a step: their value, the requests per minute behind them, how
#: far the worst of them lies beyond its threshold, or how many are in breach.
Reads = Literal["value", "requests", "worst", "breached"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A lane of numbers. `metric` is empty where all metrics of the signal are meant.

    said: how a sentence on a missing source begins that is about it, in lower case. quiet: drawn only
    with a breach, where another lane shows the same when all is well.
    """

    name: str
    label: str
    group: str
    signal: str
    metric: str = ""
    reads: Reads = "value"
    unit: str = ""
    always: bool = True
    quiet: bool = False
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """A lane of events."""

    name: str
    label: str
    group: str
    kinds: tuple[EventKind, ...]
    said: tuple[str, ...] = ()


_MULTIPLE = "x threshold"
_SATURATION = ("saturation", "endpoints,")
#: In the order in which they are drawn.
LANES: tuple[Measured | Happened, ...] = (
    Happened("deployments", "Deployments and traffic split", "changes",
             ("deployment", "traffic_split", "scaling", "model"), ("activity log",)),
    Happened("configuration", "Configuration and roles", "changes",
             ("configuration", "role", "data"), ("activity log",)),
    Happened("alerts", "Alerts and service health", "changes", ("alert", "platform"), ("azure monitor alerts",)),
    Measured("requests", "Traffic", "traffic", "traffic", "error_rate", "requests", "requests/min",
             said=("traffic log",)),
    Measured("requests_share", "Usual requests", "traffic", "traffic", "requests_share",
             unit="share that came", always=False, quiet=True),
    Measured("error_rate", "Errors", "traffic", "traffic", "error_rate", said=("traffic log",)),
    Measured("latency_p95", "Latency P95", "traffic", "traffic", "latency_p95", said=("traffic log",)),
    Measured("client_error_rate", "Caller errors", "traffic", "traffic", "client_error_rate",
             always=False),
    Happened("callers", "Callers and dependencies", "traffic", ("client", "dependency"),
             ("callers", "dependencies")),
    Measured("ready_instances_share", "Instances ready", "infrastructure", "saturation",
             "ready_instances_share", said=_SATURATION),
    Measured("cpu_utilization", "CPU", "infrastructure", "saturation", "cpu_utilization",
             said=_SATURATION),
    Measured("memory_utilization", "Memory", "infrastructure", "saturation", "memory_utilization",
             said=_SATURATION),
    Measured("disk_utilization", "Disk", "infrastructure", "saturation", "disk_utilization",
             said=_SATURATION),
    Happened("containers", "Containers and console", "infrastructure",
             ("container", "console", "collection"), ("container event log", "console log")),
    Happened("jobs", "Jobs", "infrastructure", ("job",), ("job logs",)),
    Measured("failed_jobs", "Failed jobs", "infrastructure", "jobs", "failed_jobs", always=False),
    Measured("queue_wait", "Job queue", "infrastructure", "jobs", "queue_wait", always=False),
    Measured("configuration_state", "Monitoring gaps", "data", "configuration", reads="breached",
             unit="monitors, logs, collectors", always=False),
    Measured("collected_share", "Data collected", "data", "collection", "collected_share",
             said=("data collection", "endpoints,")),
    Measured("collection_error_rate", "Collection errors", "data", "collection",
             "collection_error_rate", said=("data collection", "endpoints,")),
    Measured("data_quality", "Data quality", "data", "data_quality", reads="worst", unit=_MULTIPLE,
             said=("data quality", "endpoints,")),
    Measured("data_drift", "Data drift", "data", "data_drift", reads="worst", unit=_MULTIPLE,
             said=("data drift", "endpoints,")),
    Measured("prediction_drift", "Prediction drift", "model", "prediction_drift", reads="worst",
             unit=_MULTIPLE, said=("prediction", "endpoints,")),
    Measured("model_performance", "Realized performance", "model", "model_performance",
             said=("realized", "performance", "endpoints,")),
    Measured("estimated_performance", "Estimated performance", "model", "estimated_performance",
             said=("estimated", "performance", "endpoints,")),
)  # fmt: skip
#: Groups in the order of their lanes.
GROUPS = ("changes", "traffic", "infrastructure", "data", "model")
