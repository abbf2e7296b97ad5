"""Accuracy."""

from __future__ import annotations

import math

import numpy as np

from monitoring.metric import Interval
from monitoring.profile import Floats
from monitoring.scores import PerformanceMetric, Scores, Values

Z = 1.959964


def correct(predictions: Values, labels: Values) -> Floats:
    """Return 1 where the predicted class is the label and 0 elsewhere, shape (n,).

    >>> correct(np.array(["a", "b"]), np.array(["a", "a"])).tolist()
    [1.0, 0.0]
    """
    hits: Floats = (predictions == labels).astype(np.float64)
    return hits


def wilson(scores: Scores) -> Interval:
    """Return Wilson's interval for a share.

    Source:
        Wilson (1927), doi:10.1080/01621459.1927.10502953.

    >>> interval = wilson(Scores(100, 100, 90.0, 90.0))
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.826, 0.945)
    """
    n, p = scores.labelled, scores.total / scores.labelled
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return Interval(max(centre - reach, 0.0), min(centre + reach, 1.0))


METRIC = PerformanceMetric(
    name="accuracy",
    label="Accuracy",
    unit="share of predictions",
    worse="lower",
    allowance=0.02,
    source="sklearn.metrics.accuracy_score; interval Wilson (1927)",
    score=correct,
    interval=wilson,
)
