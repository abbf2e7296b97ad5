"""Hellinger distance."""

from __future__ import annotations

import numpy as np

from monitoring.chance import delta_interval, divergence_floor
from monitoring.comparison import Comparison
from monitoring.metric import Measurement, Metric
from monitoring.profile import Counts


def hellinger_distance(reference: Counts, production: Counts) -> float:
    """Return sqrt(1 - sum sqrt(p q)); 0 identical, 1 disjoint.

    Args:
        reference: Rows per bin, shape (bins,).
        production: Rows per bin, shape (bins,).

    Returns:
        The distance, 0 to 1.

    Source:
        Hellinger (1909), doi:10.1515/crll.1909.136.210.

    >>> round(hellinger_distance(np.array([1, 1]), np.array([1, 3])), 4)
    0.1846
    """
    p, q = reference / reference.sum(), production / production.sum()
    return float(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2))


def _measure(comparison: Comparison) -> Measurement:
    reference, production, _ = comparison.histogram
    value = hellinger_distance(reference, production)
    p, q = reference / reference.sum(), production / production.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_p = np.where(p > 0, -np.sqrt(q / p), 0.0) / (4 * value) if value else p * 0
        slope_q = np.where(q > 0, -np.sqrt(p / q), 0.0) / (4 * value) if value else q * 0
    floor = float(np.sqrt(divergence_floor(comparison) / 8))
    interval = delta_interval(value, comparison, (p, slope_p), (q, slope_q), floor, bounds=(0, 1))
    return Measurement(value, interval, min(floor, 1.0))


METRIC = Metric(
    name="hellinger_distance",
    label="Hellinger distance",
    unit="distance, 0 to 1",
    thresholds={"numerical": 0.1, "categorical": 0.05},
    bounds=(0.0, 1.0),
    source="Hellinger (1909), doi:10.1515/crll.1909.136.210",
    measure=_measure,
)
