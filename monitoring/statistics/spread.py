"""How far apart groups are, with an interval that holds for all pairs of them at once.

The largest of many differences is too large by chance alone. So the critical value comes from what
the largest studentized difference does when nothing differs, as in Tukey's range test: drawn with a
fixed seed, because groups differ in size. For two groups it is the normal distribution's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from monitoring.arrays import Floats
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.statistics.performance import Performance

DRAWS = 4_000
SEED = 2013
#: Pairs that are looked at together while drawing; bounds the memory.
PAIRS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Spread:
    """How far apart groups are.

    value: of the metric. interval: 95 %, for all pairs of groups at once. pvalue: of no difference
    at all. ends: places of the two groups that are furthest apart, the lower one first.
    """

    value: float
    interval: Interval
    pvalue: float
    ends: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Differences of estimates, larger minus smaller index; arrays of shape (pairs,)."""

    gap: Floats
    error: Floats

    @property
    def studentized(self) -> Floats:
        """Differences in units of their standard error; 0 where neither has any."""
        return np.divide(self.gap, self.error, out=np.zeros_like(self.gap), where=self.error > 0)


def difference(
    groups: Sequence[Performance], *, is_share: bool = True, level: float = 0.95
) -> Spread:
    """Return the greatest value less the least.

    Args:
        groups: One of each group, shape (groups,), at least two.
        is_share: Whether they are shares of rows; then each gets one hit and one miss before its
            variance is taken.

    Raises:
        NotEnoughData: There are fewer than two groups.

    Source:
        Kramer (1956), doi:10.2307/3001469, by simulation; Agresti and Caffo (2000),
        doi:10.1080/00031305.2000.10474560.

    >>> one = Performance(0.5, 0.05, Interval(0.4, 0.6), 100)
    >>> two = Performance(0.3, 0.046, Interval(0.22, 0.4), 100)
    >>> found = difference([one, two])
    >>> round(found.value, 2), round(found.interval.low, 2), round(found.interval.high, 2), found.ends
    (0.2, 0.06, 0.33, (1, 0))
    """
    centre, error = _shares(groups) if is_share else _means(groups)
    critical, pvalue, pairs = _simultaneous(centre, error, level)
    values = np.array([group.value for group in groups])
    value = float(values.max() - values.min())
    low = float(np.max(np.abs(pairs.gap) - critical * pairs.error, initial=0.0))
    high = float(np.max(np.abs(pairs.gap) + critical * pairs.error))
    interval = Interval(min(low, value), max(min(high, 1.0) if is_share else high, value))
    return Spread(value, interval, pvalue, (int(values.argmin()), int(values.argmax())))


def ratio(groups: Sequence[Performance], *, is_share: bool = True, level: float = 0.95) -> Spread:
    """Return the least value over the greatest: 1 where all are equal.

    Arguments and errors as for `difference`. The interval is taken of the logarithms.

    >>> one = Performance(0.5, 0.05, Interval(0.4, 0.6), 100)
    >>> two = Performance(0.4, 0.049, Interval(0.31, 0.5), 100)
    >>> found = ratio([one, two])
    >>> round(found.value, 2), round(found.interval.low, 2), found.interval.high
    (0.8, 0.59, 1.0)
    """
    centre, error = _logarithms(groups, is_share=is_share)
    critical, pvalue, pairs = _simultaneous(centre, error, level)
    values = np.array([group.value for group in groups])
    value = float(values.min() / values.max()) if values.max() > 0 else 1.0
    near = float(np.max(np.abs(pairs.gap) - critical * pairs.error, initial=0.0))
    far = float(np.max(np.abs(pairs.gap) + critical * pairs.error))
    interval = Interval(min(math.exp(-far), value), max(math.exp(-near), value))
    return Spread(value, interval, pvalue, (int(values.argmin()), int(values.argmax())))


def against(
    groups: Sequence[Performance], reference: int, *, is_share: bool = True, level: float = 0.95
) -> Spread:
    """Return the least value of the others over that of one group, with Dunnett's kind of interval.

    Its p-value is of no group being below. Arguments and errors as for `difference`.

    Source:
        Dunnett (1955), doi:10.1080/01621459.1955.10501294, by simulation, on logarithms.

    >>> one = Performance(0.5, 0.05, Interval(0.4, 0.6), 100)
    >>> two = Performance(0.6, 0.049, Interval(0.5, 0.7), 100)
    >>> round(against([one, two], 0).value, 2), round(against([one, two], 1).value, 2)
    (1.2, 0.83)
    """
    _check(len(groups))
    centre, error = _logarithms(groups, is_share=is_share)
    others = np.array([at for at in range(len(groups)) if at != reference])
    gap = centre[others] - centre[reference]
    spread = np.hypot(error[others], error[reference])
    draws = _draws(len(groups)) * error
    drawn = (draws[:, others] - draws[:, [reference]]) / np.maximum(spread, 1e-300)
    critical = float(np.quantile(np.abs(drawn).max(axis=1), level))
    seen = float((gap / np.maximum(spread, 1e-300)).min())
    pvalue = (1 + int((drawn.min(axis=1) <= seen).sum())) / (len(drawn) + 1)
    base = groups[reference].value
    values = np.array([groups[at].value for at in others])
    value = float(values.min() / base) if base > 0 else 1.0
    low = math.exp(float((gap - critical * spread).min()))
    high = math.exp(float((gap + critical * spread).min()))
    ends = int(others[values.argmin()]), reference
    return Spread(value, Interval(min(low, value), max(high, value)), min(pvalue, 1.0), ends)


def worst(spreads: Sequence[Spread]) -> Spread:
    """Return the largest of several differences; their level must be shared out among them.

    The interval reaches from the greatest lower to the greatest upper end; the p-value is
    Bonferroni's.
    """
    largest = max(spreads, key=lambda spread: spread.value)
    low = max(spread.interval.low for spread in spreads)
    high = max(spread.interval.high for spread in spreads)
    pvalue = min(1.0, len(spreads) * min(spread.pvalue for spread in spreads))
    return Spread(largest.value, Interval(low, high), pvalue, largest.ends)


def _shares(groups: Sequence[Performance]) -> tuple[Floats, Floats]:
    rows = np.array([group.rows + 2.0 for group in groups])
    centre = (np.array([group.value * group.rows for group in groups]) + 1) / rows
    return centre, np.sqrt(centre * (1 - centre) / rows)


def _means(groups: Sequence[Performance]) -> tuple[Floats, Floats]:
    return np.array([g.value for g in groups]), np.array([g.error for g in groups])


def _logarithms(groups: Sequence[Performance], *, is_share: bool) -> tuple[Floats, Floats]:
    """Return logarithms of the values and their standard errors."""
    if is_share:
        rows = np.array([group.rows + 1.0 for group in groups])
        centre = (np.array([group.value * group.rows for group in groups]) + 0.5) / rows
        return np.log(centre), np.sqrt((1 - centre) / (centre * rows))
    values, errors = _means(groups)
    positive = np.maximum(values, 1e-12)
    return np.log(positive), errors / positive


def _simultaneous(centre: Floats, error: Floats, level: float) -> tuple[float, float, _Pairs]:
    """Return critical value, p-value of no difference, and all pairs."""
    _check(len(centre))
    one, two = np.triu_indices(len(centre), 1)
    pairs = _Pairs(centre[two] - centre[one], np.hypot(error[one], error[two]))
    seen = float(np.abs(pairs.studentized).max())
    if len(centre) == 2:  # noqa: PLR2004 - no simulation is needed
        from scipy.special import ndtri  # noqa: PLC0415 - 0.2 s that a start-up need not pay

        return float(ndtri((1 + level) / 2)), math.erfc(seen / math.sqrt(2)), pairs
    draws = _draws(len(centre)) * error
    largest = np.zeros(len(draws))
    for start in range(0, len(one), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        spread = np.maximum(pairs.error[part], 1e-300)
        drawn = np.abs(draws[:, two[part]] - draws[:, one[part]]) / spread
        np.maximum(largest, drawn.max(axis=1), out=largest)
    pvalue = (1 + int((largest >= seen).sum())) / (len(draws) + 1)
    return float(np.quantile(largest, level)), pvalue, pairs


def _check(groups: int) -> None:
    if groups < 2:  # noqa: PLR2004 - nothing to compare
        raise NotEnoughData(
            "Cannot compare groups: fewer than two are large enough",
            hint="Choose a longer period, or a feature with larger groups.",
        )


@lru_cache(maxsize=16)
def _draws(groups: int) -> Floats:
    """Return standard normal draws, shape (draws, groups); fewer for many groups."""
    size = max(DRAWS // max(groups // 25, 1), DRAWS // 4)
    return np.random.default_rng(SEED).standard_normal((size, groups))
