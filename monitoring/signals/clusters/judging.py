"""Compute clusters: nodes by what they do, and the cores that the subscription allows, judged by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitoring.arrays import Floats, Times
from monitoring.capacity.instances import highest, inside, is_unknown_metric
from monitoring.errors import SourceError
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.sources.metrics import PlatformMetrics, Series
from monitoring.verdict import draft, judge
from monitoring.window import Window

SIGNAL = "clusters"
NAMESPACE = "Microsoft.MachineLearningServices/workspaces"
#: Both as in Microsoft's baseline alerts for Azure ML workspaces.
QUOTA_PERCENT = 90.0
UNUSABLE_NODES = 0.0
STATES = ("Active", "Idle", "Leaving", "Preempted", "Unusable")
_QUOTA = "Quota Utilization Percentage"


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """The nodes of one cluster over time, from the workspace's metrics.

    times: start of each grain, UTC, shape (n,). by_state: state -> highest number of nodes in the
    grain. quota_percent: highest share of the cores used, of all machine families. nan is no data.
    """

    cluster: str
    times: Times
    by_state: Mapping[str, Floats]
    quota_percent: Floats


@dataclass(frozen=True, slots=True)
class Resize:
    """The last word of a cluster about its size, from `clusters.kql`; None where the log is silent."""

    cluster: str
    time: datetime
    state: str
    size: str
    current: int | None
    target: int | None
    minimum: int | None
    maximum: int | None
    running: int | None
    idle: int | None
    preparing: int | None
    unusable: int | None
    quota_cores: int | None
    used_cores: int | None
    error: str


def nodes(
    metrics: PlatformMetrics, workspace_id: str, window: Window, grain: timedelta
) -> tuple[Nodes, ...]:
    """Return the nodes of each cluster of the workspace, by name; none without a cluster.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    names = [*(f"{state} Nodes" for state in STATES), _QUOTA]
    try:
        found = metrics.series(
            [workspace_id], NAMESPACE, names, window, grain, "Maximum", ["ClusterName"]
        )
    except SourceError as error:
        if is_unknown_metric(error):
            return ()
        raise
    groups: dict[str, dict[str, list[Series]]] = {}
    for series in found:
        cluster = groups.setdefault(series.dimensions["ClusterName"], {})
        cluster.setdefault(series.metric, []).append(series)
    return tuple(_nodes(name, groups[name]) for name in sorted(groups) if name)


def _nodes(cluster: str, groups: Mapping[str, Sequence[Series]]) -> Nodes:
    times = next(iter(groups.values()))[0].times
    nothing = np.full(len(times), np.nan)

    def of(metric: str) -> Floats:
        series = groups.get(metric)
        return highest(np.stack([s.values for s in series])) if series else nothing

    return Nodes(cluster, times, {state: of(f"{state} Nodes") for state in STATES}, of(_QUOTA))


def latest(records: Iterable[Mapping[str, Any]]) -> tuple[Resize, ...]:
    """Return the last size of each cluster, by name, from rows of `clusters.kql`."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in records:
        known = found.get(row["Cluster"])
        if known is None or row["TimeGenerated"] > known["TimeGenerated"]:
            found[row["Cluster"]] = row
    return tuple(_resize(found[name]) for name in sorted(found))


def _resize(row: Mapping[str, Any]) -> Resize:
    return Resize(
        cluster=row["Cluster"],
        time=row["TimeGenerated"],
        state=row["State"],
        size=row["VmSize"],
        current=row["Current"],
        target=row["Target"],
        minimum=row["Minimum"],
        maximum=row["Maximum"],
        running=row["Running"],
        idle=row["Idle"],
        preparing=row["Preparing"],
        unusable=row["Unusable"],
        quota_cores=row["Quota"],
        used_cores=row["QuotaUsed"],
        error=row["Error"],
    )


def judged(
    metrics: PlatformMetrics, workspace_id: str, window: Window, step: timedelta
) -> tuple[MetricResult, ...]:
    """Judge the cores in use and the unusable nodes of each cluster, per step.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    grain = min(step, timedelta(hours=1))
    return tuple(
        result
        for cluster in nodes(metrics, workspace_id, window, grain)
        for part in window.split(step)
        for result in (
            _result(cluster, part, "quota_utilization", cluster.quota_percent),
            _result(cluster, part, "unusable_nodes", cluster.by_state["Unusable"]),
        )
    )


_METRICS: Mapping[str, tuple[float, str, str]] = {
    "quota_utilization": (
        QUOTA_PERCENT,
        "%",
        "Quota Utilization Percentage, highest of the step and of all machine families",
    ),
    "unusable_nodes": (UNUSABLE_NODES, "nodes", "Unusable Nodes, highest of the step"),
}


def _result(nodes_: Nodes, step: Window, metric: str, values: Floats) -> MetricResult:
    threshold, unit, method = _METRICS[metric]
    own = values[inside(nodes_.times, step)]
    known = own[~np.isnan(own)]
    value = float(known.max()) if len(known) else None
    measured = draft(
        signal=SIGNAL,
        metric=metric,
        place=Place(cluster=nodes_.cluster),
        threshold=threshold,
        unit=unit,
        method=method,
        window=step,
        value=value,
        rows=len(known),
        reason="" if value is not None else "Azure Monitor has no point",
    )
    return judge(measured)
