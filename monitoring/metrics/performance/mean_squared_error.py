"""Mean squared error."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import Outcomes
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around_logarithm
from monitoring.statistics.performance import Performance


def mean_squared_error(outcomes: Outcomes) -> Performance:
    """Mean of (prediction - label) squared, in the label's unit squared.

    Raises:
        NotEnoughData: No label has arrived.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[2] = 20.0  # squared errors of 1, 9, 1, 9
    >>> seen = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> mean_squared_error(seen).value
    5.0
    """
    known = numbers(outcomes, "the mean squared error")
    value, error = of_means(known, lambda mean: mean["e2"])
    return Performance(value, error, around_logarithm(value, error), known.labelled)


METRIC = PerformanceMetric(
    name="mean_squared_error",
    label="Mean squared error",
    unit="the label's unit, squared",
    tasks=REGRESSIONS,
    worse="higher",
    bounds=(0.0, np.inf),
    allowance=0.20,
    is_relative=True,
    source="sklearn.metrics.mean_squared_error; interval by the delta method on the logarithm",
    measure=mean_squared_error,
)
