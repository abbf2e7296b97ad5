"""Pearson's chi-squared test."""

from __future__ import annotations

import numpy as np

from monitoring.chance import chi_squared_quantile, delta_interval
from monitoring.comparison import Comparison
from monitoring.metric import Measurement, Metric
from monitoring.profile import Counts
from monitoring.sample import Sample, paired_counts


def cramers_v(reference: Counts, production: Counts) -> float:
    """Effect size of the chi-squared test on a two-row table: sqrt(chi-squared / rows), 0 to 1.

    Args:
        reference: Rows per category, shape (categories,).
        production: Rows per category, shape (categories,).

    Source:
        Cramer (1946), Mathematical Methods of Statistics, section 21.4.

    >>> cramers_v(np.array([60, 40]), np.array([40, 60]))
    0.2
    """
    n, m = int(reference.sum()), int(production.sum())
    spread = (reference + production) / (n + m)
    expected_p, expected_q = spread * n, spread * m
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(
            spread > 0,
            (reference - expected_p) ** 2 / expected_p
            + (production - expected_q) ** 2 / expected_q,
            0.0,
        )
    return float(np.sqrt(terms.sum() / (n + m)))


def _measure(comparison: Comparison) -> Measurement:
    reference, production, _ = comparison.histogram
    value = cramers_v(reference, production)
    n, m = int(reference.sum()), int(production.sum())
    p, q = reference / n, production / m
    # V squared is w sum (p - q)^2 / (n p + m q) with w = n m / (n + m).
    weight, both = n * m / (n + m), n * p + m * q
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(both > 0, (p - q) / both, 0.0)
    scale = weight / (2 * value) if value else 0.0
    slope_p = scale * (2 * ratio - n * ratio**2)
    slope_q = scale * (-2 * ratio - m * ratio**2)
    floor = float(np.sqrt(chi_squared_quantile(len(p) - 1) / (n + m)))
    interval = delta_interval(value, comparison, (p, slope_p), (q, slope_q), floor, bounds=(0, 1))
    return Measurement(value, interval, min(floor, 1.0))


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
