"""Mean absolute error."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import Outcomes
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around
from monitoring.statistics.performance import Performance

_BOUNDS = (0.0, np.inf)


def mean_absolute_error(outcomes: Outcomes) -> Performance:
    """Mean of |prediction - label|, in the label's unit.

    Raises:
        NotEnoughData: No label has arrived.

    Source:
        Azure ML's model performance component; sklearn.metrics.mean_absolute_error. Interval by the
        central limit theorem.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[1], products[1, 1] = 8.0, 20.0  # errors of 1, 3, 1, 3
    >>> found = mean_absolute_error(
    ...     NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    ... )
    >>> found.value, round(found.interval.low, 2), round(found.interval.high, 2)
    (2.0, 0.87, 3.13)
    """
    known = numbers(outcomes, "the mean absolute error")
    value, error = of_means(known, lambda mean: mean["abs_e"])
    return Performance(value, error, around(value, error, _BOUNDS), known.labelled)


METRIC = PerformanceMetric(
    name="mean_absolute_error",
    label="Mean absolute error",
    unit="the label's unit",
    tasks=REGRESSIONS,
    worse="higher",
    bounds=_BOUNDS,
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.mean_absolute_error; interval by the central limit theorem",
    measure=mean_absolute_error,
)
