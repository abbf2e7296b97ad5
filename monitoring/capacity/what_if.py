"""What if a deployment had had other instances: its recorded arrivals replayed, hour by hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.arrays import Floats, Times
from monitoring.capacity.load import LEAST_ANSWERS, Load, Service, percentile
from monitoring.capacity.replay import replay
from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS

#: Requests that are replayed at most: the quietest hours are left out first, which break nothing.
MOST_REQUESTS = 500_000
#: Utilization beyond which slowing is not extrapolated; the machine is full there anyway.
_FULL = 0.95
_MINUTE_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Objective:
    """What is to be kept in every hour with LEAST_ANSWERS requests or more."""

    p95_ms: float = LATENCY_P95_MS
    failed_share: float = ERROR_RATE


@dataclass(frozen=True, slots=True)
class Limits:
    """What the deployment's request settings allow."""

    concurrent_per_instance: int = 1
    timeout_ms: float = 5_000.0


@dataclass(frozen=True, eq=False)
class Arrivals:
    """The requests of a load, one by one, with the chances that all what-ifs share.

    minute: place of each request in the load's minutes, ascending. at_ms: since the load's first
    minute. luck, chance: one number from 0 to 1 each, for its service and for being refused.
    """

    load: Load
    minute: NDArray[np.int64]
    at_ms: Floats
    luck: Floats
    chance: Floats
    hours_left_out: int = 0

    @cached_property
    def hour(self) -> NDArray[np.int64]:
        """Number of the hour of each request."""
        return self.load.hour[self.minute]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the replay says, by hour and in all.

    hours: start of each hour with a request. p95_ms: nan in an hour with fewer than LEAST_ANSWERS
    answers. requests, refused, late (over the timeout): by hour. overall_p95_ms: of all answers.
    """

    hours: Times
    p95_ms: Floats
    requests: Floats
    refused: Floats
    late: Floats
    overall_p95_ms: float

    @property
    def worst_p95_ms(self) -> float:
        """The 95th percentile of the slowest hour, nan without an hour that has enough answers."""
        known = self.p95_ms[~np.isnan(self.p95_ms)]
        return float(known.max()) if len(known) else float("nan")

    def broken(self, objective: Objective, margin: float = 0.0) -> NDArray[np.bool_]:
        """Return which hours break the objective, the 95th percentile raised by a share `margin`."""
        judged = self.requests >= LEAST_ANSWERS
        with np.errstate(invalid="ignore"):
            slow = self.p95_ms * (1 + margin) > objective.p95_ms
            failing = (self.refused + self.late) > objective.failed_share * self.requests
        hours: NDArray[np.bool_] = judged & (slow | failing)
        return hours


def arrivals(load: Load, seed: int = 0) -> Arrivals:
    """Draw the moments of arrival: evenly at random within each minute.

    That is what a Poisson stream does, given how many came in the minute.
    """
    load, left_out = _busiest(load)
    random = np.random.default_rng(seed)
    counts = load.requests.astype(np.int64)
    minute = np.repeat(np.arange(len(counts)), counts)
    starts = (load.minutes - load.minutes[:1]) / np.timedelta64(1, "ms")
    at = np.asarray(starts, dtype=np.float64)[minute] + _MINUTE_MS * random.random(len(minute))
    at.sort()  # a sort within minutes: their order is that of the starts
    return Arrivals(
        load, minute, at, random.random(len(minute)), random.random(len(minute)), left_out
    )


def _busiest(load: Load) -> tuple[Load, int]:
    total = load.requests.sum()
    if total <= MOST_REQUESTS:
        return load, 0
    hours, place = np.unique(load.hour, return_inverse=True)
    asked = np.bincount(place, load.requests)
    order = np.argsort(-asked, kind="stable")
    kept = order[: max(1, int((np.cumsum(asked[order]) <= MOST_REQUESTS).sum()))]
    return load.part(np.isin(place, kept)), len(hours) - len(kept)


def outcome(came: Arrivals, service: Service, instances: ArrayLike, limits: Limits) -> Outcome:
    """Replay arrivals through other instances.

    Three things decide: a request waits for one of instances x concurrent_per_instance servers and
    is refused beyond twice as many under way; its service is longer the busier the CPU of its
    minute is; and what exceeds the CPU of a minute is refused.

    Args:
        instances: One number, or one per minute of the load.
    """
    there = np.broadcast_to(np.asarray(instances, dtype=np.float64), came.load.minutes.shape)
    with np.errstate(divide="ignore"):
        rpm = came.load.requests / there
    share = service.utilization(rpm)
    full = np.clip(share, 0.0, _FULL)
    factor = service.mean_ms * (1 + service.slowing * full / (1 - full))
    place = (came.luck * len(service.shape)).astype(np.int64)
    takes = service.shape[place] * factor[came.minute]
    fits = came.chance * _excess(service, rpm)[came.minute] < 1
    servers = (there * limits.concurrent_per_instance).astype(np.int64)[came.minute]
    served = replay(came.at_ms[fits], takes[fits], servers[fits])
    total = np.full(len(came.at_ms), np.nan)
    total[fits] = served.wait_ms + takes[fits]
    return _by_hour(came, total, limits)


def _excess(service: Service, rpm: Floats) -> Floats:
    """Return the requests of a minute over those that its CPU can do, at least 1."""
    most = service.most_rpm or service.measured_rpm
    return np.maximum(rpm / max(most, 1e-9), 1.0)


def _by_hour(came: Arrivals, total: Floats, limits: Limits) -> Outcome:
    hours, place = np.unique(came.hour, return_inverse=True)
    refused = np.isnan(total)
    with np.errstate(invalid="ignore"):
        late = total > limits.timeout_ms
    good = ~refused & ~late
    p95 = np.full(len(hours), np.nan)
    ends = np.searchsorted(place, np.arange(len(hours) + 1))
    for n in range(len(hours)):
        own = slice(ends[n], ends[n + 1])
        took = total[own][good[own]]
        if len(took) >= LEAST_ANSWERS:
            p95[n] = np.percentile(took, 95)
    return Outcome(
        hours=hours.astype("datetime64[h]").astype("datetime64[s]"),
        p95_ms=p95,
        requests=np.bincount(place, minlength=len(hours)).astype(np.float64),
        refused=np.bincount(place, refused, minlength=len(hours)).astype(np.float64),
        late=np.bincount(place, late, minlength=len(hours)).astype(np.float64),
        overall_p95_ms=float(np.percentile(total[good], 95)) if good.any() else float("nan"),
    )


@dataclass(frozen=True, slots=True)
class ModelError:
    """How the replay, at the instances that ran, compares with what the log says, hour by hour.

    Each day is predicted from the other days. median: of |predicted - measured| / measured of the
    95th percentile. margin: share by which the measured one exceeds the predicted in the worst tenth
    of hours; what advice allows for. refused, refused_measured: requests in all.
    """

    median: float
    margin: float
    hours: int
    refused: float
    refused_measured: float


def measured_p95(load: Load) -> tuple[Times, Floats]:
    """Return the hours of a load and their measured 95th percentile, nan with too few answers."""
    hours, place = np.unique(load.hour, return_inverse=True)
    within = np.zeros((len(hours), load.within.shape[1]))
    np.add.at(within, place, load.within)
    answered = np.bincount(place, load.answered)
    found = [
        percentile(row, n, 0.95) if n >= LEAST_ANSWERS else float("nan")
        for row, n in zip(within, answered, strict=True)
    ]
    return hours.astype("datetime64[h]").astype("datetime64[s]"), np.array(found)


def model_error(
    load: Load, by_parity: Mapping[int, Service], instances: Floats, limits: Limits
) -> ModelError:
    """Compare the replay with the log.

    Args:
        by_parity: For the days of each parity (0 and 1), the service measured on the others.
        instances: That ran, one per minute of the load.
    """
    ratios: list[Floats] = []
    refused = 0.0
    parity = load.minutes.astype("datetime64[D]").astype(np.int64) % 2
    for which, service in by_parity.items():
        own = load.part(parity == which)
        if not len(own.minutes):
            continue
        came = arrivals(own)
        said = outcome(came, service, running_of(load, instances, came.load), limits)
        refused += float(said.refused.sum())
        hours, p95 = measured_p95(came.load)
        ratios.append((p95 / said.p95_ms)[np.isin(hours, said.hours)])
    ratio = np.concatenate(ratios) if ratios else np.array([])
    ratio = ratio[~np.isnan(ratio)]
    if not len(ratio):
        nan = float("nan")
        return ModelError(nan, 0.0, 0, refused, float(load.refused.sum()))
    return ModelError(
        median=float(np.median(np.abs(1 / ratio - 1))),
        margin=max(float(np.percentile(ratio, 90)) - 1, 0.0),
        hours=len(ratio),
        refused=refused,
        refused_measured=float(load.refused.sum()),
    )


def running_of(load: Load, instances: Floats, part: Load) -> Floats:
    """Return the instances of the minutes of a part of a load."""
    found: Floats = instances[np.searchsorted(load.minutes, part.minutes)]
    return found
