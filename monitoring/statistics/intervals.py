"""95 % intervals of one number, from its standard error or from the rows that it rests on."""

from __future__ import annotations

import math

from monitoring.metric import Interval

#: 97.5 % quantile of the normal distribution: two-sided 95 %.
Z = 1.959964


def wilson(share: float, n: float) -> Interval:
    """Return Wilson's 95 % interval for a share of n rows; everything without rows.

    Source:
        Wilson (1927), Probable inference, JASA 22, doi:10.1080/01621459.1927.10502953.

    >>> interval = wilson(0.9, 100)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.826, 0.945)
    >>> wilson(0.0, 0)
    Interval(low=0.0, high=1.0)
    """
    if not n:
        return Interval(0.0, 1.0)
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    # At the ends both are equal but for rounding.
    low = 0.0 if share == 0 else max(centre - reach, 0.0)
    return Interval(low, 1.0 if share == 1 else min(centre + reach, 1.0))


def share_interval(share: float, error: float, least_rows: float) -> Interval:
    """Return Wilson's interval for a number in 0..1 that is no plain share of rows.

    It is read as a share of as many rows as would give its standard error, so that the interval stays
    inside 0..1 and does not shrink to nothing at the ends.

    Args:
        least_rows: Rows to take where the error is 0, as it is where nothing ever went wrong.

    >>> round(share_interval(0.9, 0.03, 10).low, 3), round(wilson(0.9, 100).low, 3)
    (0.826, 0.826)
    """
    variance = error * error
    rows = share * (1 - share) / variance if variance > 0 and 0 < share < 1 else least_rows
    return wilson(min(max(share, 0.0), 1.0), max(rows, 1e-9))


def around(value: float, error: float, bounds: tuple[float, float]) -> Interval:
    """Return the 95 % interval of the normal distribution, cut at the metric's bounds.

    >>> around(1.0, 0.1, (0.9, 2.0))
    Interval(low=0.9, high=1.1959964)
    """
    return Interval(max(value - Z * error, bounds[0]), min(value + Z * error, bounds[1]))


def around_logarithm(value: float, error: float) -> Interval:
    """Return the 95 % interval of a positive number whose logarithm is nearly normal.

    >>> found = around_logarithm(100.0, 5.0)
    >>> round(found.low, 1), round(found.high, 1)
    (90.7, 110.3)
    """
    if value <= 0.0:
        return Interval(0.0, Z * error)
    reach = math.exp(Z * error / value)
    return Interval(value / reach, value * reach)
