"""Population stability index."""

from __future__ import annotations

import numpy as np

from monitoring.azureml import histograms
from monitoring.chance import chi_squared_quantile, delta_interval
from monitoring.comparison import Comparison
from monitoring.metric import Measurement, Metric
from monitoring.profile import Counts, Floats
from monitoring.sample import Sample, paired_counts


def population_stability_index(
    reference: Counts, production: Counts, *, smoothing: float = 0.5
) -> float:
    """Symmetric Kullback-Leibler divergence of two binned samples in nats; 0 identical.

    sum (q - p) ln(q/p) over bins, each count raised by `smoothing` first so that an empty bin does
    not make it infinite. By custom 0.1 is worth a look and 0.25 worth an action; below some 200 rows
    chance alone gets there, which is what the noise floor is for.

    Args:
        reference: Rows per bin, shape (bins,).
        production: Rows per bin, shape (bins,).
        smoothing: 0.5 (Jeffreys) in the robust mode, 1 (Laplace) in Azure ML.

    Returns:
        The index, 0 or more.

    Source:
        Yurdakul and Naranjo (2020), Statistical properties of the population stability index,
        doi:10.21314/JRMV.2020.227.

    >>> round(population_stability_index(np.array([50, 50]), np.array([80, 20]), smoothing=0), 3)
    0.416
    """
    p, q = _smoothed(reference, smoothing), _smoothed(production, smoothing)
    return float(np.sum((q - p) * np.log(q / p)))


def _smoothed(counts: Counts, smoothing: float) -> Floats:
    shares: Floats = (counts + smoothing) / (counts.sum() + smoothing * len(counts))
    return shares


def _azureml_smoothed(counts: Counts, rows: int) -> Floats:
    shares: Floats = (counts + 1) / (rows + len(counts))
    return shares


def _measure(comparison: Comparison) -> Measurement:
    reference, production, _ = comparison.histogram
    value = population_stability_index(reference, production)
    p, q = _smoothed(reference, 0.5), _smoothed(production, 0.5)
    slope_p, slope_q = np.log(p / q) + 1 - q / p, np.log(q / p) + 1 - p / q
    floor = comparison.weight * chi_squared_quantile(len(p) - 1)
    interval = delta_interval(
        value, comparison, (p, slope_p), (q, slope_q), floor, bounds=(0, np.inf)
    )
    return Measurement(value, interval, float(floor))


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
