"""Coefficient of determination."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import PARTS, Outcomes
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.metrics.delta import numbers, of_means
from monitoring.metrics.performance_metric import REGRESSIONS, PerformanceMetric
from monitoring.statistics.intervals import around_logarithm
from monitoring.statistics.performance import Performance

#: Below this share of their squares, the spread of labels is lost in rounding.
ROUNDING = 1e-12


def r2_score(outcomes: Outcomes) -> Performance:
    """Share of the labels' variance that the predictions explain; below 0 they are worse than a constant.

    It falls when the labels of a window vary less, though no prediction got worse.

    Raises:
        NotEnoughData: No label has arrived, or the labels do not vary.

    >>> from monitoring.counting.totals.outcomes import NumberOutcomes
    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[2:5] = 2.0, 10.0, 30.0  # labels 1, 2, 3, 4, squared errors of 1, 0, 1, 0
    >>> seen = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> round(r2_score(seen).value, 12)
    0.6
    """
    known = numbers(outcomes, "R2")
    n = known.labelled
    total, squares = (float(known.sums[PARTS.index(part)]) for part in ("y", "y2"))
    if squares - total**2 / n <= ROUNDING * squares:
        raise NotEnoughData(
            f"Cannot compute R2: the {n:,} labels do not vary", hint="Choose a longer window."
        )
    left, error = of_means(known, lambda mean: mean["e2"] / (mean["y2"] - mean["y"] ** 2))
    wrong = around_logarithm(left, error)
    return Performance(1 - left, error, Interval(1 - wrong.high, 1 - wrong.low), n)


METRIC = PerformanceMetric(
    name="r2_score",
    label="R²",
    unit="share of variance",
    tasks=REGRESSIONS,
    worse="lower",
    bounds=(-np.inf, 1.0),
    allowance=0.05,
    source="sklearn.metrics.r2_score; interval by the delta method on the logarithm of 1 - R2",
    measure=r2_score,
    aliases=("r2",),
)
