"""What of a change goes with other rows having come, by level: the usual loss, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats
from monitoring.methods.root_cause.tilting import OneHot

#: Rows' worth of evidence that a level's loss is the usual one.
RIDGE_ROWS = 20


@dataclass(frozen=True, eq=False)
class Usual:
    """The loss in the reference as a sum of one number a level.

    by_level: the numbers, of mean 0 over the reference within each feature, shape (length,). inverse:
    of the products of the levels, shape (length, length), for fitting other draws of the same rows.
    """

    by_level: Floats
    inverse: Floats

    def drawn(self, rows: OneHot, loss: Floats, counts: Floats) -> Usual:
        """Return the numbers for rows drawn so many times, by one step from these."""
        left = loss - rows.score(self.by_level)
        left -= float(counts @ left) / float(counts.sum())
        step = self.inverse @ (rows.sums(counts * left) / counts.sum())
        return Usual(_centred(rows, self.by_level + step, counts), self.inverse)


def usual_loss(rows: OneHot, loss: Floats) -> Usual:
    """Fit the loss by least squares as a sum over levels; a trace of ridge settles what is free."""
    n = len(loss)
    products = rows.products(np.ones(n)) / n
    products[np.diag_indices_from(products)] += RIDGE_ROWS / n
    inverse: Floats = np.linalg.inv(products).astype(float)
    by_level = inverse @ (rows.sums(loss - loss.mean()) / n)
    return Usual(_centred(rows, by_level, np.ones(n)), inverse)


def _centred(rows: OneHot, by_level: Floats, counts: Floats) -> Floats:
    shares = rows.sums(counts) / counts.sum()
    centred = by_level.copy()
    for j in range(len(rows.sizes)):
        at = rows.of(j)
        centred[at] -= float(shares[at] @ by_level[at])
    return centred


def path(
    rows: OneHot, loss: Floats, factors: Floats, counts: Floats, nodes: int
) -> tuple[Floats, Floats]:
    """Return what the growth of each level's factor adds to the mean loss, and the full weights.

    With w_t ~ exp(t score), the slope of the weighted mean loss in t is the covariance of loss and
    score under w_t, a sum over levels; its integral over t from 0 to 1 is the whole change. Where
    the quadrature leaves a trace of it, that is spread in proportion.
    """
    score = rows.score(factors)
    score -= score.max()
    at, step = np.polynomial.legendre.leggauss(nodes)
    total = np.zeros(rows.length)
    for t, width in zip((at + 1) / 2, step / 2, strict=True):
        weights = counts * np.exp(t * score)
        weights /= weights.sum()
        mean = float(weights @ loss)
        total += width * rows.sums(weights * (loss - mean))
    total *= factors
    weights = counts * np.exp(score)
    before, after = counts / counts.sum(), weights / weights.sum()
    trace = float(after @ loss) - float(before @ loss) - float(total.sum())
    size = np.abs(total)
    if size.sum() > 0:
        total += trace * size / size.sum()
    return total, weights
