"""Total variation distance."""

from __future__ import annotations

import numpy as np

from monitoring.chance import delta_interval
from monitoring.comparison import Comparison
from monitoring.metric import Measurement, Metric
from monitoring.profile import Counts


def total_variation_distance(reference: Counts, production: Counts) -> float:
    """Return half the sum of |p - q|: the share of rows that would have to change bin.

    Args:
        reference: Rows per bin, shape (bins,).
        production: Rows per bin, shape (bins,).

    Returns:
        The distance, 0 identical to 1 disjoint.

    Source:
        Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, section 4.1.

    >>> total_variation_distance(np.array([1, 1]), np.array([1, 3]))
    0.25
    """
    p, q = reference / reference.sum(), production / production.sum()
    return float(np.abs(p - q).sum() / 2)


def _measure(comparison: Comparison) -> Measurement:
    reference, production, _ = comparison.histogram
    value = total_variation_distance(reference, production)
    p, q = reference / reference.sum(), production / production.sum()
    pooled = (reference + production) / (reference.sum() + production.sum())
    variance = comparison.weight * pooled * (1 - pooled)
    # Half the sum of absolute normal differences, and its spread, bins taken as independent.
    mean = np.sqrt(2 * variance / np.pi).sum() / 2
    floor = mean + 1.645 * np.sqrt(((1 - 2 / np.pi) * variance).sum()) / 2
    slope = np.sign(p - q) / 2
    interval = delta_interval(value, comparison, (p, slope), (q, -slope), floor, bounds=(0, 1))
    return Measurement(value, interval, float(min(floor, 1.0)))


METRIC = Metric(
    name="total_variation_distance",
    label="Total variation distance",
    unit="share of rows, 0 to 1",
    thresholds={"numerical": 0.1, "categorical": 0.05},
    bounds=(0.0, 1.0),
    source="Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, 4.1",
    measure=_measure,
)
