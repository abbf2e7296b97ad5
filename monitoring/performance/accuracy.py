"""Accuracy."""

from __future__ import annotations

import math

import numpy as np

from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.outcomes import ClassOutcomes, Outcomes
from monitoring.performance_metric import Performance, PerformanceMetric, Z


def accuracy(outcomes: Outcomes) -> Performance:
    """Share of labelled predictions that are right.

    Raises:
        NotEnoughData: No label has arrived.

    Source:
        sklearn.metrics.accuracy_score; interval of Wilson (1927), doi:10.1080/01621459.1927.10502953.

    >>> right = ClassOutcomes(classes=("a", "b"), confusion=np.array([[40, 10], [0, 50], [0, 0]]))
    >>> found = accuracy(right)
    >>> found.value, round(found.interval.low, 3), round(found.interval.high, 3)
    (0.9, 0.826, 0.945)
    """
    if not isinstance(outcomes, ClassOutcomes) or not outcomes.labelled:
        raise NotEnoughData("Cannot compute accuracy: no label has arrived")
    n = outcomes.labelled
    share = int(np.trace(outcomes.matrix)) / n
    return Performance(share, math.sqrt(share * (1 - share) / n), wilson(share, n), n)


def wilson(share: float, n: int) -> Interval:
    """Return Wilson's 95 % interval for a share of n rows.

    >>> round(wilson(0.9, 100).low, 3)
    0.826
    """
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return Interval(max(centre - reach, 0.0), min(centre + reach, 1.0))


METRIC = PerformanceMetric(
    name="accuracy",
    label="Accuracy",
    unit="share of predictions",
    tasks=frozenset({"binary_classification", "multiclass_classification"}),
    worse="lower",
    bounds=(0.0, 1.0),
    allowance=0.02,
    source="sklearn.metrics.accuracy_score; interval Wilson (1927)",
    measure=accuracy,
)
