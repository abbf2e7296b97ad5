"""Saturation: how near each deployment's machines are to their limits, judged step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from monitoring.arrays import Floats, Times
from monitoring.capacity import instances
from monitoring.capacity.instances import CPU, DISK, GPU, GPU_MEMORY, MEMORY, Capacity, Utilization
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.sources.metrics import PlatformMetrics
from monitoring.verdict import draft, judge
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

SIGNAL = "saturation"


@dataclass(frozen=True, slots=True)
class Limit:
    """Percent above which a resource is called saturated, and why there."""

    percent: float
    why: str


#: By resource. All are objectives of the product, for want of limits that Azure states.
LIMITS: Mapping[str, Limit] = {
    CPU.name: Limit(
        90.0, "at 90 % of one server's time a request waits nine times as long as it takes (M/M/1)"
    ),
    MEMORY.name: Limit(90.0, "at 100 % the container is killed; a leak leaves no later warning"),
    DISK.name: Limit(85.0, "a Kubernetes node evicts containers with 15 % of its image disk left"),
    GPU.name: Limit(95.0, "a GPU is meant to be busy; at 95 % it has no room for a peak"),
    GPU_MEMORY.name: Limit(90.0, "an allocation that does not fit fails the request"),
}
#: Share of the running instances that are to be ready. A rolling update of Kubernetes takes out a
#: quarter at most by default (maxUnavailable), so less than the rest is more than a roll-out.
READY_SHARE = 0.75


def judged(
    metrics: PlatformMetrics,
    deployments: Sequence[Deployment],
    window: Window,
    step: timedelta,
) -> tuple[MetricResult, ...]:
    """Judge CPU, memory, disk and GPU of the fullest instance, and instances ready, per step.

    Steps before a deployment was created are left out; a GPU is judged where the machine has one.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    grain = min(instances.grain_of(window), step)
    used = instances.utilization(metrics, deployments, window, grain)
    counted = instances.capacity(metrics, deployments, window, grain)
    return judged_of(used, counted, deployments, window, step)


def judged_of(
    used: Sequence[Utilization],
    counted: Sequence[Capacity],
    deployments: Sequence[Deployment],
    window: Window,
    step: timedelta,
) -> tuple[MetricResult, ...]:
    """Judge what was measured already; as `judged`."""
    by_resource = {(u.place, u.resource.name): u for u in used}
    by_place = {c.place: c for c in counted}
    return tuple(
        result
        for deployment in deployments
        for result in _of_deployment(deployment, by_resource, by_place, window, step)
    )


def _of_deployment(
    deployment: Deployment,
    used: Mapping[tuple[Place, str], Utilization],
    counted: Mapping[Place, Capacity],
    window: Window,
    step: timedelta,
) -> Iterator[MetricResult]:
    place = deployment.place
    born = deployment.created
    steps = [part for part in window.split(step) if born is None or part.end > born]
    for resource in instances.RESOURCES:
        if resource.needs_gpu and not instances.has_gpu(deployment.instance_type):
            continue
        found = used.get((place, resource.name))
        values = (
            _highest_of(found.times, found.fullest, steps) if found else [(None, 0)] * len(steps)
        )
        for part, (value, n) in zip(steps, values, strict=True):
            yield utilization_result(place, resource, part, value, n)
    capacity = counted.get(place)
    for part in steps:
        yield ready_result(place, part, capacity)


def utilization_result(
    place: Place, resource: instances.Resource, window: Window, value: float | None, rows: int
) -> MetricResult:
    """Judge the highest utilization of the fullest instance in a step, in percent.

    >>> from datetime import UTC, datetime
    >>> day = Window.day(datetime(2026, 1, 1, tzinfo=UTC).date())
    >>> utilization_result(Place(endpoint="a", deployment="b"), MEMORY, day, 93.0, 96).status
    'breached'
    """
    limit = LIMITS[resource.name]
    measured = draft(
        signal=SIGNAL,
        metric=f"{resource.name}_utilization",
        place=place,
        threshold=limit.percent,
        unit="%",
        method=f"{resource.metric} of the fullest instance, {resource.aggregation.lower()} of each "
        f"grain, highest grain of the step; {limit.why}",
        window=window,
        value=value,
        rows=rows,
        reason="" if value is not None else "Azure Monitor has no point",
    )
    return judge(measured)


def ready_result(place: Place, window: Window, capacity: Capacity | None) -> MetricResult:
    """Judge the share of running instances that are ready, over the grains of a step."""
    value, rows, reason = None, 0, "Azure Monitor has no point"
    if capacity is not None:
        within = instances.inside(capacity.times, window) & ~np.isnan(capacity.running)
        rows = int(within.sum())
        if rows:
            running, ready = capacity.running[within].sum(), capacity.ready[within].sum()
            value, reason = float(ready / running), ""
    measured = draft(
        signal=SIGNAL,
        metric="ready_instances_share",
        place=place,
        threshold=READY_SHARE,
        worse="lower",
        unit="share of running instances",
        method="DeploymentCapacity by instance and State; an instance counts as ready in a grain "
        "in which it had no other state",
        window=window,
        value=value,
        rows=rows,
        reason=reason,
    )
    return judge(measured)


def _highest_of(
    times: Times, values: Floats, steps: Sequence[Window]
) -> list[tuple[float | None, int]]:
    """Return the highest value of each step with the number of grains that had one."""
    found: list[tuple[float | None, int]] = []
    for step in steps:
        known = values[instances.inside(times, step)]
        known = known[~np.isnan(known)]
        found.append((float(known.max()), len(known)) if len(known) else (None, 0))
    return found
