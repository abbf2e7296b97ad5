"""What Azure measures of each instance of a deployment: CPU, memory, disk, GPU, and how many are ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Times
from monitoring.errors import NotPermittedError, SourceError
from monitoring.place import Place
from monitoring.sources.metrics import PlatformMetrics, Series
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
#: Up to this long a window is read at the finer grain; Azure keeps both for 93 days.
FINE_UNTIL = timedelta(days=31)
#: The families of machines that Azure sells with a GPU: NC, ND, NG, NP, NV.
_GPU_SIZE = re.compile(r"standard_n[cdgpv]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Resource:
    """Something an instance can run out of.

    aggregation: Azure's, over the minutes of a grain. A CPU at 100 % for one minute is at work, so it
    is averaged; memory at 100 % for one minute is a killed container, so the highest minute counts.
    """

    name: str
    label: str
    metric: str
    aggregation: str
    needs_gpu: bool = False


CPU = Resource("cpu", "CPU", "CpuUtilizationPercentage", "Average")
MEMORY = Resource("memory", "Memory", "CpuMemoryUtilizationPercentage", "Maximum")
DISK = Resource("disk", "Disk", "DiskUtilization", "Maximum")
GPU = Resource("gpu", "GPU", "GpuUtilizationPercentage", "Average", needs_gpu=True)
GPU_MEMORY = Resource(
    "gpu_memory", "GPU memory", "GpuMemoryUtilizationPercentage", "Maximum", needs_gpu=True
)
RESOURCES = (CPU, MEMORY, DISK, GPU, GPU_MEMORY)


@dataclass(frozen=True, slots=True, eq=False)
class Utilization:
    """One resource of one deployment over time.

    times: start of each grain, UTC, shape (n,). percent:
    used, shape (instances, n); nan where Azure has nothing, which is not zero.
    """

    place: Place
    resource: Resource
    instances: tuple[str, ...]
    times: Times
    percent: Floats

    @property
    def fullest(self) -> Floats:
        """The fullest instance at each time, shape (n,); nan where none reports."""
        return highest(self.percent)


@dataclass(frozen=True, slots=True, eq=False)
class Capacity:
    """How many instances of one deployment there were.

    running: instances that report any state. ready: those that were ready all through the grain.
    Both shape (n,), nan where Azure has nothing.
    """

    place: Place
    times: Times
    running: Floats
    ready: Floats


def has_gpu(instance_type: str) -> bool:
    """Whether machines of this type have a GPU, by the letter of their family.

    >>> has_gpu("Standard_NC6s_v3"), has_gpu("Standard_DS3_v2")
    (True, False)
    """
    return bool(_GPU_SIZE.match(instance_type))


def grain_of(window: Window) -> timedelta:
    """Return the grain at which machines are read: 15 minutes, an hour in windows over 31 days."""
    return timedelta(minutes=15 if window.length <= FINE_UNTIL else 60)


def utilization(
    metrics: PlatformMetrics,
    deployments: Sequence[Deployment],
    window: Window,
    grain: timedelta,
    resources: Sequence[Resource] = RESOURCES,
) -> tuple[Utilization, ...]:
    """Return each resource of each deployment that Azure has anything of, by instance.

    GPUs are only asked for where a machine has one.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    found = []
    for (needs_gpu, aggregation), group in groupby(sorted(resources, key=_way), _way):
        asked = {resource.metric: resource for resource in group}
        targets = [d for d in deployments if not needs_gpu or has_gpu(d.instance_type)]
        series = metrics.series(
            [d.id for d in targets],
            NAMESPACE,
            list(asked),
            window,
            grain,
            aggregation,
            ["instanceId"],
        )
        found += _grouped(series, targets, asked)
    order = {resource.name: n for n, resource in enumerate(RESOURCES)}
    return tuple(sorted(found, key=lambda u: (u.place, order[u.resource.name])))


def _way(resource: Resource) -> tuple[bool, str]:
    """Return what resources that are asked for together have in common."""
    return resource.needs_gpu, resource.aggregation


def _grouped(
    series: Iterable[Series], deployments: Sequence[Deployment], resources: Mapping[str, Resource]
) -> list[Utilization]:
    places = {d.id.lower(): d.place for d in deployments}
    groups: dict[tuple[Place, str], list[Series]] = {}
    for each in series:
        groups.setdefault((places[each.resource_id.lower()], each.metric), []).append(each)
    return [
        Utilization(
            place,
            resources[metric],
            tuple(each.dimensions["instanceId"] for each in group),
            group[0].times,
            np.stack([each.values for each in group]),
        )
        for (place, metric), group in groups.items()
    ]


def capacity(
    metrics: PlatformMetrics,
    deployments: Sequence[Deployment],
    window: Window,
    grain: timedelta,
) -> tuple[Capacity, ...]:
    """Return how many instances ran, and how many were ready all through each grain.

    They are counted by their ids: whether the value of the metric is one per instance or the sum of
    all is not documented.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    series = metrics.series(
        [d.id for d in deployments],
        NAMESPACE,
        ["DeploymentCapacity"],
        window,
        grain,
        "Average",
        ["instanceId", "State"],
    )
    places = {d.id.lower(): d.place for d in deployments}
    groups: dict[Place, list[Series]] = {}
    for each in series:
        groups.setdefault(places[each.resource_id.lower()], []).append(each)
    return tuple(_counted(place, groups[place]) for place in sorted(groups))


def _counted(place: Place, series: Sequence[Series]) -> Capacity:
    """Count instances by id; one that was in any other state than Ready was not ready all through."""
    ids = sorted({each.dimensions["instanceId"] for each in series})
    shape = len(ids), len(series[0].times)
    seen, away = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for each in series:
        there = ~np.isnan(each.values)
        row = ids.index(each.dimensions["instanceId"])
        seen[row] |= there
        if each.dimensions["State"].lower() not in {"", "ready"}:
            away[row] |= there
    running = seen.sum(axis=0).astype(np.float64)
    ready = (seen & ~away).sum(axis=0).astype(np.float64)
    blind = running == 0
    running[blind] = ready[blind] = np.nan
    return Capacity(place, series[0].times, running, ready)


def inside(times: Times, window: Window) -> NDArray[np.bool_]:
    """Return which grains begin in a window."""
    start, end = (np.datetime64(t.replace(tzinfo=None), "s") for t in (window.start, window.end))
    within: NDArray[np.bool_] = (times >= start) & (times < end)
    return within


def highest(values: Floats) -> Floats:
    """Return the highest of each column, nan where a column has nothing.

    >>> highest(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [3.0, nan]
    """
    known = np.where(np.isnan(values), -np.inf, values).max(axis=0, initial=-np.inf)
    return np.where(np.isinf(known), np.nan, known)


def is_unknown_metric(error: SourceError) -> bool:
    """Whether Azure refused because resources of this type have no such metric."""
    return not isinstance(error, NotPermittedError) and "metric configuration" in error.message
