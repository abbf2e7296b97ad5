"""Mean absolute percentage error."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import PARTS, Outcomes
from monitoring.errors import NotEnoughData
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around_logarithm
from monitoring.statistics.performance import Performance


def mean_absolute_percentage_error(outcomes: Outcomes) -> Performance:
    """Mean of |prediction - label| / |label|, as a share; rows whose label is 0 are left out.

    A label near 0 can outweigh all others: `weighted_absolute_percentage_error` does not have that flaw.

    Raises:
        NotEnoughData: No label has arrived, or all are 0.

    Source:
        sklearn.metrics.mean_absolute_percentage_error, which divides by a tiny number where the label
        is 0. Interval by the delta method on the logarithm.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[6:] = 0.6, 3.0  # shares of 0.1, 0.2 and 0.3, and one label of 0
    >>> seen = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> round(mean_absolute_percentage_error(seen).value, 12)
    0.2
    """
    known = numbers(outcomes, "the mean absolute percentage error")
    rows = int(known.sums[PARTS.index("nonzero")])
    if not rows:
        raise NotEnoughData("Cannot compute the mean absolute percentage error: all labels are 0")
    value, error = of_means(known, lambda mean: mean["ape"] / mean["nonzero"])
    return Performance(value, error, around_logarithm(value, error), rows)


METRIC = PerformanceMetric(
    name="mean_absolute_percentage_error",
    label="Mean absolute percentage error",
    unit="share of the label",
    tasks=REGRESSIONS,
    worse="higher",
    bounds=(0.0, np.inf),
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.mean_absolute_percentage_error without labels of 0; interval by the delta"
    " method on the logarithm",
    measure=mean_absolute_percentage_error,
)
