"""Weights that make the reference's rows look like the window's, one factor for each feature.

The weight of a row is exp(sum of f_j(level of feature j)), the f_j chosen so that the weighted
reference has the window's share in every level. A feature that only moved along with another needs no
factor of its own, which is what parts a cause from its companions.

Source:
    Sugiyama et al. (2008), Direct importance estimation (KLIEP), doi:10.1007/s10463-008-0197-x; the
    same weights as entropy balancing, Hainmueller (2012), doi:10.1093/pan/mpr025.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitoring.arrays import Floats, Index

STEPS = 25
TOLERANCE = 1e-6
#: Rows' worth of evidence that a level did not move, from much to little.
PENALTIES = (500.0, 50.0, 5.0)
#: Share of its rows that the weighted reference must count as.
LEAST_EFFECTIVE = 0.2
#: No factor may pull a level up or down by more than exp(this): beyond, the rows are not comparable.
MOST_PULL = 8.0


@dataclass(frozen=True, eq=False)
class OneHot:
    """Rows by their levels.

    codes: level of each feature, shape (n, d), columns contiguous. sizes: levels of each feature; all
    features' levels stand in one long vector, one feature after the other.
    """

    codes: Index
    sizes: tuple[int, ...]

    @property
    def length(self) -> int:
        """How many levels all features have together."""
        return sum(self.sizes)

    @cached_property
    def starts(self) -> Index:
        """Where each feature's levels begin, shape (d + 1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)

    def of(self, feature: int) -> slice:
        """Return where a feature's levels stand."""
        return slice(int(self.starts[feature]), int(self.starts[feature + 1]))

    def sums(self, weights: Floats | None = None) -> Floats:
        """Return the weight in each level, shape (length,)."""
        found = np.zeros(self.length)
        for j, size in enumerate(self.sizes):
            found[self.of(j)] = np.bincount(self.codes[:, j], weights, minlength=size)
        return found

    def score(self, factors: Floats) -> Floats:
        """Return the sum of the factors of each row, shape (n,)."""
        total = np.zeros(len(self.codes))
        for j in range(len(self.sizes)):
            total += factors[self.of(j)][self.codes[:, j]]
        return total

    def pair(self, i: int, j: int, weights: Floats | None = None) -> Floats:
        """Return the weight in each pair of levels of two features, shape (size i, size j)."""
        shape = self.sizes[i], self.sizes[j]
        cell = self.codes[:, i] * shape[1] + self.codes[:, j]
        found = np.bincount(cell, weights, minlength=shape[0] * shape[1])
        return found.reshape(shape).astype(np.float64, copy=False)

    def products(self, weights: Floats) -> Floats:
        """Return the weight in each pair of levels of any two features, shape (length, length)."""
        found = np.zeros((self.length, self.length))
        for i in range(len(self.sizes)):
            for j in range(i, len(self.sizes)):
                pair = self.pair(i, j, weights)
                found[self.of(i), self.of(j)] = pair
                found[self.of(j), self.of(i)] = pair.T
        return found


@dataclass(frozen=True, eq=False)
class Tilt:
    """The factors of all levels, and what a bootstrap needs to move them.

    factors: f by level, shape (length,). inverse: of the curvature, shape (length, length). weights:
    of the reference's rows, mean 1. penalty: see `tilt`.
    """

    factors: Floats
    inverse: Floats
    weights: Floats
    penalty: float

    @property
    def effective_rows(self) -> float:
        """As how many rows of equal weight the reference counts after weighting (Kish)."""
        return float(self.weights.sum() ** 2 / np.square(self.weights).sum())

    def moved(self, reference: Floats, window: Floats) -> Floats:
        """Return the factors for other rows after one Newton step, shape (length,).

        Args:
            reference: Share of the other rows of the reference in each level, under these factors.
            window: Share of the window's.
        """
        step = self.inverse @ (reference - window + self.penalty * self.factors)
        return np.clip(self.factors - step, -MOST_PULL, MOST_PULL)


def tilt(reference: OneHot, window: Floats, rows: int) -> Tilt:
    """Return the weights under which the reference's shares are the window's, as far as rows allow.

    Minimises log mean exp(score) - shares of the window . f + penalty / 2 |f|^2 by Newton's method, for
    ever smaller penalties, each begun at the last one's answer. It stops before the weighted reference
    would count as less than a fifth of its rows: then few rows would stand for many.

    Args:
        window: Share of the window's rows in each level, shape (length,).
        rows: Of the smaller side; a penalty is so many rows' worth of evidence that nothing moved.

    >>> found = tilt(OneHot(np.array([[0], [0], [0], [1]] * 500), (2,)), np.array([0.5, 0.5]), 2000)
    >>> found.weights[:4].round(2).tolist()
    [0.67, 0.67, 0.67, 1.99]
    """
    found = _newton(reference, window, PENALTIES[0] / rows, np.zeros(reference.length))
    for penalty in PENALTIES[1:]:
        tried = _newton(reference, window, penalty / rows, found.factors)
        if tried.effective_rows < LEAST_EFFECTIVE * len(reference.codes):
            break
        found = tried
    return found


def _newton(reference: OneHot, window: Floats, penalty: float, factors: Floats) -> Tilt:
    weights, value = _weights(reference, factors, window, penalty)
    for _ in range(STEPS):
        shares = reference.sums(weights) / len(weights)
        slope = shares - window + penalty * factors
        if np.abs(slope).max(initial=0.0) < TOLERANCE:
            break
        step = np.linalg.solve(_curvature(reference, weights, shares, penalty), slope)
        size = 1.0
        while size > 1e-3:  # noqa: PLR2004 - smaller steps change nothing any more
            tried = np.clip(factors - size * step, -MOST_PULL, MOST_PULL)
            tried_weights, tried_value = _weights(reference, tried, window, penalty)
            if tried_value <= value:
                break
            size /= 2
        gained = value - tried_value
        if gained > 0:
            factors, weights, value = tried, tried_weights, tried_value
        if gained < TOLERANCE:
            break
    shares = reference.sums(weights) / len(weights)
    inverse: Floats = np.linalg.inv(_curvature(reference, weights, shares, penalty)).astype(float)
    return Tilt(factors, inverse, weights, penalty)


def _weights(
    reference: OneHot, factors: Floats, window: Floats, penalty: float
) -> tuple[Floats, float]:
    score = reference.score(factors)
    top = float(score.max())
    weights = np.exp(score - top)
    mean = float(weights.mean())
    value = np.log(mean) + top - float((window * factors).sum())
    return weights / mean, value + penalty / 2 * float(np.square(factors).sum())


def _curvature(reference: OneHot, weights: Floats, shares: Floats, penalty: float) -> Floats:
    curvature = reference.products(weights) / len(weights)
    curvature -= np.outer(shares, shares)
    curvature[np.diag_indices_from(curvature)] += penalty
    return curvature
