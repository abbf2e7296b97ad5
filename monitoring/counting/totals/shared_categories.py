"""The categories of two samples on cells that neither of them was chosen for.

Cells of the categories that are frequent in one sample favour it: by chance alone the other has fewer
rows in them, and more that are new. So cells are chosen by the rows of both together: given those,
which of the rows are whose is chance, if nothing has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts
from monitoring.counting.profile import TOP_CATEGORIES
from monitoring.statistics.chance import LEAST_EXPECTED

Categories = tuple[Sequence[str], Counts]


@dataclass(frozen=True, slots=True, eq=False)
class SharedCells:
    """Rows per cell of each sample, shape (cells,); the last cell holds the categories without a name."""

    names: tuple[str, ...]
    first: Counts
    second: Counts


def shared_cells(first: Categories, second: Categories) -> SharedCells:
    """Give a cell to each category that is frequent in both samples together.

    At most `TOP_CATEGORIES` of them, each of which expects at least `LEAST_EXPECTED` rows in the smaller
    sample; the other categories share the last cell.

    >>> one, two = (["a", "b"], np.array([20, 1])), (["a", "c"], np.array([19, 2]))
    >>> found = shared_cells(one, two)
    >>> found.names, found.first.tolist(), found.second.tolist()
    (('a',), [20, 1], [19, 2])
    """
    labels = list(dict.fromkeys([*first[0], *second[0]]))
    place = {label: at for at, label in enumerate(labels)}
    rows = np.zeros((2, len(labels)), np.int64)
    for side, (names, counts) in enumerate((first, second)):
        rows[side, [place[name] for name in names]] = counts
    pooled, totals = rows.sum(axis=0), rows.sum(axis=1)
    least = LEAST_EXPECTED * totals.sum() / max(totals.min(), 1)
    frequent = np.flatnonzero(pooled >= least).tolist()
    kept = sorted(frequent, key=lambda at: (-pooled[at], labels[at]))[:TOP_CATEGORIES]
    cells = np.zeros((2, len(kept) + 1), np.int64)
    cells[:, :-1] = rows[:, kept]
    cells[:, -1] = totals - cells[:, :-1].sum(axis=1)
    return SharedCells(tuple(labels[at] for at in kept), cells[0], cells[1])
