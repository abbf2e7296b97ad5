"""The chi-squared test of a two-row table that is too sparse for the chi-squared distribution."""

from __future__ import annotations

import numpy as np

from monitoring.profile import Counts, Floats

#: Categories that expect fewer rows than this are gone through outcome by outcome.
FEW_EXPECTED = 0.1
#: So many rows at most of such a category; more has no weight there.
MOST_OUTCOMES = 8
#: Steps up to the observed statistic in which outcomes are added up.
STEPS = 512
#: Equal statistics must compare as equal whatever the rounding.
TIE = 1e-9


def sparse_pvalue(reference: Counts, production: Counts) -> float:
    """Return how often a permutation of the rows gives at least this chi-squared, both margins fixed.

    With x of a category's t rows in the smaller sample, which holds the share s of all rows, the
    statistic is the sum of (x - ts)^2 / (t s (1 - s)). The x are binomial given their sum. Two
    categories are gone through exactly. Else the sum is fitted by a gamma distribution with its
    first three cumulants, less what fixing the sum of the x takes away; categories that expect less
    than a tenth of a row are too coarse for that, and are convolved outcome by outcome.

    Args:
        reference: Rows per category, shape (categories,), at least two of them.
        production: Rows per category, shape (categories,).

    Returns:
        The p-value; against many permutations it is off by about a tenth of itself (tests).

    Source:
        Mielke and Berry (1988), Cumulant methods for analysing independence of r-way contingency
        tables and goodness-of-fit frequency data, doi:10.1093/biomet/75.4.790.

    >>> round(sparse_pvalue(np.array([9, 1]), np.array([4, 6])), 4)  # Fisher's exact test
    0.0573
    """
    pooled = (reference + production).astype(np.float64)
    small = production if production.sum() <= reference.sum() else reference
    share = float(small.sum() / pooled.sum())
    expected = pooled * share
    variance = expected * (1 - share)
    statistic = float(((small - expected) ** 2 / variance).sum()) * (1 - TIE)
    if len(pooled) == 2:  # noqa: PLR2004 - a table of two by two
        return _two_categories(pooled, int(small.sum()), statistic)
    tilt = len(pooled) * (1 - 2 * share) / float(variance.sum())
    rare = expected < FEW_EXPECTED
    gamma = _Gamma.of(variance[~rare], share, tilt)
    if not rare.any():
        return float(gamma.tail(np.array([statistic]))[0])
    chances, terms = _outcomes(pooled[rare], expected[rare], variance[rare], share, tilt)
    statistic -= float(terms[:, 0].sum())  # what they add without any row
    step = max(statistic, TIE) / STEPS
    mass = _convolved(chances, (terms - terms[:, :1]) / step)
    tails = gamma.tail(statistic - np.arange(STEPS + 1.0) * step)
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


class _Gamma:
    """A shifted gamma distribution; without any category left, the constant 0."""

    def __init__(self, mean: float, variance: float, third: float) -> None:
        self._constant = variance <= 0
        if self._constant:
            return
        third = max(third, 1e-3 * variance**1.5)
        self._shape = 4 * variance**3 / third**2
        self._scale = third / (2 * variance)
        self._start = mean - self._shape * self._scale

    @classmethod
    def of(cls, variance: Floats, share: float, tilt: float) -> _Gamma:
        """Fit the sum over categories of d^2 / v - tilt d, with d binomial less its mean.

        The d of all categories add up to 0, so the tilt changes nothing but takes away what the
        terms have in common with that sum. What is left is one chi-squared term too many.
        """
        v, mixed, skew = variance, share * (1 - share), 1 - 2 * share
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
        return cls(len(v) - 1, float(spread.sum()) - 2, float(lean.sum()) - 8)

    def tail(self, at: Floats) -> Floats:
        """Return the probability of at least `at`."""
        if self._constant:
            return (at <= 0).astype(np.float64)
        from scipy.special import gammaincc  # noqa: PLC0415

        scaled = np.maximum((at - self._start) / self._scale, 0.0)
        return np.asarray(gammaincc(self._shape, scaled), np.float64)


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
