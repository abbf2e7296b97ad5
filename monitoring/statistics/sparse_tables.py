"""The chi-squared test of a two-row table that is too sparse for the chi-squared distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts, Flags, Floats

#: Categories that expect fewer rows than this are gone through outcome by outcome.
FEW_EXPECTED = 0.1
#: So many rows at most of such a category; more has no weight there.
MOST_OUTCOMES = 8
#: Steps up to the observed statistic in which outcomes are added up.
STEPS = 512
#: Equal statistics must compare as equal whatever the rounding.
TIE = 1e-9


def sparse_pvalues(reference: Counts, production: Counts) -> Floats:
    """Return how often permutations of the rows of tables give at least their chi-squared.

    Both margins are fixed. Shape (tables,).

    With x of a category's t rows in the smaller sample, which holds the share s of all rows, the
    statistic is the sum of (x - ts)^2 / (t s (1 - s)). The x are binomial given their sum. Two
    categories are gone through exactly. Else the sum is fitted by a gamma distribution with its
    first three cumulants, less what fixing the sum of the x takes away; categories that expect less
    than a tenth of a row are too coarse for that, and are convolved outcome by outcome.

    Args:
        reference: Rows per category, shape (tables, categories); a category without rows is none.
        production: Rows per category, shape (tables, categories).

    Returns:
        The p-values; against many permutations they are off by about a tenth of themselves (tests).

    Source:
        Mielke and Berry (1988), Cumulant methods for analysing independence of r-way contingency
        tables and goodness-of-fit frequency data, doi:10.1093/biomet/75.4.790.

    >>> found = sparse_pvalues(np.array([[9, 1]]), np.array([[4, 6]]))
    >>> round(float(found[0]), 4)  # Fisher's exact test
    0.0573
    """
    tables = _Tables.of(reference, production)
    gammas = _Gammas.of(tables)
    pvalues = gammas.tail(tables.statistic)
    two = np.count_nonzero(tables.kept, axis=1) == 2  # noqa: PLR2004 - a table of two by two
    for at in np.flatnonzero(two | tables.rare.any(axis=1)).tolist():
        if two[at]:
            pooled = tables.pooled[at][tables.kept[at]]
            pvalues[at] = _two_categories(pooled, int(tables.drawn[at]), tables.statistic[at])
        else:
            pvalues[at] = _with_rare(tables, gammas, at)
    return pvalues


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables of two rows; arrays of shape (tables, categories), or (tables,) for the last four.

    pooled: rows. kept: which categories have any. variance: of the rows in the smaller sample. rare:
    which expect next to none there. share: of the smaller sample. drawn: its rows. statistic:
    chi-squared. tilt: what fixing the sum of the rows takes away, per row.
    """

    pooled: Floats
    kept: Flags
    variance: Floats
    rare: Flags
    share: Floats
    drawn: Floats
    statistic: Floats
    tilt: Floats

    @classmethod
    def of(cls, reference: Counts, production: Counts) -> _Tables:
        pooled = (reference + production).astype(np.float64)
        smaller = production.sum(axis=1) <= reference.sum(axis=1)
        small = np.where(smaller[:, None], production, reference)
        drawn = small.sum(axis=1).astype(np.float64)
        share = drawn / pooled.sum(axis=1)
        kept = pooled > 0
        expected = pooled * share[:, None]
        variance = expected * (1 - share[:, None])
        terms = (small - expected) ** 2 / np.where(kept, variance, 1.0)
        tilt = np.count_nonzero(kept, axis=1) * (1 - 2 * share) / variance.sum(axis=1)
        rare = kept & (expected < FEW_EXPECTED)
        statistic = terms.sum(axis=1) * (1 - TIE)
        return cls(pooled, kept, variance, rare, share, drawn, statistic, tilt)


def _with_rare(tables: _Tables, gammas: _Gammas, at: int) -> float:
    """Return the p-value of a table with categories that are gone through outcome by outcome."""
    rare, share = tables.rare[at], float(tables.share[at])
    pooled, variance = tables.pooled[at][rare], tables.variance[at][rare]
    chances, terms = _outcomes(pooled, pooled * share, variance, share, float(tables.tilt[at]))
    statistic = float(tables.statistic[at] - terms[:, 0].sum())  # what they add without any row
    step = max(statistic, TIE) / STEPS
    mass = _convolved(chances, (terms - terms[:, :1]) / step)
    tails = gammas.tail(statistic - np.arange(STEPS + 1.0) * step, at)
    beyond = max(1 - float(mass.sum()), 0.0)
    return min(beyond + float(mass @ tails), 1.0)


def _two_categories(pooled: Floats, drawn: int, statistic: float) -> float:
    """Sum the hypergeometric probabilities of all tables at least as far from what is expected."""
    from scipy.special import gammaln  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    first, rows = pooled.min(), pooled.sum()
    x = np.arange(max(0.0, drawn - (rows - first)), min(first, drawn) + 1)

    def ways(n: Floats, k: Floats) -> Floats:
        counted: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return counted

    total = ways(np.array([rows]), np.array([float(drawn)]))
    chance = np.exp(ways(first, x) + ways(rows - first, drawn - x) - total)
    share = drawn / rows
    spread = first * share * (1 - share) * (rows - first) / rows
    far = (x - first * share) ** 2 / spread >= statistic
    return min(float(chance[far].sum()), 1.0)


@dataclass(frozen=True, slots=True)
class _Gammas:
    """A shifted gamma distribution for each table, arrays of shape (tables,).

    varies: False where no category is left to vary; there it is the constant 0.
    """

    varies: Flags
    shape: Floats
    scale: Floats
    start: Floats

    @classmethod
    def of(cls, tables: _Tables) -> _Gammas:
        """Fit the sum over categories of d^2 / v - tilt d, with d binomial less its mean.

        The d of all categories add up to 0, so the tilt changes nothing but takes away what the
        terms have in common with that sum. What is left is one chi-squared term too many.
        """
        dense = tables.kept & ~tables.rare
        share, tilt = tables.share[:, None], tables.tilt[:, None]
        v, mixed, skew = np.where(dense, tables.variance, 1.0), share * (1 - share), 1 - 2 * share
        third = v * skew
        fourth = v * (1 + 3 * v - 6 * mixed)
        fifth = v * skew * (1 + 10 * v - 12 * mixed)
        sixth = v * (
            1 - 30 * mixed * (1 - 4 * mixed) + 5 * v * (5 - 26 * mixed) + 15 * v**2
        )  # central moments of the binomial distribution
        spread = fourth / v**2 - 1 - 2 * tilt * third / v + tilt**2 * v
        lean = (
            (sixth / v**3 - 3 * fourth / v**2 + 2)
            - 3 * tilt * (fifth / v**2 - 2 * third / v)
            + 3 * tilt**2 * (fourth / v - v)
            - tilt**3 * third
        )
        mean = dense.sum(axis=1) - 1.0
        variance = np.where(dense, spread, 0.0).sum(axis=1) - 2
        varies = variance > 0
        variance = np.where(varies, variance, 1.0)
        asymmetry = np.where(dense, lean, 0.0).sum(axis=1) - 8
        asymmetry = np.maximum(asymmetry, 1e-3 * variance**1.5)
        shape, scale = 4 * variance**3 / asymmetry**2, asymmetry / (2 * variance)
        return cls(varies, shape, scale, mean - shape * scale)

    def tail(self, statistic: Floats, at: int | slice = slice(None)) -> Floats:
        """Return the probability of at least `statistic`, of each table or of one."""
        from scipy.special import gammaincc  # noqa: PLC0415 - 0.2 s that a start-up need not pay

        scaled = np.maximum((statistic - self.start[at]) / self.scale[at], 0.0)
        found = np.where(self.varies[at], gammaincc(self.shape[at], scaled), statistic <= 0)
        return np.asarray(found, np.float64)


def _outcomes(
    rows: Floats, expected: Floats, variance: Floats, share: float, tilt: float
) -> tuple[Floats, Floats]:
    """Return probability and term of the statistic of 0, 1, 2 ... of a category's rows.

    Both of shape (categories, outcomes); an outcome beyond a category's rows has probability 0.
    """
    x = np.arange(MOST_OUTCOMES + 1.0)
    off = x - expected[:, None]
    terms = off**2 / variance[:, None] - tilt * off
    odds = (rows[:, None] - x[:-1]) / x[1:] * share / (1 - share)
    first = (1 - share) ** rows[:, None]
    chances = first * np.cumprod(np.maximum(odds, 0.0), axis=1)
    return np.concatenate([first, chances], axis=1), terms


def _convolved(chances: Floats, shifts: Floats) -> Floats:
    """Return the probability of each number of steps that the categories' terms add up to."""
    mass: Floats = np.zeros(STEPS + 1)
    mass[0] = 1.0
    whole = np.rint(np.clip(shifts, 0.0, STEPS + 1.0)).astype(int).tolist()
    for of_category, steps in zip(chances.tolist(), whole, strict=True):
        before, mass = mass, mass * of_category[0]
        for chance, step in zip(of_category[1:], steps[1:], strict=True):
            if chance and step <= STEPS:
                np.add(mass[step:], chance * before[: STEPS + 1 - step], out=mass[step:])
    return mass
