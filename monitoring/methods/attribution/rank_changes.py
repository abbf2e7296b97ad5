"""Rank changes: which features a model relies on more, or less, than before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats

#: How many features the overlap of the most important ones looks at.
TOP = 5


@dataclass(frozen=True, slots=True)
class RankChange:
    """One feature's rank by importance, 1 the most important; `change` is positive when it rose."""

    feature: str
    reference: int
    production: int

    @property
    def change(self) -> int:
        """How many places it rose."""
        return self.reference - self.production


def ranks(importances: Floats) -> NDArray[np.int64]:
    """Return ranks in the last axis, 1 the greatest; ties by position.

    >>> ranks(np.array([0.2, 0.5, 0.1])).tolist()
    [2, 1, 3]
    """
    order = np.argsort(-importances, axis=-1, kind="stable")
    places = np.empty(importances.shape, dtype=np.int64)
    counted = np.broadcast_to(np.arange(1, importances.shape[-1] + 1), importances.shape)
    np.put_along_axis(places, order, counted, axis=-1)
    return places


def rank_changes(
    features: tuple[str, ...], reference: Floats, production: Floats
) -> tuple[RankChange, ...]:
    """Return each feature's change of rank, in the reference's order of importance."""
    one, two = ranks(reference), ranks(production)
    changes = [RankChange(*each) for each in zip(features, one.tolist(), two.tolist(), strict=True)]
    return tuple(sorted(changes, key=lambda change: change.reference))


def spearman(reference: Floats, production: Floats) -> float | Floats:
    """Return Spearman's rank correlation of importances, 1 for the same order, -1 for the reverse.

    Ties share the mean rank; 0 where all are tied. Shapes (features,), or (draws, features).

    >>> spearman(np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    -1.0
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - slow to import

    centred = []
    for side in (reference, production):
        ranked = rankdata(side, axis=-1)
        centred.append(ranked - ranked.mean(axis=-1, keepdims=True))
    one, two = centred
    size = np.sqrt((one**2).sum(axis=-1) * (two**2).sum(axis=-1))
    found = np.where(size > 0, (one * two).sum(axis=-1) / np.where(size > 0, size, 1.0), 0.0)
    return float(found) if reference.ndim == 1 else found


def top_overlap(reference: Floats, production: Floats, top: int = TOP) -> float | Floats:
    """Return the share of the reference's `top` features that are among production's.

    >>> top_overlap(np.array([3.0, 2.0, 1.0, 0.0]), np.array([3.0, 0.0, 2.0, 1.0]), top=2)
    0.5
    """
    top = min(top, reference.shape[-1])
    both = (ranks(reference) <= top) & (ranks(production) <= top)
    found = both.sum(axis=-1) / top
    return float(found) if reference.ndim == 1 else found
