"""Bias."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import Outcomes
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around
from monitoring.statistics.performance import Performance

_BOUNDS = (-np.inf, np.inf)


def bias(outcomes: Outcomes) -> Performance:
    """Mean of prediction - label, in the label's unit: above 0 the model predicts too much.

    Raises:
        NotEnoughData: No label has arrived.

    Source:
        Mean error; interval by the central limit theorem.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[0] = -2.0  # errors of -3, 1, -1, 1
    >>> seen = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> bias(seen).value
    -0.5
    """
    known = numbers(outcomes, "the bias")
    value, error = of_means(known, lambda mean: mean["e"])
    return Performance(value, error, around(value, error, _BOUNDS), known.labelled)


METRIC = PerformanceMetric(
    name="bias",
    label="Bias",
    unit="the label's unit",
    tasks=REGRESSIONS,
    worse=None,
    bounds=_BOUNDS,
    allowance=0.10,
    is_relative=True,
    relative_to="mean_absolute_error",
    source="mean of prediction - label; interval by the central limit theorem",
    measure=bias,
    aliases=("mean_error",),
)
