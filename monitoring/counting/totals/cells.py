"""Widths of the cells of several features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.profile import Intervals


@dataclass(frozen=True, eq=False)
class Cells:
    """Arrays of shape (features, cells), or (features, cells - 1) for what lies between two.

    width: from the left end of a cell to its right. steps: from its right end to that of the next.
    lever: half the widths of two cells and what lies between them, which is how far the gap at the cut
    between them reaches.
    """

    width: Floats
    steps: Floats
    lever: Floats

    @classmethod
    def cut(cls, cells: Intervals, low: Floats, high: Floats) -> Cells:
        """Cut intervals to the least and the greatest value, each of shape (features, 1).

        >>> whole = Intervals(*np.array([[[-np.inf, 1, 2]], [[1, 2, np.inf]], [[0, 0, 0]]]))
        >>> found = Cells.cut(whole, np.array([[0.5]]), np.array([[4.0]]))
        >>> found.width.tolist(), found.steps.tolist(), found.lever.tolist()
        ([[0.5, 1.0, 2.0]], [[1.0, 2.0]], [[0.75, 1.5]])
        """
        left, right = clipped(cells, low, high)
        width = right - left
        lever = width[:, :-1] + width[:, 1:]
        lever /= 2  # in place here and below: a new array costs more than what is computed in it
        between = left[:, 1:] - right[:, :-1]
        lever += np.maximum(between, 0.0, out=between)
        return cls(width, right[:, 1:] - right[:, :-1], lever)


def clipped(cells: Intervals, low: Floats | float, high: Floats | float) -> tuple[Floats, Floats]:
    """Return left and right ends, none below the least value or above the greatest."""
    return np.clip(cells.left, low, high), np.clip(cells.right, low, high)
