"""Shares of rows: their intervals, and whether one is greater than another by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.metric import Interval
from monitoring.statistics.intervals import wilson

#: Below this expected count in a cell, the p-value comes from the exact distribution.
LEAST_EXPECTED = 5.0


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many rows; fractions where rows that hang together count less."""

    hits: float
    rows: float

    @property
    def rate(self) -> float:
        """Hits by rows; 0 without rows.

        >>> Share(1, 4).rate
        0.25
        """
        return self.hits / self.rows if self.rows else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the rate; everything without rows.

        >>> Share(0, 0).interval
        Interval(low=0.0, high=1.0)
        """
        return wilson(self.rate, self.rows)

    def __add__(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.rows + other.rows)

    def over(self, effect: float) -> Share:
        """Return the same rate with as much evidence as rows that do not hang together give.

        >>> Share(20, 100).over(4.0)
        Share(hits=5.0, rows=25.0)
        """
        return Share(self.hits / effect, self.rows / effect) if effect > 1 else self


def increase(production: Share, reference: Share) -> Interval:
    """Return the 95 % interval of production's rate minus the reference's.

    Source:
        Newcombe (1998), hybrid score interval, method 10,
        doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    >>> interval = increase(Share(56, 70), Share(48, 80))
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0524, 0.3339)
    """
    p, q = production.rate, reference.rate
    one, two = production.interval, reference.interval
    return Interval(
        p - q - math.hypot(p - one.low, two.high - q),
        p - q + math.hypot(one.high - p, q - two.low),
    )


def increase_pvalue(production: Share, reference: Share) -> float:
    """Return how often chance alone raises production's rate that far: one-sided, pooled.

    Fisher's exact distribution where a cell expects fewer than 5 rows, else the normal limit.

    Source:
        Agresti (2013), Categorical Data Analysis, sections 3.2 and 3.5.

    >>> increase_pvalue(Share(3, 4), Share(1, 4))  # Fisher's tea: 17 of 70
    0.242857...
    >>> increase_pvalue(Share(0, 10), Share(5, 10))
    1.0
    """
    n, m = production.rows, reference.rows
    pooled = Share(production.hits + reference.hits, n + m)
    if not n or not m or not production.hits:
        return 1.0
    least = min(n, m) * min(pooled.rate, 1 - pooled.rate)
    if least < LEAST_EXPECTED:
        return _fisher(round(production.hits), round(n), round(reference.hits), round(m))
    spread = math.sqrt(pooled.rate * (1 - pooled.rate) * (1 / n + 1 / m))
    return 0.5 * math.erfc((production.rate - reference.rate) / spread / math.sqrt(2))


def _fisher(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """Return the chance of `hits` or more in `rows` drawn from the rows of both sides."""
    total, all_hits = rows + other_rows, hits + other_hits
    rest = total - all_hits
    at = np.arange(max(hits, rows - rest), min(rows, all_hits) + 1)
    whole = _log_choose(total, rows)
    parts = [_log_choose(all_hits, int(k)) + _log_choose(rest, rows - int(k)) - whole for k in at]
    return min(float(np.exp(parts).sum()), 1.0)


def design_effect(days: Sequence[Share]) -> float:
    """Return how many times more a rate varies than if its rows came one by one; 1 at least.

    Rows of one day hang together: a sensor is down for hours. The variance between days over that
    of independent rows says how much.

    Source:
        Kish (1965), Survey Sampling; ratio estimator with days as clusters, Cochran (1977), 11.8.

    >>> design_effect([Share(10, 10), Share(0, 10), Share(10, 10), Share(0, 10)])
    13.33...
    """
    rows = sum(day.rows for day in days)
    whole = sum(days, Share(0, 0)).rate
    if len(days) < 2 or not 0 < whole < 1:  # noqa: PLR2004 - a variance needs two days
        return 1.0
    spread = sum((day.hits - whole * day.rows) ** 2 for day in days) * len(days) / (len(days) - 1)
    return max(spread / (rows * whole * (1 - whole)), 1.0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def all_among(count: int, total: int, drawn: int) -> float:
    """Return the chance that all of `drawn` rows, out of `total`, are among `count` given ones.

    >>> all_among(2, 4, 2)  # one of six pairs
    0.16666...
    """
    if drawn > count:
        return 0.0
    return min(math.exp(_log_choose(count, drawn) - _log_choose(total, drawn)), 1.0)
