"""Traffic, latency and data collection of the online endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, logs, workspace
from ui.loaders.workspace import FRESH

if TYPE_CHECKING:
    from monitoring.capacity.latency import MetricPercentile
    from monitoring.capacity.throughput import Minutes
    from monitoring.kept.memory import Entry
    from monitoring.metric import MetricResult
    from monitoring.sources.logs import Answer
    from monitoring.window import Window

#: What the live tiles look back on.
LIVE = timedelta(minutes=15)
#: Fewer points than this per chart.
MOST_STEPS = 300
STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 1440))
TRAFFIC_LOG = "AmlOnlineEndpointTrafficLog"


def step_of(window: Window) -> timedelta:
    """Return the step of the charts: the finest that gives no more than 300 points.

    >>> from datetime import UTC, datetime
    >>> from monitoring.window import Window
    >>> noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    >>> str(step_of(Window.last(timedelta(days=1), until=noon)))
    '0:05:00'
    """
    return next((step for step in STEPS if window.length / step <= MOST_STEPS), STEPS[-1])


def judged_step(window: Window) -> timedelta:
    """Return the step that the overview judges by, so that verdicts are the same."""
    from monitoring.overview.objectives import step_of as overviews  # noqa: PLC0415 - costs a second

    return overviews(window)


def steps(window: Window, step: timedelta) -> Answer:
    """Return requests, errors and percentiles of every deployment: the overview's own question.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return logs.ask("traffic", window, endpoints=[], step=step)


def totals(window: Window) -> Answer:
    """Return the same of the whole window.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return logs.ask("traffic_totals", window, endpoints=[])


def parts(window: Window, step: timedelta) -> Answer:
    """Return what the time of requests went into.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return logs.ask("latency_parts", window, endpoints=[], step=step)


def responses(window: Window) -> Answer:
    """Return which answers were given.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return logs.ask("responses", window, endpoints=[])


def callers(window: Window) -> Answer:
    """Return who asked.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return logs.ask("callers", window, endpoints=[])


def notable(window: Window, step: timedelta) -> Answer:
    """Return the slowest request of each step, deployment and response code.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return logs.ask("notable_requests", window, endpoints=[], step=step)


def collection(window: Window) -> Entry[tuple[MetricResult, ...]]:
    """Return the data collection of every deployment, judged by the overview's steps.

    Raises:
        SourceError: Azure Monitor did not answer.
    """
    from monitoring.signals.collection.judging import judged  # noqa: PLC0415 - costs a second
    from monitoring.sources.metrics import PlatformMetrics  # noqa: PLC0415 - same

    step = judged_step(window)
    return workspace.memory().entry(
        ("collection", window, step),
        lambda _say: judged(
            PlatformMetrics(workspace.azure()), deployments.inventory(), window, step
        ),
        fresh=timedelta(minutes=5),
    )


def metric_percentiles(
    window: Window, grain: timedelta
) -> dict[tuple[str, str], dict[int, MetricPercentile]]:
    """Return the percentiles that the platform metrics have.

    Raises:
        SourceError: Azure Monitor did not answer.
    """
    from monitoring.capacity.latency import percentiles  # noqa: PLC0415 - costs a second
    from monitoring.sources.metrics import PlatformMetrics  # noqa: PLC0415 - same

    return workspace.memory().get(
        ("metric percentiles", window, grain),
        lambda _say: percentiles(
            PlatformMetrics(workspace.azure()), deployments.inventory(), window, grain
        ),
        fresh=timedelta(minutes=5),
    )


def live() -> Entry[dict[tuple[str, str], Minutes]]:
    """Return the last fifteen whole minutes by the platform metrics, asked at most once a minute.

    Raises:
        SourceError: Azure Monitor did not answer.
    """
    from monitoring.capacity.throughput import minutes  # noqa: PLC0415 - costs a second
    from monitoring.sources.metrics import PlatformMetrics  # noqa: PLC0415 - same
    from monitoring.window import Window  # noqa: PLC0415 - same

    now = workspace.now().replace(second=0, microsecond=0)
    window = Window.last(LIVE, until=now)
    return workspace.memory().entry(
        ("live", window),
        lambda _say: minutes(PlatformMetrics(workspace.azure()), deployments.inventory(), window),
        fresh=timedelta(minutes=1),
    )


@st.cache_data(max_entries=50, **FRESH)
def sends_traffic_log(endpoint: str) -> bool | None:
    """Return whether an endpoint has a diagnostic setting for its traffic log; None if unknown."""
    from monitoring.sources.registry import Inventory  # noqa: PLC0415 - costs a second

    try:
        found = next(e for e in deployments.inventory() if e.name.lower() == endpoint.lower())
        settings = Inventory(workspace.azure()).diagnostic_settings(found.id)
    except (MonitoringError, StopIteration):
        return None
    return any({TRAFFIC_LOG, "allLogs"} & setting.categories for setting in settings)
