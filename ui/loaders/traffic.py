"""Traffic, latency and data collection of the online endpoints."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from monitoring.capacity import latency, throughput
from monitoring.capacity.latency import MetricPercentile
from monitoring.capacity.throughput import Minutes
from monitoring.errors import MonitoringError
from monitoring.kept.memory import Entry
from monitoring.metric import MetricResult
from monitoring.overview import objectives
from monitoring.signals.collection import judging as collected
from monitoring.sources.logs import Answer
from monitoring.sources.query import Value
from monitoring.window import Window
from ui.loaders import compute, deployments, logs, workspace
from ui.loaders.workspace import FRESH

#: What the live tiles look back on.
LIVE = timedelta(minutes=15)
#: Fewer points than this per chart.
MOST_STEPS = 300
STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 1440))
TRAFFIC_LOG = "AmlOnlineEndpointTrafficLog"


def step_of(window: Window) -> timedelta:
    """Return the step of the charts: the finest that gives no more than 300 points.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    >>> str(step_of(Window.last(timedelta(days=1), until=noon)))
    '0:05:00'
    """
    return next((step for step in STEPS if window.length / step <= MOST_STEPS), STEPS[-1])


def judged_step(window: Window) -> timedelta:
    """Return the step that the overview judges by, so that verdicts are the same."""
    return objectives.step_of(window)


def ask(name: str, window: Window, **values: Value) -> Answer:
    """Run one of the product's queries on every endpoint."""
    return logs.ask(name, window, endpoints=[], **values)


def steps(window: Window, step: timedelta) -> Answer:
    """Return requests, errors and percentiles of every deployment: the overview's own question."""
    return ask("traffic", window, step=step)


def totals(window: Window) -> Answer:
    """Return the same of the whole window."""
    return ask("traffic_totals", window)


def collection(window: Window) -> Entry[tuple[MetricResult, ...]]:
    """Return the data collection of every deployment, judged by the overview's steps."""
    here, step = deployments.inventory(), judged_step(window)
    return compute.entry(
        ("collection", window, step),
        lambda: collected.judged(compute.metrics(), here, window, step),
    )


def metric_percentiles(
    window: Window, grain: timedelta
) -> dict[tuple[str, str], dict[int, MetricPercentile]]:
    """Return the percentiles that the platform metrics have."""
    here = deployments.inventory()
    return compute.entry(
        ("metric percentiles", window, grain),
        lambda: latency.percentiles(compute.metrics(), here, window, grain),
    ).value


def live() -> Entry[dict[tuple[str, str], Minutes]]:
    """Return the last fifteen whole minutes by the platform metrics, asked at most once a minute."""
    window = Window.last(LIVE, until=workspace.now().replace(second=0, microsecond=0))
    return compute.entry(
        ("live", window),
        lambda: throughput.minutes(compute.metrics(), deployments.inventory(), window),
        timedelta(minutes=1),
    )


@st.cache_data(max_entries=50, **FRESH)
def sends_traffic_log(endpoint: str) -> bool | None:
    """Return whether an endpoint has a diagnostic setting for its traffic log; None if unknown."""
    try:
        sent = deployments.sent_logs(endpoint)
    except MonitoringError:
        return None
    return None if sent is None else not sent.isdisjoint({TRAFFIC_LOG, "allLogs"})
