"""The load of a deployment as measured: arrivals per minute, and how long its instances take for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Times
from monitoring.capacity.instances import Capacity, Utilization
from monitoring.errors import NotEnoughData
from monitoring.place import Place

#: Upper edges in ms of the durations that `load.kql` counts.
EDGES_MS = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000)
#: Fewer answers than this, and neither a service time nor a percentile is worth a word.
LEAST_ANSWERS = 30
#: Points of the distribution of service times.
_SHAPE_POINTS = 400
#: Utilization from which a machine counts as saturated: its numbers no longer tell what one request needs.
_SATURATED_PERCENT = 90.0
_MINUTE_S = np.timedelta64(60, "s")


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """The minutes of one deployment in which anything was asked, oldest first.

    minutes: their starts, UTC, shape (n,). requests: that asked for an answer of the model. answered:
    with success. refused: with 429. sum_ms: of the answers' durations. within: answers that took at
    most each of EDGES_MS, shape (n, edges).
    """

    place: Place
    minutes: Times
    requests: Floats
    answered: Floats
    refused: Floats
    sum_ms: Floats
    within: Floats

    def part(self, chosen: NDArray[np.bool_]) -> Load:
        """Return some of the minutes."""
        return Load(
            self.place,
            self.minutes[chosen],
            self.requests[chosen],
            self.answered[chosen],
            self.refused[chosen],
            self.sum_ms[chosen],
            self.within[chosen],
        )

    @property
    def hour(self) -> NDArray[np.int64]:
        """Number of the hour of each minute, shape (n,)."""
        hours: NDArray[np.int64] = self.minutes.astype("datetime64[h]").astype(np.int64)
        return hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How long an instance takes for a request, and what of its CPU.

    mean_ms: alone on the machine. variability: squared coefficient of variation. idle_percent: CPU
    without a request. cpu_per_rpm: percent of CPU that one request a minute takes (the utilization
    law: Denning and Buzen 1978), None where the CPU does not follow the requests. slowing: how a
    busy CPU lengthens service, as in mean_ms * (1 + slowing * u / (1 - u)) at utilization u; 1 is
    processor sharing (Kleinrock 1967). measured_rpm: most requests a minute that one instance has
    had while unsaturated. shape: equally likely durations over their mean, shape (m,).
    """

    mean_ms: float
    variability: float
    idle_percent: float
    cpu_per_rpm: float | None
    cpu_per_rpm_error: float
    slowing: float
    is_slowing_measured: bool
    measured_rpm: float
    answers: int
    shape: Floats = field(repr=False, compare=False)

    @property
    def most_rpm(self) -> float | None:
        """Requests a minute at which the CPU of one instance is full; None where not known."""
        if not self.cpu_per_rpm:
            return None
        return max(100.0 - self.idle_percent, 0.0) / self.cpu_per_rpm

    def utilization(self, rpm_per_instance: Floats) -> Floats:
        """Return the share of an instance's CPU in use, above 1 for more than it can do.

        Where the CPU tells nothing, the most that was ever measured counts as full: what lies beyond
        is not known, so it is not promised.
        """
        most = self.most_rpm
        if most is None or self.cpu_per_rpm is None:
            return rpm_per_instance / max(self.measured_rpm, 1e-9)
        used: Floats = (self.idle_percent + self.cpu_per_rpm * rpm_per_instance) / 100
        return used


def loads(records: Iterable[Mapping[str, Any]]) -> dict[Place, Load]:
    """Return the load of each deployment from rows of `load.kql`."""
    groups: dict[Place, list[Mapping[str, Any]]] = {}
    for row in records:
        groups.setdefault(Place.of_row(row), []).append(row)
    return {place: _load(place, rows) for place, rows in groups.items()}


def _load(place: Place, rows: list[Mapping[str, Any]]) -> Load:
    rows.sort(key=lambda row: row["TimeGenerated"])
    minutes = [row["TimeGenerated"].replace(tzinfo=None) for row in rows]

    def column(name: str) -> Floats:
        return np.array([row[name] or 0.0 for row in rows], dtype=np.float64)

    return Load(
        place,
        np.array(minutes, dtype="datetime64[s]"),
        column("Requests"),
        column("Answered"),
        column("Refused"),
        column("SumMs"),
        np.stack([column(f"Within{edge}") for edge in EDGES_MS], axis=1),
    )


def running(capacity: Capacity, minutes: Times) -> Floats:
    """Return how many instances ran in each minute: the last count known then, else the first.

    Raises:
        NotEnoughData: Azure Monitor has not one point.
    """
    known = ~np.isnan(capacity.running)
    if not known.any():
        raise NotEnoughData(
            f"Azure Monitor does not say how many instances {str(capacity.place)!r} has",
            hint="Choose a window in which the deployment ran.",
        )
    times, counts = capacity.times[known], capacity.running[known]
    return counts[np.maximum(np.searchsorted(times, minutes, "right") - 1, 0)]


def measure(load: Load, capacity: Capacity, cpu: Utilization | None) -> Service:
    """Measure the service of a deployment from its log and its machines.

    Raises:
        NotEnoughData: Too few answers.
    """
    answers = int(load.answered.sum())
    if answers < LEAST_ANSWERS:
        raise NotEnoughData(
            f"{str(load.place)!r} gave {answers} answers, {LEAST_ANSWERS} are needed",
            hint="Choose a longer window.",
        )
    instances = running(capacity, load.minutes)
    rpm = load.requests / instances
    idle, per_rpm, error = _demand(load, capacity, cpu)
    used = (idle + (per_rpm or 0.0) * rpm) / 100
    calm = (used < _SATURATED_PERCENT / 100) & (load.answered > 0) & (load.refused == 0)
    if load.answered[calm].sum() < LEAST_ANSWERS:
        calm = load.answered > 0
    mean, slowing, is_measured = _slowing(load, used, calm)
    shape = _shape(load.within[calm].sum(axis=0), load.answered[calm].sum())
    return Service(
        mean_ms=mean,
        variability=float(shape.var()),
        idle_percent=idle,
        cpu_per_rpm=per_rpm,
        cpu_per_rpm_error=error,
        slowing=slowing,
        is_slowing_measured=is_measured,
        measured_rpm=float(rpm[calm].max()),
        answers=answers,
        shape=shape,
    )


def _demand(
    load: Load, capacity: Capacity, cpu: Utilization | None
) -> tuple[float, float | None, float]:
    """Regress the CPU of an instance on its requests a minute: idle, per request, standard error.

    Grains in which an instance was not ready, or the CPU was full, tell nothing of a request's need.
    """
    if cpu is None:
        return 0.0, None, np.nan
    with np.errstate(invalid="ignore"):
        counts = (~np.isnan(cpu.percent)).sum(axis=0)
        mean = np.nansum(cpu.percent, axis=0) / np.maximum(counts, 1)
    grain = cpu.times[1] - cpu.times[0] if len(cpu.times) > 1 else _MINUTE_S
    place = (load.minutes - cpu.times[0]) // grain
    inside = (place >= 0) & (place < len(cpu.times))
    asked = np.bincount(place[inside], load.requests[inside], minlength=len(cpu.times))
    at = np.searchsorted(capacity.times, cpu.times)
    ready = np.array([_all_ready(capacity, n) for n in np.minimum(at, len(capacity.times) - 1)])
    rpm = asked / (grain / _MINUTE_S) / np.maximum(counts, 1)
    # Other days' requests are not in this load, their CPU is.
    asked_days = np.isin(cpu.times.astype("datetime64[D]"), load.minutes.astype("datetime64[D]"))
    usable = asked_days & ready & (counts > 0) & (mean < _SATURATED_PERCENT)
    if usable.sum() < 10 or np.ptp(rpm[usable]) == 0:  # noqa: PLR2004 - a line wants some points
        return 0.0, None, np.nan
    idle, slope, error = _line(rpm[usable], mean[usable], np.ones(int(usable.sum())))
    if slope < 3 * error or slope <= 0:
        return max(idle, 0.0), None, error
    return max(idle, 0.0), slope, error


def _all_ready(capacity: Capacity, place: int) -> bool:
    return bool(capacity.ready[place] == capacity.running[place])


def _slowing(load: Load, used: Floats, calm: NDArray[np.bool_]) -> tuple[float, float, bool]:
    """Return the mean service alone, how load lengthens it, and whether that was measured.

    Where the log does not tell, processor sharing is assumed: on the safe side for a machine with
    several cores.
    """
    share = np.clip(used[calm], 0.0, 0.95)
    crowding = share / (1 - share)
    weights = load.answered[calm]
    mean = load.sum_ms[calm] / weights
    if len(mean) > 30 and np.ptp(crowding) > 0:  # noqa: PLR2004 - a line wants some points
        alone, more, error = _line(crowding, mean, weights)
        if alone > 0 and more > 2 * error:
            return alone, more / alone, True
    typical = float(np.average(crowding, weights=weights))
    return float(np.average(mean, weights=weights)) / (1 + typical), 1.0, False


def _line(x: Floats, y: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return intercept, slope and the slope's standard error of weighted least squares."""
    total = weights.sum()
    centre = float((weights * x).sum() / total)
    level = float((weights * y).sum() / total)
    spread = float((weights * (x - centre) ** 2).sum())
    slope = float((weights * (x - centre) * (y - level)).sum()) / spread
    left = y - level - slope * (x - centre)
    # Robust to unequal spread (White 1980): a minute with many answers is surer than one with few.
    error = float(np.sqrt((weights**2 * (x - centre) ** 2 * left**2).sum())) / spread
    return level - slope * centre, slope, error


def percentile(within: Floats, answered: float, share: float) -> float:
    """Return a percentile of durations in ms from counts within EDGES_MS; nan without an answer.

    Inside of an interval it is interpolated on the logarithm, so that it errs by less than the
    interval; beyond the last edge it is that edge.

    >>> round(percentile(np.array([0.0] * 5 + [100.0] * 11), 100.0, 0.5), 1)
    86.6
    """
    if answered <= 0:
        return float("nan")
    return float(_quantiles(within, answered, np.array([share]))[0])


def _quantiles(within: Floats, answered: float, shares: Floats) -> Floats:
    cumulative = np.concatenate([[0.0], within]) / answered
    edges = np.log([1.0, *EDGES_MS])
    # Of equal counts the last is the lower edge of what comes next, and the first its upper edge.
    upper = np.searchsorted(cumulative, shares, "left").clip(1, len(edges) - 1)
    lower = upper - 1
    width = cumulative[upper] - cumulative[lower]
    into = np.clip((shares - cumulative[lower]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    found: Floats = np.exp(edges[lower] + into * (edges[upper] - edges[lower]))
    return found


def _shape(within: Floats, answered: float) -> Floats:
    """Return equally likely durations over their mean."""
    shares = (np.arange(_SHAPE_POINTS) + 0.5) / _SHAPE_POINTS
    durations = _quantiles(within, answered, shares)
    found: Floats = durations / durations.mean()
    return found
