"""Machines judged step by step: laws on made-up series, and the sample's incidents."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from places import at

from monitoring.capacity import instances
from monitoring.capacity.instances import Capacity
from monitoring.signals.saturation import judging as saturation
from monitoring.sources.azure import Azure
from monitoring.sources.metrics import PlatformMetrics
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

DAY = Window.day(date(2026, 11, 14))
HOURS = np.datetime64("2026-11-14T00:00:00", "s") + np.arange(24) * np.timedelta64(3600, "s")


def deployment(instance_type: str = "Standard_DS3_v2") -> Deployment:
    return Deployment(
        "/id",
        "Blue",
        "Credit",
        None,
        instance_type,
        1,
        "Succeeded",
        {},
        app_insights=False,
        created=None,
    )


@pytest.mark.parametrize("resource", instances.RESOURCES)
def test_a_limit_is_breached_above_and_not_at(resource: instances.Resource) -> None:
    limit = saturation.LIMITS[resource.name].percent
    statuses = [
        saturation.utilization_result(at("a/b"), resource, DAY, value, 4).status
        for value in (limit - 1, limit, limit + 0.1, None)
    ]
    assert statuses == ["ok", "ok", "breached", "no_data"]


def test_gaps_are_no_data_and_a_cpu_machine_has_no_gpu() -> None:
    values = np.full((2, 24), np.nan)
    values[0, 3], values[1, 3] = 95.0, 20.0
    used = instances.Utilization(at("credit/blue"), instances.CPU, ("a", "b"), HOURS, values)
    found = saturation.judged_of([used], [], [deployment()], DAY, timedelta(hours=1))
    cpu = [r for r in found if r.metric == "cpu_utilization"]
    assert [r.status for r in cpu].count("no_data") == 23
    assert (cpu[3].status, cpu[3].value) == ("breached", 95.0)
    assert {r.subject for r in found} == {"credit/blue"}
    assert not [r for r in found if r.metric.startswith("gpu")]
    gpu = saturation.judged_of([], [], [deployment("Standard_NC6s_v3")], DAY, timedelta(hours=24))
    assert {r.status for r in gpu if r.metric.startswith("gpu")} == {"no_data"}


def test_ready_counts_instances_over_the_step() -> None:
    running, ready = np.full(24, 2.0), np.full(24, 2.0)
    ready[:13] = 1.0
    result = saturation.ready_result(at("a/b"), DAY, Capacity(at("a/b"), HOURS, running, ready))
    assert result.value == pytest.approx((11 * 2 + 13) / 48)
    assert result.status == "breached"
    running[:] = np.nan
    blind = saturation.ready_result(at("a/b"), DAY, Capacity(at("a/b"), HOURS, running, ready))
    assert (blind.status, blind.value) == ("no_data", None)


@pytest.fixture(scope="module")
def month(azure: Azure) -> tuple[tuple[str, str, datetime], ...]:
    """Subject, metric and start of every breached step of the sample's last 30 days."""
    window = Window.last(timedelta(days=30), until=azure.settings.clock())
    deployments = [d for e in Inventory(azure).endpoints() for d in e.deployments]
    found = saturation.judged(PlatformMetrics(azure), deployments, window, timedelta(hours=6))
    return tuple(
        (r.subject, r.metric, r.window.start) for r in found if r.status == "breached" and r.window
    )


@pytest.mark.parametrize(
    ("incident", "metric"),
    [
        ("memory-leak", "memory_utilization"),
        ("fare-search-surge", "cpu_utilization"),
        ("container-crash-loop", "ready_instances_share"),
    ],
)
def test_the_samples_incidents_are_seen_and_nothing_else(
    incident: str, metric: str, month: tuple[tuple[str, str, datetime], ...], sample: Path
) -> None:
    truth = {row["id"]: row for row in json.loads((sample / "truth.json").read_text())}
    row = truth[incident]
    onset, end = (datetime.fromisoformat(row[k]).astimezone(UTC) for k in ("onset", "end"))
    seen = [start for subject, name, start in month if name == metric
            and subject == f"{row['endpoint']}/{row['deployment']}"]  # fmt: skip
    assert seen
    spans = [
        (datetime.fromisoformat(r["onset"]), datetime.fromisoformat(r["end"]))
        for r in truth.values()
        if r["end"]
    ]
    step = timedelta(hours=6)
    assert any(onset - step < start < end for start in seen)
    assert all(any(low - step < start < high for low, high in spans) for start in seen)
