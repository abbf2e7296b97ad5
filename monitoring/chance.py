"""What chance alone does: p-values, noise floors, intervals, and control over many features."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from monitoring.comparison import Comparison
from monitoring.metric import Interval
from monitoring.profile import Counts, Floats

#: Up to this many rows a side, scipy's exact distribution of the Kolmogorov-Smirnov statistic.
EXACT_KS_ROWS = 10_000
#: Below this expected count in a cell, chi-squared p-values come from permutations.
LEAST_EXPECTED = 5.0
PERMUTATIONS = 2_000
NORMAL_95 = 1.959964


@lru_cache(maxsize=1024)
def chi_squared_quantile(degrees: int, level: float = 0.95) -> float:
    """Return the quantile of the chi-squared distribution; 0 for no degree of freedom.

    >>> round(chi_squared_quantile(4), 2)
    9.49
    """
    from scipy.special import chdtri  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    return float(chdtri(degrees, 1 - level)) if degrees > 0 else 0.0


def divergence_floor(comparison: Comparison) -> float:
    """Return the 95 % point that 8 times a divergence in nats has when nothing has changed.

    (1/n + 1/m) chi-squared with one degree of freedom less than bins. A new sample also puts about
    2/(n + 1) of its rows beyond the reference's ends, where the divergence grows by half that share.

    Source:
        Yurdakul and Naranjo (2020), doi:10.21314/JRMV.2020.227; the ends by order statistics.
    """
    bins = len(comparison.histogram[2]) - comparison.ends
    beyond = 8 * np.log(2) / (comparison.reference.n + 1) if comparison.ends else 0.0
    return float(comparison.weight * chi_squared_quantile(bins - 1) + beyond)


def delta_interval(
    value: float,
    comparison: Comparison,
    reference: tuple[Floats, Floats],
    production: tuple[Floats, Floats],
    noise_floor: float,
    *,
    bounds: tuple[float, float],
) -> Interval:
    """Return a 95 % interval of a function of two multinomial samples by the delta method.

    Its variance is Var_p(g)/n + Var_q(h)/m with the slopes g, h in p and q. Where nothing has
    changed the slopes vanish and the method is too sure of itself: below the noise floor the
    interval reaches from the lower bound to the floor.

    Args:
        value: The estimate.
        comparison: For n and m.
        reference: (p, slope in p), each of shape (bins,).
        production: (q, slope in q), each of shape (bins,).
        noise_floor: See `Measurement`.
        bounds: What the metric cannot leave.

    Source:
        Agresti (2013), Categorical Data Analysis, section 16.1.
    """
    variance = 0.0
    for (share, slope), profile in (
        (reference, comparison.reference),
        (production, comparison.production),
    ):
        mean = float(share @ slope)
        variance += max(float(share @ slope**2) - mean**2, 0.0) / profile.n
    return widened(value, float(np.sqrt(variance)), noise_floor, bounds=bounds)


def widened(
    value: float, standard_error: float, noise_floor: float, *, bounds: tuple[float, float]
) -> Interval:
    """Return value +- 1.96 standard errors inside `bounds`, never narrower than the noise."""
    low = value - NORMAL_95 * standard_error
    high = value + NORMAL_95 * standard_error
    if value <= noise_floor:
        low, high = bounds[0], max(high, noise_floor)
    return Interval(float(np.clip(low, *bounds)), float(np.clip(high, *bounds)))


def kolmogorov_smirnov_pvalue(statistic: float, comparison: Comparison) -> float:
    """Return the two-sided p-value of a two-sample Kolmogorov-Smirnov statistic.

    Exact (scipy.stats.ks_2samp) up to 10,000 rows a side, on the ranks that the cells leave;
    beyond, the limiting distribution with Vrbik's correction, within 0.0005 of scipy's.

    Source:
        Vrbik (2018), Small-sample corrections to Kolmogorov-Smirnov test statistic.
    """
    n, m = comparison.reference.n, comparison.production.n
    if max(n, m) <= EXACT_KS_ROWS:
        ranks = np.arange(len(comparison.reference.counts))
        one = np.repeat(ranks, comparison.reference.counts)
        other = np.repeat(ranks, comparison.production.counts)
        return scipy_pvalue(one, other)
    from scipy.special import kolmogorov  # noqa: PLC0415

    root = np.sqrt(n * m / (n + m))
    scaled = root * statistic
    return float(kolmogorov(scaled + 1 / (6 * root) + (scaled - 1) / (4 * root**2)))


def scipy_pvalue(reference: Floats | Counts, production: Floats | Counts) -> float:
    """Return the p-value of scipy.stats.ks_2samp, method auto.

    scipy warns where its exact calculation overflows and takes the asymptotic one; so does Azure ML.
    """
    from scipy.stats import ks_2samp  # noqa: PLC0415 - 1 s to import, small samples only

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(ks_2samp(reference, production).pvalue)


def contingency(reference: Counts, production: Counts) -> tuple[float, float]:
    """Return Pearson's chi-squared statistic of a two-row table and its p-value.

    Where an expected count is below 5 the p-value comes from 2,000 seeded permutations of the row
    labels (both margins fixed), else from the chi-squared distribution.

    Args:
        reference: Rows per category, shape (categories,).
        production: Rows per category, shape (categories,).

    Source:
        Agresti (2013), Categorical Data Analysis, sections 3.2 and 3.5.

    >>> statistic, pvalue = contingency(np.array([60, 40]), np.array([40, 60]))
    >>> round(statistic, 2), round(pvalue, 4)
    (8.0, 0.0047)
    """
    statistic, expected = _chi_squared(reference, production)
    if len(reference) < 2:  # noqa: PLR2004 - one category cannot change
        return 0.0, 1.0
    if expected.min() >= LEAST_EXPECTED:
        from scipy.special import chdtrc  # noqa: PLC0415

        return statistic, float(chdtrc(len(reference) - 1, statistic))
    random = np.random.default_rng(0)
    pooled = reference + production
    draws = random.multivariate_hypergeometric(
        pooled, int(production.sum()), PERMUTATIONS, method="marginals"
    )
    exp_q = pooled * production.sum() / pooled.sum()
    exp_p = pooled - exp_q
    simulated = ((draws - exp_q) ** 2 * (1 / exp_q + 1 / exp_p)).sum(axis=1)
    as_large = int((simulated >= statistic * (1 - 1e-12)).sum())
    return statistic, (as_large + 1) / (PERMUTATIONS + 1)


def _chi_squared(reference: Counts, production: Counts) -> tuple[float, Floats]:
    n, m = reference.sum(), production.sum()
    share = (reference + production) / (n + m)
    expected = np.concatenate([share * n, share * m])
    observed = np.concatenate([reference, production])
    return float(((observed - expected) ** 2 / expected).sum()), expected


def benjamini_hochberg(pvalues: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that the false-discovery rate is controlled.

    Source:
        Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; same as
        scipy.stats.false_discovery_control.

    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    p = np.asarray(pvalues, dtype=float)
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]
