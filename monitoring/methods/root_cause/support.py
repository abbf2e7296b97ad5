"""Which rows of the window the reference has no counterpart for: nothing can be said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Index
from monitoring.methods.root_cause.tilting import OneHot

#: The window may hold a level this many times as often as the reference; beyond, too few rows of
#: the reference would stand for too many of the window.
MOST_RATIO = 20.0
#: The same for levels, and for pairs of levels, that the reference never showed: pairs are so many
#: that chance alone leaves some empty.
UNSEEN_RATIO, UNSEEN_PAIR_RATIO = 2.0, 5.0
#: Groups of levels, each a third of the reference, by which pairs are asked.
GROUPS = 3
#: Rule of three: a level that n rows never showed has a share below 3 / n (95 %).
RULE_OF_THREE = 3.0


@dataclass(frozen=True, eq=False)
class Support:
    """Rows of the window without a counterpart.

    outside: which, shape (n,). blame: for each such row, the features whose levels put it there, in
    parts that sum to 1; 0 for the other rows; shape (n, d).
    """

    outside: NDArray[np.bool_]
    blame: Floats

    @property
    def share(self) -> float:
        """Share of the window's rows that are outside."""
        return float(self.outside.mean()) if len(self.outside) else 0.0


def support(reference: OneHot, window: OneHot) -> Support:
    """Find rows in levels, or pairs of levels, that the reference has (next to) none of.

    Single features are asked first; only rows that no feature alone puts outside are asked for pairs.

    >>> one = OneHot(np.array([[0, 0]] * 50 + [[1, 1]] * 50), (2, 2))
    >>> two = OneHot(np.array([[0, 0]] * 50 + [[0, 1]] * 50), (2, 2))
    >>> found = support(one, two)
    >>> found.share, found.blame[-1].tolist()
    (0.5, [0.5, 0.5])
    """
    n, d = window.codes.shape
    blame = np.zeros((n, d))
    one, two = reference.sums(), window.sums()
    for j in range(d):
        levels = reference.of(j)
        blame[:, j] = _bare(one[levels], two[levels], n, UNSEEN_RATIO)[window.codes[:, j]]
    inside = ~blame.any(axis=1)
    rest = OneHot(window.codes[inside], window.sizes)
    if len(rest.codes):
        blame[inside] = _pairs(reference, rest, n)
    total = blame.sum(axis=1, keepdims=True)
    shared = np.divide(blame, total, out=np.zeros_like(blame), where=total > 0)
    return Support(total[:, 0] > 0, shared)


def _bare(reference: Floats, window: Floats, rows: int, unseen: float) -> NDArray[np.bool_]:
    """Return which levels the reference does not cover; `rows` are all of the window's."""
    n = max(float(reference.sum()), 1.0)
    ratio = np.where(reference > 0, MOST_RATIO, unseen)
    bare: NDArray[np.bool_] = window / max(rows, 1) > ratio * (reference + RULE_OF_THREE) / n
    return bare


def _pairs(reference: OneHot, window: OneHot, rows: int) -> Floats:
    """Return the blame for pairs, asked of levels merged into few: else chance leaves pairs empty."""
    groups = merged(reference)
    one, two = grouped(reference, groups), grouped(window, groups)
    blame = np.zeros(window.codes.shape)
    for i in range(len(one.sizes)):
        for j in range(i + 1, len(one.sizes)):
            bare = _bare(one.pair(i, j), two.pair(i, j), rows, UNSEEN_PAIR_RATIO)
            if bare.any():
                hit = bare[two.codes[:, i], two.codes[:, j]]
                blame[:, i] += hit
                blame[:, j] += hit
    return blame


def merged(reference: OneHot) -> list[Index]:
    """Return the group of each level of each feature: thirds of the reference's rows, null apart."""
    n, counts = max(len(reference.codes), 1), reference.sums()
    groups = []
    for j in range(len(reference.sizes)):
        share = counts[reference.of(j)] / n
        middle = np.cumsum(share) - share / 2
        group = np.minimum((middle * GROUPS).astype(np.int64), GROUPS - 1)
        group[-1] = GROUPS
        groups.append(group)
    return groups


def grouped(rows: OneHot, groups: list[Index]) -> OneHot:
    """Return rows by the groups of their levels."""
    codes = np.empty_like(rows.codes, order="F")
    for j, group in enumerate(groups):
        codes[:, j] = group[rows.codes[:, j]]
    return OneHot(codes, tuple(GROUPS + 1 for _ in groups))
