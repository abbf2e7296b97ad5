"""Autoscale rules replayed by hand, and the sample's surge as its rules met it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from places import at

from monitoring.capacity import autoscale, instances
from monitoring.capacity import load as measured
from monitoring.capacity.autoscale import Rules, scaled
from monitoring.capacity.load import Service
from monitoring.sources.activity import Activity
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Logs
from monitoring.sources.metrics import PlatformMetrics
from monitoring.sources.registry import Inventory
from monitoring.sources.scaling import Scaling
from monitoring.window import Window

#: 1 % of CPU a request a minute, nothing when idle.
SERVICE = Service(
    mean_ms=50.0,
    variability=1.0,
    idle_percent=0.0,
    cpu_per_rpm=1.0,
    cpu_per_rpm_error=0.0,
    slowing=1.0,
    is_slowing_measured=True,
    measured_rpm=50.0,
    answers=1000,
    shape=np.ones(10),
)


def test_a_surge_by_hand() -> None:
    # 20 a minute, from minute 10 on 90: CPU 20 %, then 90 %. Over five minutes the mean passes 70 %
    # at minute 13 (20, 90, 90, 90, 90 is 76). The instance is there 12 minutes later.
    demand = np.array([20.0] * 10 + [90.0] * 40)
    done = scaled(demand, SERVICE, Rules(minimum=1, maximum=2), lag_minutes=12)
    (first,) = done.actions
    assert (first.at, first.ready, first.before, first.after) == (13, 25, 1, 2)
    assert done.running[:25].tolist() == [1.0] * 25
    assert done.running[25:].tolist() == [2.0] * 25
    assert done.paid.tolist() == [1.0] * 14 + [2.0] * 36
    assert done.instance_hours == pytest.approx((14 + 72) / 60)


def test_a_rule_that_looks_back_overshoots() -> None:
    # When the second instance comes (minute 25) the last five minutes still say 81 %: a third follows.
    demand = np.array([20.0] * 10 + [90.0] * 40)
    done = scaled(demand, SERVICE, Rules(minimum=1, maximum=4), lag_minutes=12)
    assert [(a.at, a.before, a.after) for a in done.actions] == [(13, 1, 2), (25, 2, 3)]


def test_scale_in_waits_for_its_cooldown_and_does_not_flap() -> None:
    # 100 a minute on two instances is 50 %; then nothing, so one goes; 30 a minute on one is 30 %.
    rules = Rules(minimum=1, maximum=2, in_percent=25.0, out_cooldown=5, in_cooldown=10)
    demand = np.array([90.0] * 20 + [10.0] * 30)
    done = scaled(demand, SERVICE, rules, lag_minutes=3)
    assert [(a.before, a.after) for a in done.actions] == [(1, 2), (2, 1)]
    flapping = Rules(minimum=1, maximum=2, out_percent=40.0, in_percent=30.0)
    demand = np.array([60.0] * 10 + [50.0] * 60)  # 25 % on two would be 50 % on one: above 40
    done = scaled(demand, SERVICE, flapping, lag_minutes=3)
    assert [(a.before, a.after) for a in done.actions] == [(1, 2)]


def test_limits_hold() -> None:
    demand = np.full(600, 1000.0)
    done = scaled(demand, SERVICE, Rules(minimum=2, maximum=4), lag_minutes=18)
    assert done.running.min() == 2
    assert done.running.max() == 4


def test_the_surge_was_met_late(azure: Azure) -> None:
    """The flight-delay surge: 2 to 4 instances, the first some 14 minutes after demand was there."""
    now = azure.settings.clock()
    window = Window(now - timedelta(days=7), now - timedelta(days=5))
    (deployment,) = [
        d
        for e in Inventory(azure).endpoints()
        for d in e.deployments
        if (d.endpoint, d.name) == ("flight-delay", "blue")
    ]
    minute, metrics = timedelta(minutes=1), PlatformMetrics(azure)
    (cpu,) = instances.utilization(metrics, [deployment], window, minute, [instances.CPU])
    (capacity,) = instances.capacity(metrics, [deployment], window, minute)
    answer = Logs(azure).ask("load", window, endpoints=["flight-delay"])
    load = measured.loads(answer.records())[at("flight-delay/blue")]
    (setting,) = Scaling(azure).autoscale()
    rules = autoscale.rules_of(setting)
    assert rules == Rules(minimum=2, maximum=4, out_percent=70, in_percent=25)
    events = Activity(azure).events(window)
    found = autoscale.episodes(cpu, capacity, load, events, rules.out_percent)
    surge = max(found, key=lambda each: each.refused + each.refused_after)
    assert (surge.before, surge.most) == (2, 4)
    assert surge.fired is not None
    assert surge.ready is not None
    assert surge.began <= surge.fired <= surge.ended
    assert surge.lateness is not None
    assert timedelta(minutes=8) < surge.lateness < timedelta(minutes=20)
    assert surge.refused > 1_000
    assert surge.refused_after > surge.refused


def test_an_episode_that_autoscale_slept_through_says_never() -> None:
    start = datetime(2026, 11, 14, tzinfo=UTC)
    times = np.datetime64("2026-11-14T00:00:00", "s") + np.arange(6) * np.timedelta64(300, "s")
    cpu = instances.Utilization(
        "a/b", instances.CPU, ("i",), times, np.array([[10, 80, 85, 90, 20, 10.0]])
    )
    capacity = instances.Capacity("a/b", times, np.ones(6), np.ones(6))
    minutes = times[1:3]
    one = np.array([5.0, 5.0])
    load = measured.Load("a/b", minutes, one, one, np.array([2.0, 1.0]), one, np.zeros((2, 16)))
    (found,) = autoscale.episodes(cpu, capacity, load, [], 70.0)
    assert (found.began, found.ended) == (
        start + timedelta(minutes=5),
        start + timedelta(minutes=20),
    )
    assert (found.fired, found.ready, found.lateness) == (None, None, None)
    assert (found.requests, found.refused, found.refused_after) == (10, 3, 0)
