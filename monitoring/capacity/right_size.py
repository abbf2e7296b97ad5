"""Right size: the fewest instances that keep the objective on the load as it was, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitoring.arrays import Floats
from monitoring.capacity import queueing, what_if
from monitoring.capacity.autoscale import LAG_MINUTES, Rules, every_minute, scaled
from monitoring.capacity.instances import Capacity, Utilization
from monitoring.capacity.load import Load, Service, measure, running
from monitoring.capacity.prices import HOURS_A_MONTH
from monitoring.capacity.what_if import (
    Arrivals,
    Limits,
    ModelError,
    Objective,
    arrivals,
    model_error,
    outcome,
)
from monitoring.errors import NotEnoughData
from monitoring.place import Place

#: More than this is no advice but a mistake in the numbers.
MOST_INSTANCES = 64
#: Advice is checked on other draws of the arrivals than the one it was found on.
SEEDS = (0, 1, 2)
#: A cheaper autoscale is advised only if it saves this share; below that it is not worth its risk.
_WORTH = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A number of instances, or rules for it, and what the replay says of it.

    instances: mean that is paid for. p95_ms: of all answers; worst_p95_ms: of the slowest hour; both
    as replayed. hours_broken: of `hours` judged. queue_p95_ms: wait of 95 % in the busiest hour by
    the queueing formula, None where it has no steady state.
    """

    label: str
    instances: float
    rules: Rules | None
    p95_ms: float
    worst_p95_ms: float
    refused: float
    late: float
    hours_broken: int
    hours: int
    peak_cpu_percent: float
    queue_p95_ms: float | None

    def cost_per_month(self, rate: float | None) -> float | None:
        """Return the cost a month at a price per instance-hour; None without one."""
        return None if rate is None else rate * self.instances * HOURS_A_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about the size of one deployment.

    now: as it ran. best: the cheapest that keeps the objective, None if nothing within
    MOST_INSTANCES does. options: what was tried, by size.
    """

    place: Place
    service: Service
    error: ModelError
    objective: Objective
    limits: Limits
    running_now: int
    now: Option
    best: Option | None
    options: tuple[Option, ...]
    hours_left_out: int = 0

    def saving_per_month(self, rate: float | None) -> float | None:
        """Return what the advice saves a month, negative for what it costs more."""
        if self.best is None or rate is None:
            return None
        return rate * (self.running_now - self.best.instances) * HOURS_A_MONTH

    @property
    def is_right(self) -> bool:
        """Whether what runs is what is advised."""
        return self.best is not None and self.best.instances == self.running_now


@dataclass(frozen=True, eq=False)
class Case:
    """One deployment's load, service and limits, ready to be replayed."""

    load: Load
    came: tuple[Arrivals, ...]
    service: Service
    instances: Floats
    error: ModelError
    limits: Limits
    objective: Objective

    @property
    def careful(self) -> Service:
        """The service with two standard errors more CPU a request: what advice is judged by."""
        if self.service.cpu_per_rpm is None:
            return self.service
        more = self.service.cpu_per_rpm + 2 * self.service.cpu_per_rpm_error
        return replace(self.service, cpu_per_rpm=more)


def case(
    load: Load,
    capacity: Capacity,
    cpu: Utilization | None,
    *,
    limits: Limits,
    objective: Objective | None = None,
) -> Case:
    """Measure a deployment and how well the replay knows it.

    Raises:
        NotEnoughData: Too few answers, or nobody knows how many instances ran.
    """
    service = measure(load, capacity, cpu)
    instances = running(capacity, load.minutes)
    parity = load.minutes.astype("datetime64[D]").astype(np.int64) % 2
    folds = {}
    for which in (0, 1):
        try:
            folds[which] = measure(load.part(parity != which), capacity, cpu)
        except NotEnoughData:
            folds[which] = service  # a single day: then the error is that of the fit itself
    return Case(
        load=load,
        came=tuple(arrivals(load, seed) for seed in SEEDS),
        service=service,
        instances=instances,
        error=model_error(load, folds, instances, limits),
        limits=limits,
        objective=objective or Objective(),
    )


def advise(found: Case, rules: Rules | None = None) -> Advice:
    """Find the cheapest size that keeps the objective in every hour of the replayed load.

    Fixed numbers of instances, and autoscale between them with a scale-out that takes the longest of
    LAG_MINUTES. Each is judged on several draws of the arrivals, with the error of the model on top
    of each hour's 95th percentile and the CPU's error on top of each request.

    Args:
        rules: Its autoscale rules, whose thresholds other limits are tried with.
    """
    fewest = _fewest(found)
    running_now = int(found.instances[-1])
    sizes = {1, running_now}
    if fewest is not None:
        sizes |= {max(fewest - 1, 1), fewest, fewest + 1}
    options = [fixed(found, size) for size in sorted(sizes)]
    if fewest is not None and fewest > 1:
        options += _autoscaled(found, fewest, rules)
    return Advice(
        place=found.load.place,
        service=found.service,
        error=found.error,
        objective=found.objective,
        limits=found.limits,
        running_now=running_now,
        now=_now(found, running_now),
        best=_cheapest(options),
        options=tuple(options),
        hours_left_out=found.came[0].hours_left_out,
    )


def _fewest(found: Case) -> int | None:
    """Return the fewest instances that keep the objective: doubling, then halving the gap."""
    low, high = 0, 1
    while not keeps(found, high):
        low, high = high, high * 2
        if high > MOST_INSTANCES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(found, middle) else (middle, high)
    return high


def keeps(found: Case, instances: float | Floats) -> bool:
    """Whether no hour of any draw breaks the objective at these instances."""
    return all(
        not outcome(came, found.careful, _here(found, came, instances), found.limits)
        .broken(found.objective, found.error.margin)
        .any()
        for came in found.came
    )


def _here(found: Case, came: Arrivals, instances: float | Floats) -> float | Floats:
    """Return the instances of the minutes that are replayed."""
    if np.ndim(instances) == 0:
        return instances
    return what_if.running_of(found.load, np.asarray(instances), came.load)


def _cheapest(options: list[Option]) -> Option | None:
    good = [option for option in options if not option.hours_broken]
    plain = _smallest(good, scales=False)
    scaling = _smallest(good, scales=True)
    if plain and scaling and scaling.instances > (1 - _WORTH) * plain.instances:
        return plain
    return scaling or plain


def _smallest(options: Sequence[Option], *, scales: bool) -> Option | None:
    alike = (option for option in options if (option.rules is not None) is scales)
    return min(alike, key=lambda option: option.instances, default=None)


def fixed(found: Case, instances: int) -> Option:
    """Replay a fixed number of instances."""
    label = "1 instance" if instances == 1 else f"{instances} instances"
    return _option(found, label, float(instances), float(instances), None)


def _now(found: Case, running_now: int) -> Option:
    plain = _option(found, "as it ran", found.instances, float(found.instances.mean()), None)
    return replace(plain, instances=float(running_now))


def autoscaled(found: Case, rules: Rules, lag_minutes: int = LAG_MINUTES[1]) -> Option:
    """Replay autoscale rules with a scale-out that takes `lag_minutes`."""
    minutes, demand = every_minute(found.load)
    done = scaled(demand, found.careful, rules, lag_minutes)
    there = done.running[np.searchsorted(minutes, found.load.minutes)]
    label = f"autoscale {rules.minimum} to {rules.maximum}"
    return _option(found, label, there, float(done.paid.mean()), rules)


def _autoscaled(found: Case, fewest: int, rules: Rules | None) -> list[Option]:
    like = rules or Rules(minimum=1, maximum=fewest)
    floors = sorted({1, max(fewest // 2, 1), fewest - 1})
    return [
        autoscaled(found, replace(like, minimum=floor, maximum=fewest))
        for floor in floors
        if floor < fewest
    ]


def _option(
    found: Case, label: str, there: float | Floats, paid: float, rules: Rules | None
) -> Option:
    """Replay on all draws: numbers of the first, the verdict of the worst."""
    broken = 0
    for came in found.came:
        judged = outcome(came, found.careful, _here(found, came, there), found.limits)
        broken = max(broken, int(judged.broken(found.objective, found.error.margin).sum()))
    first = outcome(found.came[0], found.service, _here(found, found.came[0], there), found.limits)
    with np.errstate(divide="ignore"):
        peak = found.service.utilization(found.load.requests / np.asarray(there)).max()
    return Option(
        label=label,
        instances=paid,
        rules=rules,
        p95_ms=first.overall_p95_ms,
        worst_p95_ms=first.worst_p95_ms,
        refused=float(first.refused.sum()),
        late=float(first.late.sum()),
        hours_broken=broken,
        hours=len(first.hours),
        peak_cpu_percent=100 * min(float(peak), 1.0),
        queue_p95_ms=_queue_p95(found, there) if np.ndim(there) == 0 else None,
    )


def _queue_p95(found: Case, instances: float | Floats) -> float | None:
    """Return the formula's wait of 95 % in the busiest hour, with the service of that hour's load."""
    hours, place = np.unique(found.load.hour, return_inverse=True)
    busiest = np.bincount(place, found.load.requests).max() if len(hours) else 0.0
    servers = int(float(np.asarray(instances)) * found.limits.concurrent_per_instance)
    share = float(
        np.clip(
            found.service.utilization(np.array([busiest / 60 / float(np.asarray(instances))]))[0],
            0,
            0.95,
        )
    )
    service_ms = found.service.mean_ms * (1 + found.service.slowing * share / (1 - share))
    try:
        wait = queueing.waiting(
            servers, busiest / 3600, service_ms, service_variability=found.service.variability
        )
    except NotEnoughData:
        return None
    return wait.quantile_ms(0.95)
