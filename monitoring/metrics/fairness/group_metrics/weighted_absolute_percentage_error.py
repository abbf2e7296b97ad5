"""Weighted absolute percentage error."""

from __future__ import annotations

import math

from monitoring.metrics.delta import numbers
from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, ratio_of
from monitoring.metrics.performance_metric import REGRESSIONS
from monitoring.statistics.performance import Performance


def weighted_absolute_percentage_error(counts: GroupCounts) -> Performance:
    """Sum of |prediction - label| over the sum of |label|.

    Raises:
        NotEnoughData: No label has arrived.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[1], sums[5] = 8.0, 80.0
    >>> weighted_absolute_percentage_error(
    ...     NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    ... ).value
    0.1
    """
    known = numbers(counts, "the weighted absolute percentage error")
    return ratio_of(known, "abs_e", "abs_y", "the weighted absolute percentage error")


def _scale(others: GroupCounts) -> float:
    return weighted_absolute_percentage_error(others).value


METRIC = GroupMetric(
    name="weighted_absolute_percentage_error",
    label="Weighted absolute percentage error",
    unit="share of the labels",
    tasks=REGRESSIONS,
    worse="higher",
    allowance=0.25,
    needs="labelled rows",
    asks="Answers are off by an equal share of the truth in every group.",
    source="Kolassa and Schuetz (2007), Foresight 6; interval by the delta method",
    measure=weighted_absolute_percentage_error,
    is_share=False,
    bounds=(0.0, math.inf),
    scale=_scale,
)
