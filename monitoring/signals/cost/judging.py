"""Cost: what each deployment costs a day and per 1,000 predictions, and which pay for machines not needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any, Literal

import numpy as np

from monitoring.arrays import Floats
from monitoring.capacity import instances, prices
from monitoring.capacity.instances import CPU, Capacity, Utilization
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.sources.cost import BilledDay
from monitoring.sources.metrics import PlatformMetrics
from monitoring.verdict import draft, judge
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

SIGNAL = "cost"
#: CPU in percent up to which an instance is to be filled: the threshold at which Azure's own example
#: of an autoscale rule adds one.
TARGET_CPU_PERCENT = 70.0
#: More than this share of the paid instances not needed is a breach: one spare in two is what it
#: takes to survive the loss of an instance.
UNNEEDED_SHARE = 0.5
#: Azure Advisor's rule for shutting a virtual machine down: the 95th percentile of its CPU is below
#: this over a week.
IDLE_CPU_PERCENT = 3.0
#: What may lie between the bill and our estimate of it.
RECONCILED_WITHIN = 0.05

#: A number of each deployment and UTC day.
_Days = dict[tuple[Place, date], float]
Source = Literal["billed", "estimated", "unknown"]


@dataclass(frozen=True, slots=True)
class CostDay:
    """One deployment on one UTC day; None is not known, which is not zero.

    billed: by Cost Management. estimated: instance-hours times price. predictions: requests that were
    answered. cpu_percent: mean of all instances and the day. All costs are in `currency`.
    """

    day: date
    place: Place
    billed: float | None
    estimated: float | None
    instance_hours: float | None
    predictions: int | None
    cpu_percent: float | None
    currency: str

    @property
    def cost(self) -> float | None:
        """The billed cost, or else the estimated."""
        return self.estimated if self.billed is None else self.billed

    @property
    def source(self) -> Source:
        """Where `cost` is from."""
        if self.billed is not None:
            return "billed"
        return "unknown" if self.estimated is None else "estimated"

    @property
    def per_thousand(self) -> float | None:
        """Cost per 1,000 predictions; None where nothing was predicted."""
        if self.cost is None or not self.predictions:
            return None
        return 1000 * self.cost / self.predictions


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Bill and estimate over the days that have both; `difference` is a share of the bill."""

    billed: float
    estimated: float
    days: int

    @property
    def difference(self) -> float:
        """How far the estimate lies above (or, negative, below) the bill."""
        return (self.estimated - self.billed) / self.billed

    @property
    def is_reconciled(self) -> bool:
        """Whether they agree within RECONCILED_WITHIN."""
        return abs(self.difference) <= RECONCILED_WITHIN


def days(
    deployments: Sequence[Deployment],
    window: Window,
    *,
    billed: Iterable[BilledDay] | None,
    capacities: Sequence[Capacity],
    used: Sequence[Utilization],
    traffic: Iterable[Mapping[str, Any]] = (),
    edited: Mapping[str, float] | None = None,
) -> tuple[CostDay, ...]:
    """Return each deployment on each UTC day of the window, oldest first.

    Args:
        deployments: Those that exist now; what was deleted is in the bill alone.
        billed: The bill; None where it may not be read.
        traffic: Rows of `traffic.kql` with a step of one day.
        edited: The user's prices an hour by type of machine.
    """
    bill = _by_day(billed or ())
    currency = next((b.currency for b in bill.values()), prices.CURRENCY)
    hours = _merged(map(_instance_hours, capacities))
    cpu = _merged(_cpu(each) for each in used if each.resource is CPU)
    answered = _answered(traffic)
    rates = {d.place: prices.price_of(d.instance_type, edited) for d in deployments}
    places = sorted({*rates, *(place for place, _ in bill)})
    return tuple(
        CostDay(
            day=day,
            place=place,
            billed=bill[place, day].cost if (place, day) in bill else None,
            estimated=_times(rates.get(place), hours.get((place, day))),
            instance_hours=hours.get((place, day)),
            predictions=answered.get((place, day)),
            cpu_percent=cpu.get((place, day)),
            currency=currency,
        )
        for day in window.days()
        for place in places
    )


def _by_day(billed: Iterable[BilledDay]) -> dict[tuple[Place, date], BilledDay]:
    return {
        (Place(endpoint=each.endpoint, deployment=each.deployment), each.day): each
        for each in billed
        if each.endpoint
    }


def _answered(traffic: Iterable[Mapping[str, Any]]) -> dict[tuple[Place, date], int]:
    return {
        (Place.of_row(row), row["TimeGenerated"].date()): row["Requests"] - row["Errors"]
        for row in traffic
    }


def _merged(parts: Iterable[_Days]) -> _Days:
    return dict(chain.from_iterable(part.items() for part in parts))


def _times(rate: float | None, hours: float | None) -> float | None:
    return None if rate is None or hours is None else rate * hours


def reconciled(found: Iterable[CostDay]) -> Reconciliation | None:
    """Compare bill and estimate on the days that have both; None without one.

    >>> def day(billed, estimated):
    ...     return CostDay(date(2026, 1, 1), Place(endpoint="a"), billed, estimated, 24.0, 10, 5.0, "EUR")
    >>> both = reconciled([day(10.0, 10.4), day(10.0, None), day(None, 9.0)])
    >>> both.days, round(both.difference, 3), both.is_reconciled
    (1, 0.04, True)
    """
    both = [(d.billed, d.estimated) for d in found if d.billed and d.estimated is not None]
    if not both:
        return None
    return Reconciliation(
        sum(billed for billed, _ in both if billed),
        sum(estimated for _, estimated in both if estimated),
        len(both),
    )


def hourly_rates(found: Iterable[CostDay], place: Place) -> dict[Source, float]:
    """Return what an instance-hour of a deployment costs, by its bill first and by the price table.

    The bill knows the discounts. Empty where nothing says it.
    """
    own = [(day, day.instance_hours) for day in found if day.place == place and day.instance_hours]
    rates: dict[Source, float | None] = {
        "billed": _rate([(day.billed, hours) for day, hours in own]),
        "estimated": _rate([(day.estimated, hours) for day, hours in own]),
    }
    return {source: rate for source, rate in rates.items() if rate is not None}


def _rate(paid: Iterable[tuple[float | None, float]]) -> float | None:
    known = [(cost, hours) for cost, hours in paid if cost is not None]
    if not known:
        return None
    return sum(cost for cost, _ in known) / sum(hours for _, hours in known)


def idle(
    metrics: PlatformMetrics, deployments: Sequence[Deployment], window: Window
) -> tuple[MetricResult, ...]:
    """Judge, per UTC day, the share of each deployment's paid instances that its work does not need.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    every = map(Window.day, window.days())
    whole = [day for day in every if window.start <= day.start and day.end <= window.end]
    if not whole:
        return ()
    span = Window(whole[0].start, whole[-1].end)
    grain = instances.grain_of(span)
    used = {u.place: u for u in instances.utilization(metrics, deployments, span, grain, [CPU])}
    return tuple(
        unneeded(deployment.place, used.get(deployment.place), day)
        for deployment in deployments
        for day in whole
        if deployment.created is None or day.start >= deployment.created
    )


def unneeded(place: Place, cpu: Utilization | None, day: Window) -> MetricResult:
    """Judge one day: instances that report, beside those that its busiest grain needs.

    Needed are as many as keep the sum of all instances' CPU at TARGET_CPU_PERCENT each, at least 1.
    """
    value, rows = None, 0
    if cpu is not None:
        inside = instances.inside(cpu.times, day)
        busy = cpu.percent[:, inside]
        known = ~np.isnan(busy).all(axis=0)
        rows = int(known.sum())
        if rows:
            paid = float((~np.isnan(busy[:, known])).sum(axis=0).mean())
            peak = float(np.nansum(busy[:, known], axis=0).max())
            value = 1 - min(needed(peak) / paid, 1.0)
    measured = draft(
        signal=SIGNAL,
        metric="unneeded_instances_share",
        place=place,
        threshold=UNNEEDED_SHARE,
        unit="share of paid instances",
        method=f"instances beyond those that hold the busiest {CPU.metric} of the day at "
        f"{TARGET_CPU_PERCENT:g} % each; one spare in two is allowed",
        window=day,
        value=value,
        rows=rows,
        reason="" if value is not None else "Azure Monitor has no point",
    )
    return judge(measured)


def needed(cpu_percent: float) -> int:
    """Return how many instances hold a sum of CPU at the target, at least one.

    >>> needed(141.0), needed(2.0)
    (3, 1)
    """
    return max(1, math.ceil(cpu_percent / TARGET_CPU_PERCENT))


def is_idle(cpu: Utilization) -> bool | None:
    """Whether the 95th percentile of the fullest instance's CPU is below Azure Advisor's 3 %.

    None without a week's worth of values: Advisor looks at seven days.
    """
    known = cpu.fullest[~np.isnan(cpu.fullest)]
    if not len(known) or cpu.times[-1] - cpu.times[0] < np.timedelta64(6, "D"):
        return None
    return bool(np.percentile(known, 95) < IDLE_CPU_PERCENT)


def _instance_hours(capacity: Capacity) -> _Days:
    """Return instance-hours of each day with a point.

    A gap between two points counts as what ran before it: machines are paid while Azure Monitor is
    silent. Before the first point and after the last nothing is assumed.
    """
    known = np.flatnonzero(~np.isnan(capacity.running))
    if len(known) < 2:  # noqa: PLR2004 - the grain is the distance of two times
        return {}
    grain_hours = (capacity.times[1] - capacity.times[0]) / np.timedelta64(3600, "s")
    span = np.arange(known[0], known[-1] + 1)
    running = capacity.running[known[np.searchsorted(known, span, "right") - 1]]
    of_day = capacity.times[span].astype("datetime64[D]")
    return {
        (capacity.place, day.astype(datetime)): float(running[of_day == day].sum() * grain_hours)
        for day in np.unique(of_day)
    }


def _cpu(used: Utilization) -> _Days:
    counts = (~np.isnan(used.percent)).sum(axis=0)
    total = np.nansum(used.percent, axis=0)
    with np.errstate(invalid="ignore"):
        return _daily(used, np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


def _daily(of: Utilization, values: Floats) -> _Days:
    of_day = of.times.astype("datetime64[D]")
    found = {}
    for day in np.unique(of_day):
        own = values[of_day == day]
        known = own[~np.isnan(own)]
        if len(known):
            found[of.place, day.astype(datetime)] = float(known.mean())
    return found
