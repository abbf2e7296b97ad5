"""Bias."""

from __future__ import annotations

import math

from monitoring.metrics.delta import numbers
from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, mean_of, part_of
from monitoring.metrics.performance_metric import REGRESSIONS
from monitoring.statistics.performance import Performance


def bias(counts: GroupCounts) -> Performance:
    """Mean of prediction - label, in the label's unit; above 0 the model says too much.

    Raises:
        NotEnoughData: No label has arrived.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[0], products[0, 0] = -4.0, 20.0
    >>> bias(NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)).value
    -1.0
    """
    known = numbers(counts, "the bias")
    return mean_of(part_of(known, "e"), "the bias", "labelled rows", BOUNDS)


def _scale(others: GroupCounts) -> float:
    """Return the mean absolute error: a bias is large or small beside the size of all errors."""
    return part_of(numbers(others, "the bias"), "abs_e").mean or 0.0


BOUNDS = (-math.inf, math.inf)

METRIC = GroupMetric(
    name="bias",
    label="Bias",
    unit="the label's unit",
    tasks=REGRESSIONS,
    worse=None,
    allowance=0.50,
    needs="labelled rows",
    asks="Answers are neither too high nor too low in any group, on average.",
    source="mean signed error; interval by the central limit theorem",
    measure=bias,
    is_share=False,
    bounds=BOUNDS,
    scale=_scale,
)
