"""Mean absolute error."""

from __future__ import annotations

import math

from monitoring.metrics.delta import numbers
from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, mean_of, part_of
from monitoring.metrics.performance_metric import REGRESSIONS
from monitoring.statistics.performance import Performance


def mean_absolute_error(counts: GroupCounts) -> Performance:
    """Mean of |prediction - label|, in the label's unit.

    Raises:
        NotEnoughData: No label has arrived.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[1], products[1, 1] = 8.0, 20.0
    >>> mean_absolute_error(
    ...     NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    ... ).value
    2.0
    """
    known = numbers(counts, "the mean absolute error")
    return mean_of(part_of(known, "abs_e"), "the mean absolute error", "labelled rows", BOUNDS)


def _scale(others: GroupCounts) -> float:
    return mean_absolute_error(others).value


BOUNDS = (0.0, math.inf)

METRIC = GroupMetric(
    name="mean_absolute_error",
    label="Mean absolute error",
    unit="the label's unit",
    tasks=REGRESSIONS,
    worse="higher",
    allowance=0.25,
    needs="labelled rows",
    asks="Answers are off by equally much in every group.",
    source="sklearn.metrics.mean_absolute_error; interval by the central limit theorem",
    measure=mean_absolute_error,
    is_share=False,
    bounds=BOUNDS,
    scale=_scale,
)
