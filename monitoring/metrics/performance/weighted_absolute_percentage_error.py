"""Weighted absolute percentage error."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import PARTS, Outcomes
from monitoring.errors import NotEnoughData
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around_logarithm
from monitoring.statistics.performance import Performance


def weighted_absolute_percentage_error(outcomes: Outcomes) -> Performance:
    """Sum of |prediction - label| over the sum of |label|, as a share.

    Raises:
        NotEnoughData: No label has arrived, or all are 0.

    Source:
        Hyndman and Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001 (as MAD/mean ratio). Interval
        by the delta method on the logarithm.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[1], sums[5] = 6.0, 60.0
    >>> seen = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> round(weighted_absolute_percentage_error(seen).value, 12)
    0.1
    """
    known = numbers(outcomes, "the weighted absolute percentage error")
    if not known.sums[PARTS.index("abs_y")]:
        raise NotEnoughData(
            "Cannot compute the weighted absolute percentage error: all labels are 0"
        )
    value, error = of_means(known, lambda mean: mean["abs_e"] / mean["abs_y"])
    return Performance(value, error, around_logarithm(value, error), known.labelled)


METRIC = PerformanceMetric(
    name="weighted_absolute_percentage_error",
    label="Weighted absolute percentage error",
    unit="share of the labels",
    tasks=REGRESSIONS,
    worse="higher",
    bounds=(0.0, np.inf),
    allowance=0.10,
    is_relative=True,
    source="sum of absolute errors / sum of absolute labels; interval by the delta method on the logarithm",
    measure=weighted_absolute_percentage_error,
    aliases=("wape",),
)
