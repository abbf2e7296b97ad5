"""Advice on the sample's own load: what its machines can do, what it should have, how the surge goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.capacity import instances, right_size
from monitoring.capacity import load as measured
from monitoring.capacity.what_if import Limits
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Logs
from monitoring.sources.metrics import PlatformMetrics
from monitoring.sources.registry import Inventory
from monitoring.window import Window


@pytest.fixture(scope="module")
def week(azure: Azure) -> dict[str, right_size.Case]:
    """Each deployment of the sample, over the seven days before its now."""
    window = Window.last(timedelta(days=7), until=azure.settings.clock())
    grain = timedelta(minutes=5)
    deployments = [d for e in Inventory(azure).endpoints() for d in e.deployments]
    metrics = PlatformMetrics(azure)
    counted = instances.capacity(metrics, deployments, window, grain)
    used = instances.utilization(metrics, deployments, window, grain, [instances.CPU])
    asked = measured.loads(Logs(azure).ask("load", window, endpoints=[]).records())
    cpu = {u.place: u for u in used}
    return {
        str(c.place): right_size.case(asked[c.place], c, cpu[c.place], limits=Limits())
        for c in counted
    }


def test_the_samples_machines_are_measured(week: dict[str, right_size.Case]) -> None:
    """What an instance can do is not written anywhere: it follows from CPU and requests."""
    most = {subject: case.service.most_rpm for subject, case in week.items()}
    assert most["digits/blue"] == pytest.approx(120, rel=0.05)
    assert most["flight-delay/blue"] == pytest.approx(40, rel=0.1)
    assert most["flight-time/blue"] == pytest.approx(30, rel=0.1)


def test_the_replay_of_what_ran_is_like_the_log(week: dict[str, right_size.Case]) -> None:
    for case in week.values():
        assert case.error.hours > 20
        assert case.error.median < 0.25
    surge = week["flight-delay/blue"].error
    assert surge.refused_measured > 10_000
    assert surge.refused == pytest.approx(surge.refused_measured, rel=0.1)


def test_digits_needs_one_instance_of_three(week: dict[str, right_size.Case]) -> None:
    advice = right_size.advise(week["digits/blue"])
    assert advice.best is not None
    assert (advice.running_now, advice.best.instances) == (3, 1.0)
    assert advice.saving_per_month(0.55) == pytest.approx(2 * 0.55 * 730)


def test_the_surge_cannot_be_met_by_scaling_from_two(week: dict[str, right_size.Case]) -> None:
    advice = right_size.advise(week["flight-delay/blue"])
    assert advice.best is not None
    assert advice.best.instances > 8
    assert advice.best.hours_broken == 0
    from_one = next(o for o in advice.options if o.rules and o.rules.minimum == 1)
    assert from_one.refused > 10_000  # 12 to 18 minutes are too late for a ramp of ten
