"""Mean absolute error."""

from __future__ import annotations

import math

import numpy as np

from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.outcomes import PARTS, NumberOutcomes, Outcomes
from monitoring.performance_metric import Performance, PerformanceMetric, Z

_E = PARTS.index("abs_e")


def mean_absolute_error(outcomes: Outcomes) -> Performance:
    """Mean of |prediction - label|, in the label's unit.

    Raises:
        NotEnoughData: No label has arrived.

    Source:
        sklearn.metrics.mean_absolute_error; interval by the central limit theorem.

    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[1], products[1, 1] = 8.0, 20.0  # errors of 1, 3, 1, 3
    >>> found = mean_absolute_error(
    ...     NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    ... )
    >>> found.value, round(found.interval.low, 2), round(found.interval.high, 2)
    (2.0, 0.87, 3.13)
    """
    if not isinstance(outcomes, NumberOutcomes) or not outcomes.labelled:
        raise NotEnoughData("Cannot compute the mean absolute error: no label has arrived")
    n = outcomes.labelled
    mean = float(outcomes.sums[_E]) / n
    variance = max(float(outcomes.products[_E, _E]) / n - mean**2, 0.0) * n / max(n - 1, 1)
    error = math.sqrt(variance / n)
    return Performance(mean, error, Interval(max(mean - Z * error, 0.0), mean + Z * error), n)


METRIC = PerformanceMetric(
    name="mean_absolute_error",
    label="Mean absolute error",
    unit="the label's unit",
    tasks=frozenset({"regression"}),
    worse="higher",
    bounds=(0.0, np.inf),
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.mean_absolute_error; interval by the central limit theorem",
    measure=mean_absolute_error,
)
