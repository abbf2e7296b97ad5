"""Area under the receiver operating characteristic, with what DeLong's method says of its error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats

#: Nadeau and Bengio (2003), eq. 9: out-of-fold scores share training rows, which adds test / train
#: to 1 / folds in the variance; with 5 folds the error grows by sqrt((1/5 + 1/4) / (1/5)).
FOLDS = 5
CORRECTION = math.sqrt(1 + FOLDS / (FOLDS - 1))


@dataclass(frozen=True, eq=False)
class Curve:
    """How often a row of production scores above one of the reference, row by row.

    production: for each row of production, the share of the reference that it beats (ties half).
    reference: for each row of the reference, the share of production that beats it.
    """

    production: Floats
    reference: Floats

    @property
    def area(self) -> float:
        """The area: 0.5 when nothing can be told apart, 1 when everything can."""
        return float(self.production.mean())

    def error(self) -> float:
        """Return the standard error of the area of out-of-fold scores."""
        return CORRECTION * _error(self.production, self.reference)

    def lost(self, other: Curve) -> tuple[float, float]:
        """Return how much larger this area is than another of the same rows, and the error of that."""
        difference = self.production - other.production, self.reference - other.reference
        return float(difference[0].mean()), CORRECTION * _error(*difference)


def curve(reference: Floats, production: Floats) -> Curve:
    """Return the curve of scores, shapes (n,) and (m,).

    Source:
        DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595; by ranks, Sun and Xu (2014).

    >>> found = curve(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    >>> found.area  # three of four pairs, and one tie: (3 + 0.5) / 4
    0.875
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - slow to import

    n, m = len(reference), len(production)
    ranks = rankdata(np.concatenate([production, reference]))
    beaten = (ranks[:m] - rankdata(production)) / n
    beating = 1 - (ranks[m:] - rankdata(reference)) / m
    return Curve(beaten, beating)


def pvalue(area: float, n: int, m: int) -> float:
    """Return how often chance alone gives at least this area (one-sided, by its null variance).

    >>> round(pvalue(0.5, 100, 100), 3), pvalue(0.9, 100, 100) < 1e-6
    (0.5, True)
    """
    error = CORRECTION * math.sqrt((n + m + 1) / (12 * n * m))
    return 0.5 * math.erfc((area - 0.5) / error / math.sqrt(2))


def _error(production: Floats, reference: Floats) -> float:
    variance = 0.0
    for side in (production, reference):
        if len(side) > 1:
            variance += float(side.var(ddof=1)) / len(side)
    return math.sqrt(variance)
