"""Where the relation between features and loss moved: the change of the loss among like rows.

The reference is weighted to the window's features, so that what is left of the difference in a level
is not who came but how the same rows fared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitoring.arrays import Floats
from monitoring.methods.root_cause.tilting import OneHot
from monitoring.statistics.chance import benjamini_hochberg
from monitoring.verdict import LEAST_ROWS

#: A feature is taken for a place of the change only if its levels differ this surely, among all.
LEVEL = 0.01
#: Most features that the change is laid on, and rounds of fitting them jointly.
MOST_FEATURES, ROUNDS = 5, 8
#: A level with fewer rows than this on either side says nothing of its own.


@dataclass(frozen=True, eq=False)
class Side:
    """Rows of one side: levels, loss and weight, each weight 0 or more."""

    rows: OneHot
    loss: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Weighted mean of the loss."""
        return float((self.weights * self.loss).sum() / self.weights.sum())


@dataclass(frozen=True, eq=False)
class Contrast:
    """Difference of the mean loss in each level of a feature, window less weighted reference.

    difference: shape (size,). variance: of it; infinite in a level that says nothing. share: of the
    window's rows.
    """

    difference: Floats
    variance: Floats
    share: Floats

    @property
    def precision(self) -> Floats:
        """One over the variance."""
        return 1 / self.variance

    def heterogeneity(self) -> tuple[float, int]:
        """Return Cochran's Q, how unlike the levels' differences are, and its degrees of freedom."""
        precision = self.precision
        degrees = int((precision > 0).sum()) - 1
        if degrees < 1:
            return 0.0, 0
        centre = float((precision * self.difference).sum() / precision.sum())
        return float((precision * np.square(self.difference - centre)).sum()), degrees

    def deviations(self) -> Floats:
        """Return each level's difference less the mean over the window's rows, 0 where it says nothing."""
        says = self.precision > 0
        share = np.where(says, self.share, 0.0)
        centre = float((share * self.difference).sum() / max(share.sum(), 1e-300))
        return np.where(says, self.difference - centre, 0.0)

    def shrunk(self) -> Floats:
        """Return the deviations drawn to 0 by as much as is noise, so that the least is not its luck.

        Source:
            DerSimonian and Laird (1986), doi:10.1016/0197-2456(86)90046-2.
        """
        q, degrees = self.heterogeneity()
        precision = self.precision
        scale = precision.sum() - np.square(precision).sum() / max(precision.sum(), 1e-300)
        between = max((q - degrees) / scale, 0.0) if scale > 0 else 0.0
        noise = np.where(precision > 0, self.variance, 0.0)
        return self.deviations() * between / np.where(between + noise > 0, between + noise, 1.0)


def contrast(reference: Side, window: Side, feature: int) -> Contrast:
    """Return how the loss differs in each level of a feature.

    Args:
        reference: Weighted to the window's features.
        window: Those inside the reference's support.
    """
    one, two = _moments(reference, feature), _moments(window, feature)
    says = (np.minimum(one[2], two[2]) >= LEAST_ROWS) & (one[1] + two[1] > 0)
    variance = np.where(says, one[1] + two[1], np.inf)
    difference = np.where(says, two[0] - one[0], 0.0)
    return Contrast(difference, variance, two[3])


def _moments(side: Side, feature: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return mean, variance of the mean, effective rows and share of rows of each level."""
    loss = side.loss
    codes, size = side.rows.codes[:, feature], side.rows.sizes[feature]
    total = np.bincount(codes, side.weights, minlength=size)
    squares = np.bincount(codes, np.square(side.weights), minlength=size)
    some = np.where(total > 0, total, 1.0)
    mean = np.bincount(codes, side.weights * loss, minlength=size) / some
    spread = np.square(side.weights * (loss - mean[codes]))
    variance = np.bincount(codes, spread, minlength=size) / np.square(some)
    rows = np.divide(np.square(total), squares, out=np.zeros(size), where=squares > 0)
    # The plain variance of n rows is too small by (n - 1) / n.
    variance *= np.divide(rows, rows - 1, out=np.ones(size), where=rows > 1)
    return mean, variance, rows, total / max(float(total.sum()), 1e-300)


def places(reference: Side, window: Side) -> tuple[int, ...]:
    """Return the features along which the change differs, the clearest first.

    One is added at a time, and what it accounts for is taken out before the next is asked for, so
    that a companion of the place of a change is no place of its own.
    """
    chosen: tuple[int, ...] = ()
    left = window
    while len(chosen) < MOST_FEATURES:
        others = [j for j in range(len(window.rows.sizes)) if j not in chosen]
        best = _clearest(reference, left, others)
        if best is None:
            break
        chosen = (*chosen, best)
        effects = np.zeros(window.rows.length)
        for feature, found in fitted(reference, window, chosen).items():
            effects[window.rows.of(feature)] = found.deviations()
        left = replace(window, loss=window.loss - window.rows.score(effects))
    return chosen


def _clearest(reference: Side, window: Side, features: Sequence[int]) -> int | None:
    """Return the feature along which the change differs most clearly; None if along none."""
    from scipy.special import chdtrc  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    tests = [contrast(reference, window, j).heterogeneity() for j in features]
    pvalues = [float(chdtrc(degrees, q)) if degrees else 1.0 for q, degrees in tests]
    if not pvalues or min(benjamini_hochberg(pvalues)) > LEVEL:
        return None
    # Among p-values that are all 0 the statistic per degree of freedom decides.
    return min(zip(pvalues, (-q / max(k, 1) for q, k in tests), features, strict=True))[2]


def fitted(reference: Side, window: Side, chosen: tuple[int, ...]) -> dict[int, Contrast]:
    """Return the contrast of each chosen feature less what the others account for, jointly fitted.

    In a level of one feature the others account for their own deviations times the share of the
    window's rows that are in their levels too, so that rows need not be read again (backfitting).
    """
    alone = {j: contrast(reference, window, j) for j in chosen}
    shared = {}
    for i in chosen:
        for j in chosen:
            if i != j:
                pair = window.rows.pair(i, j, window.weights)
                shared[i, j] = pair / np.maximum(pair.sum(axis=1, keepdims=True), 1e-300)
    found = dict(alone)
    for _ in range(ROUNDS if len(chosen) > 1 else 0):
        for i in chosen:
            others = [shared[i, j] @ found[j].deviations() for j in chosen if j != i]
            left = np.where(alone[i].precision > 0, alone[i].difference - np.sum(others, axis=0), 0)
            found[i] = replace(alone[i], difference=left)
    return found


def by_place(
    reference: Side, window: Side, chosen: tuple[int, ...]
) -> tuple[dict[int, float], float]:
    """Lay the change among like rows on the chosen features.

    A feature's part is how much worse the mean row fares than rows in that level of the feature where
    the relation changed least. What no level escapes is the rest: the same for all rows.

    Returns:
        Part by feature, and the rest; they sum to the change.
    """
    rest = window.mean - reference.mean
    parts: dict[int, float] = {}
    for feature, found in fitted(reference, window, chosen).items():
        levels = found.shrunk()
        step = float(np.clip(-rest, levels.min(), levels.max()))
        parts[feature] = -step
        rest += step
    return parts, rest
