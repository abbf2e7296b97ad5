"""Jensen-Shannon distance."""

from __future__ import annotations

import numpy as np

from monitoring.azureml import histograms
from monitoring.chance import delta_interval, divergence_floor
from monitoring.comparison import Comparison
from monitoring.metric import Measurement, Metric
from monitoring.profile import Counts
from monitoring.sample import Sample, paired_counts


def jensen_shannon_distance(reference: Counts, production: Counts) -> float:
    """Square root of the Jensen-Shannon divergence in bits; 0 identical, 1 disjoint.

    sqrt(1/2 sum p log2(p/u) + 1/2 sum q log2(q/u)) with u = (p + q)/2 and 0 log 0 = 0.

    Args:
        reference: Rows per bin, shape (bins,).
        production: Rows per bin, shape (bins,).

    Returns:
        The distance, 0 to 1.

    Source:
        Lin (1991), Divergence measures based on the Shannon entropy, doi:10.1109/18.61115; same as
        scipy.spatial.distance.jensenshannon(base=2) and as Azure ML.

    >>> round(jensen_shannon_distance(np.array([1, 1]), np.array([1, 3])), 4)
    0.2209
    >>> jensen_shannon_distance(np.array([5, 0]), np.array([0, 9]))
    1.0
    """
    p, q = reference / reference.sum(), production / production.sum()
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log2(p / middle), 0.0).sum()
        right = np.where(q > 0, q * np.log2(q / middle), 0.0).sum()
    return float(np.sqrt(max((left + right) / 2, 0.0)))


def _measure(comparison: Comparison) -> Measurement:
    reference, production, _ = comparison.histogram
    value = jensen_shannon_distance(reference, production)
    p, q = reference / reference.sum(), production / production.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_p = np.where(p > 0, np.log2(2 * p / (p + q)), 0.0) / (4 * value) if value else p * 0
        slope_q = np.where(q > 0, np.log2(2 * q / (p + q)), 0.0) / (4 * value) if value else q * 0
    floor = float(np.sqrt(divergence_floor(comparison) / (8 * np.log(2))))
    interval = delta_interval(value, comparison, (p, slope_p), (q, slope_q), floor, bounds=(0, 1))
    return Measurement(value, interval, min(floor, 1.0))


def _azureml(reference: Sample, production: Sample) -> float:
    if reference.values is None:
        return jensen_shannon_distance(*paired_counts(reference, production))
    return jensen_shannon_distance(*histograms(reference.numbers, production.numbers))


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
