"""Running counts by group and score cell."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from monitoring.arrays import Counts, Floats, Index
from monitoring.counting.totals.outcomes import CELLS, ScoreCells

Sparse = tuple[Index, Counts, Floats]

#: Keys of one group: score cell, predicted or not, state of the label.
STRIDE = CELLS * 6
#: Rows wait to be counted together until there are at least so many.
LEAST_WAITING = 524_288
MOST_WAITING = 1_048_576
#: Fewer rows than one in so many possible keys are sorted, not given a place each.
MOST_SPARSE = 8


class Cells:
    """Running counts by group and key of `ScoreCells`.

    Rows wait in a buffer until they are worth an array with a place for each possible key; few rows
    at the end are sorted instead.
    """

    def __init__(self, groups: int) -> None:
        self._size = groups * STRIDE
        room = min(max(self._size, LEAST_WAITING), MOST_WAITING)
        self._keys, self._scores = np.empty(room, np.int64), np.empty(room)
        self._waiting = 0
        self._counts: Counts = np.empty(0, np.int64)
        self._totals: Floats = np.empty(0)
        self._parts: list[Sparse] = []

    def add(self, keys: Index, scores: Floats) -> None:
        """Count rows; arrays of shape (n,), n at most BATCH_ROWS."""
        if self._waiting + len(keys) > len(self._keys):
            self._count()
        upto = self._waiting + len(keys)
        self._keys[self._waiting : upto], self._scores[self._waiting : upto] = keys, scores
        self._waiting = upto

    def _count(self) -> None:
        keys, scores = self._keys[: self._waiting], self._scores[: self._waiting]
        self._waiting = 0
        if len(keys) * MOST_SPARSE < self._size:
            self._parts.append(_unique(keys, np.ones(len(keys), np.int64), scores))
            return
        counts: Counts = np.bincount(keys).astype(np.int64, copy=False)
        totals: Floats = np.bincount(keys, scores).astype(np.float64, copy=False)
        # Both are as long as the largest key asks for: groups without rows are the last ones.
        if len(counts) < len(self._counts):
            counts, self._counts = self._counts, counts
            totals, self._totals = self._totals, totals
        counts[: len(self._counts)] += self._counts
        totals[: len(self._totals)] += self._totals
        self._counts, self._totals = counts, totals

    def by_group(self) -> dict[int, ScoreCells]:
        """Return the cells of each group that has any."""
        self._count()
        parts = self._parts
        if len(self._counts):
            known = np.flatnonzero(self._counts)
            parts = [*parts, (known, self._counts[known], self._totals[known])]
        if len(parts) == 1:
            return split(*parts[0])
        return split(*_unique(*(np.concatenate([part[i] for part in parts]) for i in range(3))))


def split(keys: Index, counts: Counts, totals: Floats) -> dict[int, ScoreCells]:
    """Return the cells of each group from keys that begin with the group, ascending."""
    last = int(keys[-1]) // STRIDE if len(keys) else -1
    bounds = np.searchsorted(keys, np.arange(last + 2) * STRIDE).tolist()
    return {
        group: ScoreCells(keys[a:b] - group * STRIDE, counts[a:b], totals[a:b])
        for group, (a, b) in enumerate(pairwise(bounds))
        if a < b
    }


def _unique(keys: Index, counts: Any, totals: Any) -> Sparse:
    known, place = np.unique(keys, return_inverse=True)
    return (
        known,
        np.bincount(place, weights=counts, minlength=len(known)).astype(np.int64),
        np.bincount(place, weights=totals, minlength=len(known)).astype(np.float64),
    )
