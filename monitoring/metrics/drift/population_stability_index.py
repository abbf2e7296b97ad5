"""Population stability index."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Counts, Flags, Floats
from monitoring.azureml import histograms
from monitoring.azureml.sample import Sample, paired_counts
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.metrics.noise import delta_interval
from monitoring.statistics.chance import chi_squared_quantiles


def population_stability_index(
    reference: Counts, production: Counts, *, smoothing: float = 0.5
) -> Floats:
    """Symmetric Kullback-Leibler divergence of two binned samples in nats; 0 identical.

    sum (q - p) ln(q/p) over bins, each count raised by `smoothing` first so that an empty bin does
    not make it infinite. By custom 0.1 is worth a look and 0.25 worth an action; below some 200 rows
    chance alone gets there, which is what the noise floor is for.

    Args:
        reference: Rows per bin, shape (..., bins).
        production: Rows per bin, shape (..., bins).
        smoothing: 0.5 (Jeffreys) in the robust mode, 1 (Laplace) in Azure ML.

    Returns:
        The index, 0 or more, shape (...).

    Source:
        Yurdakul and Naranjo (2020), Statistical properties of the population stability index,
        doi:10.21314/JRMV.2020.227.

    >>> float(population_stability_index(np.array([50, 50]), np.array([80, 20]), smoothing=0).round(3))
    0.416
    """
    every = np.ones(reference.shape, bool)
    return _index(*(_smoothed(counts, every, smoothing) for counts in (reference, production)))


def _index(p: Floats, q: Floats) -> Floats:
    index: Floats = ((q - p) * np.log(q / p)).sum(axis=-1)
    return index


def _smoothed(counts: Counts, kept: Flags, smoothing: float = 0.5) -> Floats:
    """Return shares of counts that are raised in every bin; 1 in both samples where there is no bin."""
    raised = counts + smoothing
    rows = np.where(kept, raised, 0.0).sum(axis=-1, keepdims=True)
    return np.where(kept, raised / rows, 1.0)


def _azureml_smoothed(counts: Counts, rows: int) -> Floats:
    shares: Floats = (counts + 1) / (rows + len(counts))
    return shares


def _measure(comparisons: Comparisons) -> Measurement:
    histogram = comparisons.histogram
    p = _smoothed(histogram.reference, histogram.kept)
    q = _smoothed(histogram.production, histogram.kept)
    value = _index(p, q)
    slopes = np.log(p / q) + 1 - q / p, np.log(q / p) + 1 - p / q
    floor = comparisons.weight * chi_squared_quantiles(histogram.bins - 1)
    shares = p * histogram.kept, q * histogram.kept
    low, high = delta_interval(value, comparisons, slopes, floor, shares=shares, bounds=(0, np.inf))
    return Measurement(value, low, high, floor)


def _azureml(reference: Sample, production: Sample) -> float:
    if reference.values is None:
        c, d = paired_counts(reference, production)
    else:
        c, d = histograms(reference.numbers, production.numbers)
    # Divided by all rows, also those whose maximum fell out of the last bin.
    p, q = _azureml_smoothed(c, reference.n), _azureml_smoothed(d, production.n)
    return float(np.sum((q - p) * np.log(q / p)))


METRIC = Metric(
    name="population_stability_index",
    label="Population stability index",
    unit="nats, 0 or more",
    thresholds={"numerical": 0.1, "categorical": 0.1},
    bounds=(0.0, np.inf),
    source="Yurdakul and Naranjo (2020), doi:10.21314/JRMV.2020.227",
    measure=_measure,
    azureml=_azureml,
    azureml_name="PopulationStabilityIndex",
)
