"""Root mean squared error."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import PARTS, Outcomes
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around_logarithm
from monitoring.statistics.performance import Performance


def root_mean_squared_error(outcomes: Outcomes) -> Performance:
    """Root of the mean of (prediction - label) squared, in the label's unit.

    Raises:
        NotEnoughData: No label has arrived.

    Source:
        Azure ML's model performance component; sklearn.metrics.root_mean_squared_error. Interval by
        the delta method on the logarithm.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[2] = 16.0  # squared errors of 4, 4, 4, 4
    >>> seen = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> root_mean_squared_error(seen).value
    2.0
    """
    known = numbers(outcomes, "the root mean squared error")
    if not known.sums[PARTS.index("e2")]:
        return Performance(0.0, 0.0, around_logarithm(0.0, 0.0), known.labelled)
    value, error = of_means(known, lambda mean: mean["e2"] ** 0.5)
    return Performance(value, error, around_logarithm(value, error), known.labelled)


METRIC = PerformanceMetric(
    name="root_mean_squared_error",
    label="Root mean squared error",
    unit="the label's unit",
    tasks=REGRESSIONS,
    worse="higher",
    bounds=(0.0, np.inf),
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.root_mean_squared_error; interval by the delta method on the logarithm",
    measure=root_mean_squared_error,
)
