"""Cost: bill and estimate side by side, what is not needed, prices and energy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from places import at

from monitoring.capacity import instances
from monitoring.capacity.energy import Energy, energy
from monitoring.signals.cost import judging as cost
from monitoring.sources.azure import Azure
from monitoring.sources.cost import BilledDay, CostManagement
from monitoring.sources.metrics import PlatformMetrics, Series
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

DAY = date(2026, 11, 14)
QUARTERS = np.datetime64(DAY, "s") + np.arange(96) * np.timedelta64(900, "s")


def deployment(name: str = "blue", instance_type: str = "Standard_DS3_v2") -> Deployment:
    return Deployment(
        f"/{name}", name, "credit", None, instance_type, 2, "", {}, app_insights=False, created=None
    )


def capacity(counts: np.ndarray) -> instances.Capacity:
    return instances.Capacity(at("credit/blue"), QUARTERS, counts, counts)


def cpu(percent: np.ndarray) -> instances.Utilization:
    ids = tuple(f"i{n}" for n in range(len(percent)))
    return instances.Utilization(at("credit/blue"), instances.CPU, ids, QUARTERS, percent)


def days(**given: object) -> tuple[cost.CostDay, ...]:
    plain = {"billed": (), "capacities": [capacity(np.full(96, 2.0))], "used": []}
    return cost.days([deployment()], Window.day(DAY), **(plain | given))  # type: ignore[arg-type]


def test_without_a_bill_it_is_estimated_from_hours_and_price() -> None:
    (day,) = days(billed=None)
    assert (day.instance_hours, day.source) == (48.0, "estimated")
    assert day.cost == pytest.approx(48 * 0.27)
    (dear,) = days(billed=None, edited={"Standard_DS3_v2": 1.0})
    assert dear.cost == pytest.approx(48.0)


def test_the_bill_comes_before_the_estimate_and_per_thousand_follows() -> None:
    bill = [BilledDay(DAY, "credit", "blue", 12.0, "USD")]
    rows = [{"Endpoint": "credit", "Deployment": "blue", "Requests": 450, "Errors": 50,
             "TimeGenerated": datetime(2026, 11, 14, tzinfo=UTC)}]  # fmt: skip
    (day,) = days(billed=bill, traffic=rows)
    assert (day.cost, day.source, day.currency) == (12.0, "billed", "USD")
    assert (day.predictions, day.per_thousand) == (400, 30.0)
    assert cost.hourly_rates([day], at("credit/blue")) == {
        "billed": 0.25, "estimated": pytest.approx(0.27)
    }  # fmt: skip


def test_what_is_not_known_is_not_zero() -> None:
    (day,) = days(billed=None, capacities=[])
    assert (day.cost, day.source, day.per_thousand) == (None, "unknown", None)
    assert cost.reconciled([day]) is None


def test_a_gap_is_paid_for_and_the_time_before_the_first_point_is_not() -> None:
    counts = np.full(96, np.nan)
    counts[48:52], counts[60:] = 1.0, 3.0  # from noon: an hour of 1, a gap of 2 hours, then 3
    (day,) = days(billed=None, capacities=[capacity(counts)])
    assert day.instance_hours == pytest.approx(3 * 1 + 9 * 3)


def test_a_deleted_deployment_is_in_the_bill_alone() -> None:
    bill = [BilledDay(DAY, "old", "green", 3.0, "EUR")]
    subjects = {str(day.place): day for day in days(billed=bill)}
    assert subjects["old/green"].cost == 3.0
    assert subjects["old/green"].estimated is None


@pytest.mark.parametrize(
    ("percent", "running", "share", "status"),
    [
        (1.0, 3, 2 / 3, "breached"),
        (1.0, 2, 0.5, "ok"),  # one spare in two is allowed
        (1.0, 1, 0.0, "ok"),
        (60.0, 4, 0.0, "ok"),
        (10.0, 4, 0.75, "breached"),
    ],
)
def test_not_needed_is_what_the_busiest_quarter_leaves(
    percent: float, running: int, share: float, status: str
) -> None:
    found = cost.unneeded(at("credit/blue"), cpu(np.full((running, 96), percent)), Window.day(DAY))
    assert found.value == pytest.approx(share)
    assert (found.status, found.signal) == (status, "cost")


def test_one_busy_quarter_is_enough_to_need_them() -> None:
    percent = np.full((3, 96), 1.0)
    percent[:, 50] = 65.0
    assert cost.unneeded(at("credit/blue"), cpu(percent), Window.day(DAY)).value == 0.0
    blind = cost.unneeded(at("credit/blue"), cpu(percent * np.nan), Window.day(DAY))
    assert (blind.status, blind.value) == ("no_data", None)


def test_the_samples_bill_is_reconciled(azure: Azure) -> None:
    window = Window.last(timedelta(days=30), until=azure.settings.clock()).whole_days()
    deployments = [d for e in Inventory(azure).endpoints() for d in e.deployments]
    metrics, grain = PlatformMetrics(azure), instances.grain_of(window)
    found = cost.days(
        deployments,
        window,
        billed=CostManagement(azure).daily(window).days,
        capacities=instances.capacity(metrics, deployments, window, grain),
        used=[],
    )
    both = cost.reconciled(found)
    assert both is not None
    assert both.days > 100
    assert both.is_reconciled, both.difference
    assert abs(both.difference) < 0.05
    places = {day.place for day in found}
    for place in places:
        own = cost.reconciled(day for day in found if day.place == place)
        assert own is not None
        assert own.is_reconciled, (place, own.difference)


def test_digits_alone_pays_for_what_it_does_not_need(azure: Azure) -> None:
    window = Window.last(timedelta(days=60), until=azure.settings.clock())
    deployments = [d for e in Inventory(azure).endpoints() for d in e.deployments]
    found = cost.idle(PlatformMetrics(azure), deployments, window)
    breached = [r for r in found if r.status == "breached"]
    assert {r.subject for r in breached} == {"digits/blue"}
    first = min(r.window.start for r in breached if r.window)
    assert first.date() == (azure.settings.clock() - timedelta(days=45)).date()
    assert len(breached) == 45  # every day since, and none before


def test_a_machine_without_a_gpu_has_no_energy(azure: Azure) -> None:
    window = Window.last(timedelta(days=1), until=azure.settings.clock())
    deployments = [d for e in Inventory(azure).endpoints() for d in e.deployments]
    assert energy(PlatformMetrics(azure), deployments, window) == ()


class OneGpu(PlatformMetrics):
    """100 W for half of a day: 6,000 J a minute, then nothing."""

    def __init__(self) -> None: ...

    def series(self, resource_ids, *args, **kwargs):  # type: ignore[no-untyped-def,override]
        values = np.where(np.arange(96) < 48, 6_000.0, np.nan)
        return tuple(
            Series(i, "GpuEnergyJoules", "Count", {"instanceId": "a"}, QUARTERS, values)
            for i in resource_ids
        )


def test_joules_are_watt_hours_and_grams() -> None:
    gpu = deployment("gpu", "Standard_NC6s_v3")
    (found,) = energy(OneGpu(), [gpu, deployment()], Window.day(DAY))
    assert found == Energy(at("credit/gpu"), pytest.approx(1200.0), 0.5)  # 100 W for 12 hours
    assert found.grams(500.0) == pytest.approx(600.0)
