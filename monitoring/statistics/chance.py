"""What chance alone does: p-values, noise floors, intervals, and control over many features."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.statistics.intervals import Z
from monitoring.statistics.sparse_tables import sparse_pvalues

#: Below this expected count in a cell, chi-squared p-values are those of permutations.
LEAST_EXPECTED = 5.0


def ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below, and 0 where below is 0; `below` must fit the shape of `above`.

    >>> ratio(np.array([1.0, 5.0]), np.array([2.0, 0.0])).tolist()
    [0.5, 0.0]
    """
    return np.divide(above, below, out=np.zeros(above.shape), where=below != 0)


def chi_squared_quantile(degrees: int, level: float = 0.95) -> float:
    """Return the quantile of the chi-squared distribution; 0 for no degree of freedom.

    >>> round(chi_squared_quantile(4), 2)
    9.49
    """
    return float(chi_squared_quantiles(np.array(degrees), level))


def chi_squared_quantiles(degrees: Counts, level: float = 0.95) -> Floats:
    """Return the quantiles of chi-squared distributions, in the shape of `degrees`."""
    least = np.maximum(degrees, 0)
    quantile: Floats = _quantile_table(int(np.max(least, initial=0)) | 127, level)[least]
    return quantile


@lru_cache(maxsize=64)
def _quantile_table(most: int, level: float) -> Floats:
    """Return the quantiles for 0 to `most` degrees of freedom; one costs a root search."""
    from scipy.special import chdtri  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    return np.concatenate([[0.0], chdtri(np.arange(1, most + 1), 1 - level)])


def spread(share: Floats, values: Floats) -> Floats:
    """Return the variance over the last axis of values that have these shares, shape (features,)."""
    weighted = share * values
    mean = weighted.sum(axis=-1)
    square = np.einsum("...i,...i->...", weighted, values)
    variance: Floats = np.maximum(square - mean**2, 0.0)
    return variance


def widened(
    value: Floats, standard_error: Floats, noise_floor: Floats, *, bounds: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Return value +- 1.96 standard errors inside `bounds`, never narrower than the noise."""
    reach = Z * standard_error
    low, high = value - reach, value + reach
    is_noise = value <= noise_floor
    low = np.where(is_noise, bounds[0], low)
    high = np.where(is_noise, np.maximum(high, noise_floor), high)
    low, high = np.maximum(low, bounds[0]), np.minimum(high, bounds[1])
    return np.minimum(low, bounds[1]), np.maximum(high, bounds[0])


def scipy_pvalue(reference: Floats | Counts, production: Floats | Counts) -> float:
    """Return the p-value of scipy.stats.ks_2samp, method auto.

    scipy warns where its exact calculation overflows and takes the asymptotic one; so does Azure ML.
    """
    from scipy.stats import ks_2samp  # noqa: PLC0415 - 1 s to import, small samples only

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(ks_2samp(reference, production).pvalue)


def contingencies(reference: Counts, production: Counts) -> tuple[Floats, Floats]:
    """Return Pearson's chi-squared statistics of two-row tables and their p-values, shape (tables,).

    Where an expected count is below 5 the p-value is that of permutations of the row labels (both
    margins fixed), see `sparse_pvalues`; else from the chi-squared distribution.

    Args:
        reference: Rows per category, shape (tables, categories); a category without any row is none.
        production: Rows per category, shape (tables, categories).

    Source:
        Agresti (2013), Categorical Data Analysis, sections 3.2 and 3.5.

    >>> (statistic,), (pvalue,) = contingencies(np.array([[60, 40]]), np.array([[40, 60]]))
    >>> round(float(statistic), 2), round(float(pvalue), 4)
    (8.0, 0.0047)
    """
    from scipy.special import chdtrc  # noqa: PLC0415

    pooled = reference + production
    n, m = (counts.sum(axis=1, keepdims=True) for counts in (reference, production))
    share = pooled / (n + m)
    statistic = ratio((production - share * m) ** 2, share * m * n / (n + m)).sum(axis=1)
    categories = np.count_nonzero(pooled, axis=1)
    pvalues: Floats = np.where(categories > 1, chdtrc(categories - 1.0, statistic), 1.0)
    least = np.where(pooled > 0, share, 1.0).min(axis=1) * np.minimum(n, m)[:, 0]
    sparse = (least < LEAST_EXPECTED) & (categories > 1)
    if sparse.any():
        pvalues[sparse] = sparse_pvalues(reference[sparse], production[sparse])
    return np.where(categories > 1, statistic, 0.0), pvalues


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
