"""Hellinger distance."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.totals.comparisons import Comparisons, shares
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.metrics.noise import delta_interval, divergence_floor
from monitoring.statistics.chance import ratio


def hellinger_distance(reference: Counts, production: Counts) -> Floats:
    """Return sqrt(1 - sum sqrt(p q)); 0 identical, 1 disjoint.

    Args:
        reference: Rows per bin, shape (..., bins).
        production: Rows per bin, shape (..., bins).

    Returns:
        The distance, 0 to 1, shape (...).

    >>> float(hellinger_distance(np.array([1, 1]), np.array([1, 3])).round(4))
    0.1846
    """
    return _distance(shares(reference), shares(production))


def _distance(p: Floats, q: Floats) -> Floats:
    distance: Floats = np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum(axis=-1) / 2)
    return distance


def _measure(comparisons: Comparisons) -> Measurement:
    p, q = comparisons.histogram.shares
    value = _distance(p, q)
    steep = 4 * value[:, None]
    slopes = ratio(-np.sqrt(ratio(q, p)), steep), ratio(-np.sqrt(ratio(p, q)), steep)
    floor = np.sqrt(divergence_floor(comparisons) / 8)
    low, high = delta_interval(value, comparisons, slopes, floor, bounds=(0, 1))
    return Measurement(value, low, high, np.minimum(floor, 1.0))


METRIC = Metric(
    name="hellinger_distance",
    label="Hellinger distance",
    unit="distance, 0 to 1",
    thresholds={"numerical": 0.1, "categorical": 0.05},
    bounds=(0.0, 1.0),
    source="Hellinger (1909), doi:10.1515/crll.1909.136.210",
    measure=_measure,
)
