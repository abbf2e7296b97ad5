"""Differences between two sides with 95 % intervals: of metrics, of days, of the same rows, adjusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.statistics.intervals import Z
from monitoring.statistics.performance import Performance

#: 80 % quantile of the normal distribution: the chance to find a difference that is there.
Z_POWER = 0.841621
#: Fewer days than this in common and days tell nothing about days.
LEAST_DAYS = 5
#: A row that the buckets describe this completely says nothing about the difference.
_DESCRIBED = 1e-8


@dataclass(frozen=True, slots=True)
class Difference:
    """Second less first, with its 95 % interval. rows: of the first and of the second side."""

    value: float
    interval: Interval
    rows: tuple[int, int]

    @property
    def error(self) -> float:
        """Standard error, read off the interval's width."""
        return (self.interval.high - self.interval.low) / (2 * Z)

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.interval.low <= 0 <= self.interval.high


def between(first: Performance, second: Performance) -> Difference:
    """Return the difference of a metric measured on different rows, from both intervals.

    The square-and-add rule: each end of the interval takes the reach of the first side and of the
    second towards it, squared and added. With Wilson's intervals of two shares it is Newcombe's
    method 10, which keeps its 95 % where the difference of normal approximations does not. Rows count as
    independent of each other; how far cells of scores may have moved a value widens it.

    Source:
        Newcombe (1998), Interval estimation for the difference between independent proportions,
        Statistics in Medicine 17, 873-890; for other measures Zou and Donner (2008), Construction of
        confidence limits about effect measures, Statistics in Medicine 27, 1693-1702.

    >>> from monitoring.statistics.intervals import wilson
    >>> one = Performance(48 / 80, 0.05, wilson(48 / 80, 80), 80)
    >>> two = Performance(56 / 70, 0.05, wilson(56 / 70, 70), 70)
    >>> found = between(one, two).interval  # Newcombe's own example (a), 56/70 less 48/80
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    value = second.value - first.value
    down = math.hypot(second.value - second.interval.low, first.interval.high - first.value)
    up = math.hypot(second.interval.high - second.value, first.value - first.interval.low)
    bound = first.bound + second.bound
    interval = Interval(value - down - bound, value + up + bound)
    return Difference(value, interval, (first.rows, second.rows))


def on_the_same_rows(first: Floats, second: Floats) -> Difference:
    """Return the mean difference of what two sides have of the same rows, shape (n,).

    Rows are pairs, so that what makes a row hard for both is no noise. One pair is added that differs
    by 1 unit of spread each way, so that a hundred rows without a difference are not taken for
    certain (Agresti and Min 2005, doi:10.1002/sim.1781, add half a row to each cell).

    Raises:
        NotEnoughData: There are fewer than two rows.

    >>> found = on_the_same_rows(np.zeros(100), np.r_[np.ones(10), np.zeros(90)])
    >>> round(found.value, 2), found.is_certain
    (0.1, True)
    """
    n = len(first)
    if n < 2:  # noqa: PLR2004 - a variance needs two
        raise NotEnoughData(f"Cannot compare on the same rows: {n} rows, 2 needed")
    difference = second - first
    scale = float(np.abs(difference).max(initial=0.0)) or float(np.abs(first).max(initial=0.0))
    value = float(difference.mean())
    centre = difference.sum() / (n + 2)
    squares = float(np.square(difference).sum()) + 2 * scale**2
    error = math.sqrt(max(squares / (n + 2) - centre**2, 0.0) / (n + 2))
    return Difference(value, Interval(value - Z * error, value + Z * error), (n, n))


def of_ratios(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], least: Interval
) -> Difference:
    """Return the difference of two rates, with days as clusters: faults come in bursts.

    Each rate is all faults over all requests; the interval is a jackknife over days, both sides losing
    the same day, with Student's t. It is never narrower than `least`.

    Args:
        first: Faults and requests of each day, shape (days,), the same days for both sides.
        least: Interval as if requests were independent, which holds where days are alike.

    Raises:
        NotEnoughData: There are fewer than five days.

    Source:
        Cochran (1977), Sampling Techniques, 3rd ed., 6.12-6.15.
    """
    faults, requests = (np.stack([one, two]) for one, two in zip(first, second, strict=True))
    days = faults.shape[1]
    _need_days(days)
    rates = faults.sum(axis=1) / requests.sum(axis=1)
    value = float(rates[1] - rates[0])
    left = (faults.sum(axis=1, keepdims=True) - faults) / np.maximum(
        requests.sum(axis=1, keepdims=True) - requests, 1.0
    )
    without = left[1] - left[0]
    error = math.sqrt((days - 1) / days * float(np.square(without - without.mean()).sum()))
    reach = student(days - 1) * error
    interval = Interval(min(value - reach, least.low), max(value + reach, least.high))
    return Difference(value, interval, (int(requests[0].sum()), int(requests[1].sum())))


def of_days(values: Floats) -> tuple[float, Interval]:
    """Return the mean over days, shape (days,), with Student's t interval.

    Raises:
        NotEnoughData: There are fewer than five days.

    >>> value, interval = of_days(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    >>> value, round(interval.low, 3)
    (3.0, 1.037)
    """
    _need_days(len(values))
    value, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    reach = student(len(values) - 1) * error
    return value, Interval(value - reach, value + reach)


def _need_days(days: int) -> None:
    if days < LEAST_DAYS:
        raise NotEnoughData(
            f"{days} days in common, {LEAST_DAYS} needed for an interval",
            hint="Choose a longer window.",
        )


def student(degrees: int) -> float:
    """Return the 97.5 % quantile of Student's t.

    >>> round(student(10), 3)
    2.228
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    return float(stdtrit(degrees, 0.975))


def adjusted(
    first: tuple[Index, Floats], second: tuple[Index, Floats], sizes: Sequence[int]
) -> Difference:
    """Return the difference of mean losses among rows of the same buckets.

    A linear model of the loss on the side and on every bucket; its coefficient of the side, with an
    interval that allows for unequal spread and for buckets of few rows (HC3). It compares like with
    like as far as the buckets tell rows apart and their effects add up; a bucket that only one side
    has says nothing. What nobody collected stays unadjusted.

    Args:
        first: Level of each feature, shape (n, d), and loss, shape (n,).

    Raises:
        NotEnoughData: The sides have no bucket in common to compare in.

    Source:
        Analysis of covariance as in Lin (2013), doi:10.1214/12-AOAS583; HC3 of MacKinnon and White
        (1985), doi:10.1016/0304-4076(85)90158-7.

    >>> codes, loss = np.array([[0], [0], [1], [1]] * 5), np.array([0.0, 0.0, 1.0, 1.0] * 5)
    >>> keep = np.array([0, 2, 3] * 5) + np.repeat(np.arange(5) * 4, 3)  # more rows of the harder bucket
    >>> abs(round(adjusted((codes, loss), (codes[keep], loss[keep]), [2]).value, 9))
    0.0
    """
    codes = np.concatenate([first[0], second[0]])
    loss = np.concatenate([first[1], second[1]])
    side = np.repeat([0.0, 1.0], [len(first[1]), len(second[1])])
    buckets = _dummies(codes, sizes)
    inverse = np.linalg.pinv(buckets.T @ buckets, hermitian=True)
    apart = side - buckets @ (inverse @ (buckets.T @ side))
    left = loss - buckets @ (inverse @ (buckets.T @ loss))
    spread = float(np.square(apart).sum())
    if spread < _DESCRIBED * len(side):
        raise NotEnoughData("No bucket of inputs has rows of both sides")
    value = float(apart @ left) / spread
    lever = np.einsum("ij,ij->i", buckets @ inverse, buckets) + np.square(apart) / spread
    residual = left - value * apart
    free = 1 - lever
    residual = np.where(free > _DESCRIBED, residual / np.maximum(free, _DESCRIBED), 0.0)
    error = math.sqrt(float(np.square(apart * residual).sum())) / spread
    interval = Interval(value - Z * error, value + Z * error)
    return Difference(value, interval, (len(first[1]), len(second[1])))


def _dummies(codes: Index, sizes: Sequence[int]) -> Floats:
    """Return a column of ones, and one for each level that rows have, but for each feature's first."""
    columns = [np.ones(len(codes))]
    for at, size in enumerate(sizes):
        counts = np.bincount(codes[:, at], minlength=size)
        levels = np.flatnonzero(counts)[1:]
        columns += [(codes[:, at] == level).astype(np.float64) for level in levels]
    return np.stack(columns, axis=1)


def least_difference(found: Difference) -> float:
    """Return the smallest difference that as many rows would tell in 4 of 5 tries.

    >>> round(least_difference(Difference(0.01, Interval(-0.0096, 0.0296), (100, 100))), 3)
    0.028
    """
    return found.error * (Z + Z_POWER)


def times_as_many(found: Difference) -> float:
    """Return how many times the rows are needed to tell a difference of this size, in 4 of 5 tries.

    The standard error must be |difference| / (1.96 + 0.84), and it falls with the root of the rows if
    both sides grow as they did. Infinite for no difference; below 1 where there are enough.

    Source:
        Two-sided 5 % test with 80 % power; e.g. Fleiss, Levin and Paik (2003), ch. 4.

    >>> round(times_as_many(Difference(0.01, Interval(-0.0096, 0.0296), (100, 100))), 2)
    7.85
    """
    if not found.value:
        return math.inf
    return (least_difference(found) / found.value) ** 2
