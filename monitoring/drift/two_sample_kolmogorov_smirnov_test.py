"""Two-sample Kolmogorov-Smirnov test."""

from __future__ import annotations

import numpy as np

from monitoring.azureml import MOST_KS_ROWS
from monitoring.chance import scipy_pvalue, widened
from monitoring.comparison import Comparison
from monitoring.errors import InputError
from monitoring.metric import Interval, Measurement, Metric
from monitoring.sample import Sample

#: 95 % point of the limiting distribution of the scaled statistic.
CRITICAL_95 = 1.3581


def kolmogorov_smirnov_statistic(comparison: Comparison) -> Interval:
    """Return the interval that is certain to hold the statistic D = sup |F - G|.

    D at the cuts is a lower bound; between two cuts the gap can reach further by what the cell hides.
    Frequent values have a cell of their own, which hides nothing, so that ties do not widen it.

    Source:
        Smirnov (1939); the bound is the monotonicity of distribution functions.
    """
    at_cuts = float(np.abs(comparison.gap).max())
    return Interval(at_cuts, max(at_cuts, float(comparison.gap_bound.max())))


def _measure(comparison: Comparison) -> Measurement:
    certain = kolmogorov_smirnov_statistic(comparison)
    p, q = comparison.shares
    at = int(np.abs(comparison.gap).argmax())
    f, g = p[: at + 1].sum(), q[: at + 1].sum()
    variance = f * (1 - f) / comparison.reference.n + g * (1 - g) / comparison.production.n
    floor = CRITICAL_95 * np.sqrt(comparison.weight)
    error = float(np.sqrt(max(variance, 0.0)))
    interval = widened(certain.low, error, float(floor), bounds=(0.0, 1.0))
    return Measurement(
        certain.low,
        Interval(interval.low, min(interval.high + certain.high - certain.low, 1.0)),
        float(min(floor, 1.0)),
        error_bound=certain.high - certain.low,
    )


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
    azureml=_azureml,
    azureml_name="TwoSampleKolmogorovSmirnovTest",
    azureml_threshold=0.05,
    azureml_worse="lower",
    azureml_reads="p-value",
)
