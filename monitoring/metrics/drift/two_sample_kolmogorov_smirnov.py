"""Two-sample Kolmogorov-Smirnov test."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Floats
from monitoring.azureml import MOST_KS_ROWS
from monitoring.azureml.sample import Sample
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.errors import InputError
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.statistics.chance import scipy_pvalue, widened

#: 95 % point of the limiting distribution of the scaled statistic.
CRITICAL_95 = 1.3581


def kolmogorov_smirnov_statistic(comparisons: Comparisons) -> tuple[Floats, Floats]:
    """Return the ends of the interval that is certain to hold the statistic D = sup |F - G|.

    D at the cuts is the lower one; between two cuts the gap can reach further by what the cell hides:
    as far as one function at the cell's left end lies from the other at its right end. Frequent values
    have a cell of their own, which hides nothing, so that ties do not widen it.

    Returns:
        Arrays of shape (features,).

    Source:
        Smirnov (1939); the bound is the monotonicity of distribution functions.
    """
    at_cuts = comparisons.distance.max(axis=-1)
    f, g = comparisons.reference.below, comparisons.production.below
    hidden = f[:, 1:] - g[:, :-1]
    np.maximum(hidden, g[:, 1:] - f[:, :-1], out=hidden)
    hidden.reshape(-1)[comparisons.single] = 0.0
    return at_cuts, np.maximum(at_cuts, hidden.max(axis=-1))


def _measure(comparisons: Comparisons) -> Measurement:
    value, highest = kolmogorov_smirnov_statistic(comparisons)
    rows, at = np.arange(len(value)), comparisons.distance.argmax(axis=-1)
    variance = np.zeros(len(value))
    for stack in (comparisons.reference, comparisons.production):
        share = stack.below[rows, at]
        variance += share * (1 - share) / stack.n
    floor = CRITICAL_95 * np.sqrt(comparisons.weight)
    bound = highest - value
    low, high = widened(value, np.sqrt(variance), floor, bounds=(0.0, 1.0))
    high = np.minimum(high + bound, 1.0)
    return Measurement(value, low, high, np.minimum(floor, 1.0), error_bound=bound)


def _azureml(reference: Sample, production: Sample) -> float:
    """Return scipy's p-value; the service refuses 10,000 rows or more on a side."""
    if max(reference.n, production.n) >= MOST_KS_ROWS:
        raise InputError(
            f"its job fails on the two-sample Kolmogorov-Smirnov test of {reference.n:,} and"
            f" {production.n:,} rows, its limit is {MOST_KS_ROWS - 1:,}",
            hint="Use the robust mode, which has no limit.",
        )
    return scipy_pvalue(reference.numbers, production.numbers)


METRIC = Metric(
    name="two_sample_kolmogorov_smirnov_test",
    label="Kolmogorov-Smirnov statistic",
    unit="share of rows, 0 to 1",
    thresholds={"numerical": 0.1},
    bounds=(0.0, 1.0),
    source="Smirnov (1939); scipy.stats.ks_2samp",
    measure=_measure,
    by_cells=True,
    azureml=_azureml,
    azureml_name="TwoSampleKolmogorovSmirnovTest",
    azureml_threshold=0.05,
    azureml_worse="lower",
    azureml_reads="p-value",
)
