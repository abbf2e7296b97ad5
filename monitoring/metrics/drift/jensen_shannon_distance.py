"""Jensen-Shannon distance."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.azureml import histograms
from monitoring.azureml.sample import Sample, paired_counts
from monitoring.counting.totals.comparisons import Comparisons, shares
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.metrics.noise import delta_interval, divergence_floor
from monitoring.statistics.chance import ratio


def jensen_shannon_distance(reference: Counts, production: Counts) -> Floats:
    """Square root of the Jensen-Shannon divergence in bits; 0 identical, 1 disjoint.

    sqrt(1/2 sum p log2(p/u) + 1/2 sum q log2(q/u)) with u = (p + q)/2 and 0 log 0 = 0.

    Args:
        reference: Rows per bin, shape (..., bins).
        production: Rows per bin, shape (..., bins).

    Returns:
        The distance, 0 to 1, shape (...).

    Source:
        Lin (1991), Divergence measures based on the Shannon entropy, doi:10.1109/18.61115; same as
        scipy.spatial.distance.jensenshannon(base=2) and as Azure ML.

    >>> float(jensen_shannon_distance(np.array([1, 1]), np.array([1, 3])).round(4))
    0.2209
    >>> jensen_shannon_distance(np.array([[5, 0], [5, 0]]), np.array([[0, 9], [9, 0]])).tolist()
    [1.0, 0.0]
    """
    return _distance(shares(reference), shares(production))


def _distance(p: Floats, q: Floats) -> Floats:
    middle = (p + q) / 2
    divergence = (p * _log2(ratio(p, middle)) + q * _log2(ratio(q, middle))).sum(axis=-1) / 2
    distance: Floats = np.sqrt(np.maximum(divergence, 0.0))
    return distance


def _log2(values: Floats) -> Floats:
    """Logarithm where it exists: an empty bin adds nothing and has no slope."""
    return np.log2(values, out=np.zeros(values.shape), where=values > 0)


def _measure(comparisons: Comparisons) -> Measurement:
    p, q = comparisons.histogram.shares
    value = _distance(p, q)
    steep = 4 * value[:, None]
    slopes = (
        ratio(_log2(ratio(2 * p, p + q)), steep),
        ratio(_log2(ratio(2 * q, p + q)), steep),
    )
    floor = np.sqrt(divergence_floor(comparisons) / (8 * np.log(2)))
    low, high = delta_interval(value, comparisons, slopes, floor, bounds=(0, 1))
    return Measurement(value, low, high, np.minimum(floor, 1.0))


def _azureml(reference: Sample, production: Sample) -> float:
    if reference.values is None:
        return float(jensen_shannon_distance(*paired_counts(reference, production)))
    return float(jensen_shannon_distance(*histograms(reference.numbers, production.numbers)))


METRIC = Metric(
    name="jensen_shannon_distance",
    label="Jensen-Shannon distance",
    unit="distance, 0 to 1",
    thresholds={"numerical": 0.1, "categorical": 0.05},
    bounds=(0.0, 1.0),
    source="Lin (1991), doi:10.1109/18.61115",
    measure=_measure,
    azureml=_azureml,
    azureml_name="JensenShannonDistance",
)
