"""Machines, clusters and jobs, shared by all sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from ui.loaders import deployments, logs, workspace

if TYPE_CHECKING:
    from monitoring.capacity.instances import Capacity, Utilization
    from monitoring.kept.memory import Entry
    from monitoring.metric import MetricResult
    from monitoring.signals.clusters.judging import Nodes
    from monitoring.sources.logs import Answer
    from monitoring.sources.metrics import PlatformMetrics
    from monitoring.window import Window
    from monitoring.workspace.endpoints import Deployment
    from ui.shell.scope import Scope

T = TypeVar("T")
FIVE_MINUTES = timedelta(minutes=5)


def entry(key: Hashable, ask: Callable[[], T], fresh: timedelta = FIVE_MINUTES) -> Entry[T]:
    """Return the kept answer to a question if it is fresh, else ask."""
    return workspace.memory().entry(key, lambda _say: ask(), fresh=fresh)


def metrics() -> PlatformMetrics:
    """Return the door to platform metrics."""
    from monitoring.sources.metrics import PlatformMetrics  # noqa: PLC0415 - costs a second

    return PlatformMetrics(workspace.azure())


def in_scope(chosen: Scope) -> tuple[Deployment, ...]:
    """Return the deployments of the scope.

    Raises:
        SourceError: The workspace did not answer.
    """
    return tuple(
        each
        for endpoint in deployments.inventory()
        for each in endpoint.deployments
        if chosen.includes(endpoint.name, each.name)
    )


def all_deployments() -> tuple[Deployment, ...]:
    """Return every deployment: one question for all of them costs what one for a few does."""
    return tuple(each for endpoint in deployments.inventory() for each in endpoint.deployments)


def utilization(window: Window) -> Entry[tuple[Utilization, ...]]:
    """Return what Azure measured of every instance.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import instances  # noqa: PLC0415 - costs a second

    grain = instances.grain_of(window)
    return entry(
        ("utilization", window),
        lambda: instances.utilization(metrics(), all_deployments(), window, grain),
    )


def capacity(window: Window) -> Entry[tuple[Capacity, ...]]:
    """Return how many instances of each deployment ran and were ready.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import instances  # noqa: PLC0415 - costs a second

    grain = instances.grain_of(window)
    return entry(
        ("capacity", window),
        lambda: instances.capacity(metrics(), all_deployments(), window, grain),
    )


def saturation(window: Window, step: timedelta) -> Entry[tuple[MetricResult, ...]]:
    """Return the judged utilization and readiness of every deployment, per step.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.signals.saturation import judging as judge  # noqa: PLC0415 - costs a second

    used, counted = utilization(window), capacity(window)
    return entry(
        ("saturation", window, step),
        lambda: judge.judged_of(used.value, counted.value, all_deployments(), window, step),
    )


def nodes(window: Window) -> Entry[tuple[Nodes, ...]]:
    """Return the nodes of each cluster over time.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    from monitoring.capacity import instances  # noqa: PLC0415 - costs a second
    from monitoring.signals.clusters import judging as clusters  # noqa: PLC0415 - costs a second

    grain = instances.grain_of(window)
    return entry(
        ("nodes", window),
        lambda: clusters.nodes(metrics(), workspace.azure().workspace_id, window, grain),
    )


def demand(window: Window, step: timedelta) -> Answer:
    """Return requests and errors of every deployment over time."""
    return logs.ask("traffic", window, endpoints=[], step=step)


def resizes(window: Window) -> Answer:
    """Return the changes of size of the clusters."""
    return logs.ask("clusters", window)


def job_answers(window: Window) -> tuple[Answer, Answer, Answer]:
    """Return what the logs say of jobs: on clusters, of all runs, and how busy their nodes were."""
    return (
        logs.ask("job_runs", window),
        logs.ask("run_status", window),
        logs.ask("job_utilization", window),
    )
