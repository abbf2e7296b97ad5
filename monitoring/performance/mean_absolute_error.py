"""Mean absolute error."""

from __future__ import annotations

import math

import numpy as np

from monitoring.metric import Interval
from monitoring.profile import Floats
from monitoring.scores import PerformanceMetric, Scores, Values

Z = 1.959964


def absolute_error(predictions: Values, labels: Values) -> Floats:
    """Return |prediction - label|, in the label's unit, shape (n,).

    >>> absolute_error(np.array([3.0, 5.0]), np.array([1.0, 6.0])).tolist()
    [2.0, 1.0]
    """
    error: Floats = np.abs(predictions.astype(np.float64) - labels.astype(np.float64))
    return error


def normal(scores: Scores) -> Interval:
    """Return the mean +- 1.96 standard errors.

    >>> interval = normal(Scores(4, 4, 8.0, 20.0))  # 1, 3, 1, 3
    >>> round(interval.low, 2), round(interval.high, 2)
    (0.87, 3.13)
    """
    n, mean = scores.labelled, scores.total / scores.labelled
    variance = max(scores.squares / n - mean**2, 0.0) * n / max(n - 1, 1)
    reach = Z * math.sqrt(variance / n)
    return Interval(max(mean - reach, 0.0), mean + reach)


METRIC = PerformanceMetric(
    name="mean_absolute_error",
    label="Mean absolute error",
    unit="the label's unit",
    worse="higher",
    allowance=0.10,
    source="sklearn.metrics.mean_absolute_error; interval by the central limit theorem",
    score=absolute_error,
    interval=normal,
)
