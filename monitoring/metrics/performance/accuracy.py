"""Accuracy."""

from __future__ import annotations

import math

import numpy as np

from monitoring.counting.totals.confusion import labelled
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.intervals import wilson
from monitoring.statistics.performance import Performance


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
    known = labelled(outcomes, "accuracy")
    n = known.labelled
    share = int(np.trace(known.matrix)) / n
    return Performance(share, math.sqrt(share * (1 - share) / n), wilson(share, n), n)


def _of_class(outcomes: ClassOutcomes, name: str) -> Performance:
    """Share of rows that are rightly told to be of a class or not."""
    known, at = labelled(outcomes, "accuracy"), outcomes.classes.index(name)
    n = known.labelled
    wrong = int(known.matrix[at].sum() + known.matrix[:, at].sum() - 2 * known.matrix[at, at])
    share = 1 - wrong / n
    return Performance(share, math.sqrt(share * (1 - share) / n), wilson(share, n), n)


METRIC = PerformanceMetric(
    name="accuracy",
    label="Accuracy",
    unit="share of predictions",
    tasks=CLASSIFIERS,
    worse="lower",
    bounds=(0.0, 1.0),
    allowance=0.02,
    source="sklearn.metrics.accuracy_score; interval Wilson (1927)",
    measure=accuracy,
    of_class=_of_class,
)
