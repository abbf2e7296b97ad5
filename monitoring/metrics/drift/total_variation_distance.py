"""Total variation distance."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.totals.comparisons import Comparisons, shares
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.metrics.noise import delta_interval


def total_variation_distance(reference: Counts, production: Counts) -> Floats:
    """Return half the sum of |p - q|: the share of rows that would have to change bin.

    Args:
        reference: Rows per bin, shape (..., bins).
        production: Rows per bin, shape (..., bins).

    Returns:
        The distance, 0 identical to 1 disjoint, shape (...).

    Source:
        Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, section 4.1.

    >>> float(total_variation_distance(np.array([1, 1]), np.array([1, 3])))
    0.25
    """
    return _distance(shares(reference), shares(production))


def _distance(p: Floats, q: Floats) -> Floats:
    distance: Floats = np.abs(p - q).sum(axis=-1) / 2
    return distance


def _measure(comparisons: Comparisons) -> Measurement:
    histogram = comparisons.histogram
    p, q = histogram.shares
    value = _distance(p, q)
    pooled = shares(histogram.reference + histogram.production)
    variance = comparisons.weight[:, None] * pooled * (1 - pooled)
    # Half the sum of absolute normal differences, and its spread, bins taken as independent.
    mean = np.sqrt(2 * variance / np.pi).sum(axis=-1) / 2
    floor = mean + 1.645 * np.sqrt((1 - 2 / np.pi) * variance.sum(axis=-1)) / 2
    slope = np.sign(p - q) / 2
    low, high = delta_interval(value, comparisons, (slope, -slope), floor, bounds=(0, 1))
    return Measurement(value, low, high, np.minimum(floor, 1.0))


METRIC = Metric(
    name="total_variation_distance",
    label="Total variation distance",
    unit="share of rows, 0 to 1",
    thresholds={"numerical": 0.1, "categorical": 0.05},
    bounds=(0.0, 1.0),
    source="Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, 4.1",
    measure=_measure,
)
