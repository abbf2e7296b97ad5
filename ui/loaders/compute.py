"""Machines, clusters and jobs, shared by all sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import TypeVar

from monitoring.capacity import instances
from monitoring.capacity.instances import Capacity, Utilization
from monitoring.kept.memory import Entry
from monitoring.metric import MetricResult
from monitoring.signals.clusters import judging as clusters
from monitoring.signals.clusters.judging import Nodes
from monitoring.signals.saturation import judging as saturated
from monitoring.sources.logs import Answer
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from ui.loaders import deployments, logs, workspace
from ui.shell.scope import Scope

T = TypeVar("T")
FIVE_MINUTES = timedelta(minutes=5)


def entry(key: Hashable, ask: Callable[[], T], fresh: timedelta = FIVE_MINUTES) -> Entry[T]:
    """Return the kept answer to a question if it is fresh, else ask."""
    return workspace.memory().entry(key, lambda _say: ask(), fresh=fresh)


def metrics() -> PlatformMetrics:
    """Return the door to platform metrics."""
    return PlatformMetrics(workspace.azure())


def all_deployments() -> tuple[Deployment, ...]:
    """Return every deployment: one question for all of them costs what one for a few does."""
    return tuple(each for endpoint in deployments.inventory() for each in endpoint.deployments)


def in_scope(chosen: Scope) -> tuple[Deployment, ...]:
    """Return the deployments of the scope."""
    return tuple(each for each in all_deployments() if chosen.includes(each.endpoint, each.name))


def utilization(window: Window) -> Entry[tuple[Utilization, ...]]:
    """Return what Azure measured of every instance."""
    grain = instances.grain_of(window)
    return entry(
        ("utilization", window),
        lambda: instances.utilization(metrics(), all_deployments(), window, grain),
    )


def capacity(window: Window) -> Entry[tuple[Capacity, ...]]:
    """Return how many instances of each deployment ran and were ready."""
    grain = instances.grain_of(window)
    return entry(
        ("capacity", window),
        lambda: instances.capacity(metrics(), all_deployments(), window, grain),
    )


def saturation(window: Window, step: timedelta) -> Entry[tuple[MetricResult, ...]]:
    """Return the judged utilization and readiness of every deployment, per step."""
    used, counted = utilization(window), capacity(window)
    return entry(
        ("saturation", window, step),
        lambda: saturated.judged_of(used.value, counted.value, all_deployments(), window, step),
    )


def nodes(window: Window) -> Entry[tuple[Nodes, ...]]:
    """Return the nodes of each cluster over time."""
    here, grain = workspace.azure().workspace_id, instances.grain_of(window)
    return entry(("nodes", window), lambda: clusters.nodes(metrics(), here, window, grain))


def demand(window: Window, step: timedelta) -> Answer:
    """Return requests and errors of every deployment over time."""
    return logs.ask("traffic", window, endpoints=[], step=step)


def job_answers(window: Window) -> tuple[Answer, ...]:
    """Return what the logs say of jobs: on clusters, of all runs, and how busy their nodes were."""
    asked = ("job_runs", "run_status", "job_utilization")
    return tuple(logs.ask(name, window) for name in asked)
