"""Pearson's chi-squared test."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.azureml.sample import Sample, paired_counts
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.metrics.noise import delta_interval
from monitoring.statistics.chance import chi_squared_quantiles, ratio


def cramers_v(reference: Counts, production: Counts) -> Floats:
    """Effect size of the chi-squared test on a two-row table: sqrt(chi-squared / rows), 0 to 1.

    Args:
        reference: Rows per category, shape (..., categories).
        production: Rows per category, shape (..., categories).

    Returns:
        The effect size, shape (...).

    Source:
        Cramer (1946), Mathematical Methods of Statistics, section 21.4.

    >>> float(cramers_v(np.array([60, 40]), np.array([40, 60])))
    0.2
    """
    n, m = (counts.sum(axis=-1, keepdims=True) for counts in (reference, production))
    spread = (reference + production) / (n + m)
    expected_p, expected_q = spread * n, spread * m
    terms = ratio((reference - expected_p) ** 2, expected_p)
    terms += ratio((production - expected_q) ** 2, expected_q)
    effect: Floats = np.sqrt(terms.sum(axis=-1) / (n + m)[..., 0])
    return effect


def _measure(comparisons: Comparisons) -> Measurement:
    histogram = comparisons.histogram
    value = cramers_v(histogram.reference, histogram.production)
    n, m = (stack.n[:, None] for stack in (comparisons.reference, comparisons.production))
    p, q = histogram.shares
    # V squared is w sum (p - q)^2 / (n p + m q) with w = n m / (n + m).
    weight = 1 / comparisons.weight[:, None]
    off = ratio(p - q, n * p + m * q)
    scale = ratio(weight, 2 * value[:, None])
    slopes = scale * (2 * off - n * off**2), scale * (-2 * off - m * off**2)
    floor = np.sqrt(chi_squared_quantiles(histogram.bins - 1) / (n + m)[:, 0])
    low, high = delta_interval(value, comparisons, slopes, floor, bounds=(0, 1))
    return Measurement(value, low, high, np.minimum(floor, 1.0))


def _azureml(reference: Sample, production: Sample) -> float:
    """Return the service's p-value: goodness of fit against the reference's shares taken as exact.

    One row of a category that the reference lacks gives 0, a single category NaN.
    """
    from scipy.special import chdtrc  # noqa: PLC0415 - 0.2 s to import

    c, d = paired_counts(reference, production)
    expected = c / reference.n * production.n
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(((d - expected) ** 2 / expected).sum())
    if len(c) < 2:  # noqa: PLR2004 - no degree of freedom
        return float("nan")
    return 0.0 if np.isinf(statistic) else float(chdtrc(len(c) - 1, statistic))


METRIC = Metric(
    name="pearsons_chi_squared_test",
    label="Cramer's V of the chi-squared test",
    unit="effect size, 0 to 1",
    thresholds={"categorical": 0.05},
    bounds=(0.0, 1.0),
    source="Pearson (1900), doi:10.1080/14786440009463897; Cramer (1946)",
    measure=_measure,
    azureml=_azureml,
    azureml_name="PearsonsChiSquaredTest",
    azureml_threshold=0.05,
    azureml_worse="lower",
    azureml_reads="p-value",
)
