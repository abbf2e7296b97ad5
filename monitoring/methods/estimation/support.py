"""Support: do the rows of a chunk look like any that the reference holds?

An estimate carries what was learned on the reference to rows without labels. It may do so for rows
that are more or less frequent now, not for rows that the reference never had. A row is outside the
support where a feature leaves the reference's range, has a category or a null that the reference never
had, or where the row as a whole is farther from its neighbours in the reference than 99 of 100
reference rows are from theirs. Neighbours of the same day do not count: they share their weather, and a new
day cannot have such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Index
from monitoring.counting.rows import Labels, Rows
from monitoring.methods.multivariate.encoding import Frequencies

#: Rows of the reference that neighbours are looked for among; more cost time and change no verdict.
MOST_NEIGHBOURS = 3_000
#: Rows of a chunk that are looked at: a share of them is known to two points.
MOST_ROWS = 500
#: The distance of a row is that to this nearest row: nearer ones may be repetitions of it.
NEIGHBOUR = 10
#: This share of the reference lies nearer to its neighbours than the border.
INSIDE = 0.99
#: A feature may leave the reference's range by this share of its standard deviation.
MARGIN = 0.5
#: A chunk with a greater share of its rows outside is refused, unless days of the reference, each held
#: to the others, reach more.
MOST_OUTSIDE = 0.10
#: Of the reference's own days this share may be above the limit; with fewer days it has no say.
USUAL, LEAST_DAYS = 0.95, 10
#: However much the reference's days differ, more than this is not the same support.
HIGHEST_LIMIT = 0.50
_BLOCK, _ROUNDING = 500, 1e-3


@dataclass(frozen=True, eq=False)
class Support:
    """Where the reference has rows.

    names: features in the order of the matrix. low, high: of each, with margin; null_free: features
    without nulls. points: rows of the reference in standard deviations, shape (r, features).
    border: greatest usual distance. limit: share of rows outside from which a chunk is refused.
    """

    frequencies: Frequencies
    low: Floats
    high: Floats
    null_free: tuple[str, ...]
    mean: Floats
    scale: Floats
    points: Floats
    border: float
    limit: float

    @classmethod
    def learn(cls, reference: Rows, days: Index | None = None) -> Support:
        """Learn the support from rows of the reference.

        Args:
            reference: At least `NEIGHBOUR` rows, of the features that the model reads.
            days: Number of the day of each row, shape (n,); None if rows do not come by day. One day
                has no other to be held to: its rows are held to each other.
        """
        if days is not None and len(np.unique(days)) == 1:
            days = None
        frequencies = Frequencies.learn(reference)
        matrix = frequencies.matrix(reference)
        mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
        reach = MARGIN * scale
        chosen = np.arange(min(len(matrix), MOST_NEIGHBOURS)) * len(matrix) // MOST_NEIGHBOURS
        if len(matrix) <= MOST_NEIGHBOURS:
            chosen = np.arange(len(matrix))
        scale = np.where(scale > 0, scale, 1.0)
        points = ((matrix - mean) / scale)[chosen]
        own = np.arange(len(points)) if days is None else days[chosen]
        distance = _distances(points, points, own, own)
        usual = float(np.quantile(distance[np.isfinite(distance)], INSIDE))
        border = max(usual, _ROUNDING)  # repeated rows are 0 apart but for rounding
        limit = MOST_OUTSIDE if days is None else _usual(distance > border, own)
        null_free = tuple(name for name in reference.names if not _nulls(reference, name).any())
        ends = matrix.min(axis=0) - reach, matrix.max(axis=0) + reach
        return cls(frequencies, *ends, null_free, mean, scale, points, border, limit)

    def outside(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which rows lie outside, shape (n,)."""
        matrix = self.frequencies.matrix(rows)
        outside: NDArray[np.bool_] = np.any((matrix < self.low) | (matrix > self.high), axis=1)
        for name in self.frequencies.shares:
            column = rows.labels(name)
            new = [label not in self.frequencies.shares[name] for label in column.labels]
            outside |= np.array([*new, False], dtype=bool)[column.codes]  # a null is judged below
        for name in self.null_free:
            outside |= _nulls(rows, name)
        far = np.flatnonzero(~outside)
        inside = (matrix[far] - self.mean) / self.scale
        outside[far] = _distances(inside, self.points) > self.border
        return outside

    def leaving(self, rows: Rows) -> list[tuple[str, float]]:
        """Return the features that leave the reference's range and the share of rows, most first."""
        matrix = self.frequencies.matrix(rows)
        shares = {
            name: float(((matrix[:, at] < self.low[at]) | (matrix[:, at] > self.high[at])).mean())
            for at, name in enumerate(self.frequencies.names)
        }
        for name, known in self.frequencies.shares.items():
            column = rows.labels(name)
            new = [label not in known for label in column.labels]
            shares[name] = float(np.array([*new, False], dtype=bool)[column.codes].mean())
        for name in self.null_free:
            shares[name] = shares.get(name, 0.0) + float(_nulls(rows, name).mean())
        return sorted(((n, s) for n, s in shares.items() if s > 0), key=lambda pair: -pair[1])


def _nulls(rows: Rows, name: str) -> NDArray[np.bool_]:
    column = rows.columns[name]
    return column.codes < 0 if isinstance(column, Labels) else np.isnan(column)


def _usual(outside: NDArray[np.bool_], days: Index) -> float:
    """Return the limit: what the days of the reference, held to the others, hardly exceed."""
    _, place, sizes = np.unique(days, return_inverse=True, return_counts=True)
    if len(sizes) < LEAST_DAYS:
        return MOST_OUTSIDE
    shares = np.bincount(place, weights=outside) / sizes
    return float(np.clip(np.quantile(shares, USUAL), MOST_OUTSIDE, HIGHEST_LIMIT))


def _distances(
    rows: Floats, points: Floats, own: Index | None = None, groups: Index | None = None
) -> Floats:
    """Return the distance of each row to its tenth nearest point of another group, shape (n,)."""
    neighbour = min(NEIGHBOUR, len(points)) - 1
    squares = np.square(points).sum(axis=1)
    found = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        apart = squares - 2 * block @ points.T + np.square(block).sum(axis=1)[:, None]
        if own is not None and groups is not None:
            apart[own[start : start + _BLOCK, None] == groups[None, :]] = np.inf
        nearest = np.partition(apart, neighbour, axis=1)[:, neighbour]
        found[start : start + _BLOCK] = np.sqrt(np.maximum(nearest, 0.0))
    return found
