"""Training range: rows with a value that the training data never had, in any feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.counting.profile import NumericalBins, Profile, intervals
from monitoring.counting.rows import NULL, Rows


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and greatest value of a feature in training, and its standard deviation there."""

    low: float
    high: float
    spread: float


@dataclass(frozen=True, eq=False)
class TrainingRange:
    """What values the training data had, of all its rows.

    bounds: of numerical features. known: categories. chance: the share of rows of the same kind
    that would lie outside by chance alone.
    """

    bounds: Mapping[str, Bounds]
    known: Mapping[str, frozenset[str]]
    chance: float

    @classmethod
    def of(cls, profiles: Mapping[str, Profile]) -> TrainingRange:
        """Read it off the profiles of the training data, which count every row.

        A new row of the same kind lies beyond either end with probability 1 / (n + 1) in each
        numerical feature (hardly ever beyond an end that several rows share), and has an unseen
        category with about the share of categories that were seen once (Good and Turing); summed
        over features, an upper bound.

        Source:
            Good (1953), doi:10.1093/biomet/40.3-4.237; order statistics of n + 1 equal rows.
        """
        bounds, known, chance = {}, {}, 0.0
        for name, profile in profiles.items():
            if not profile.n:
                continue
            if profile.kind == "numerical":
                bounds[name] = Bounds(profile.minimum, profile.maximum, profile.std or 0.0)
                chance += _lone_ends(profile) / (profile.n + 1)
            else:
                known[name] = frozenset(profile.labels)
                chance += int((profile.counts == 1).sum()) / profile.n
        return cls(bounds, known, min(chance, 1.0))

    def outside(self, rows: Rows) -> dict[str, NDArray[np.bool_]]:
        """Return for each feature which rows lie outside; nulls lie nowhere. Shapes (rows,).

        >>> ranged = TrainingRange({"x": Bounds(0.0, 1.0, 0.3)}, {}, 0.0)
        >>> ranged.outside(Rows.of({"x": np.array([0.5, 1.5, np.nan])}))["x"].tolist()
        [False, True, False]
        """
        found = {}
        for name, each in self.bounds.items():
            if name in rows.columns:
                values = rows.numbers(name)
                found[name] = (values < each.low) | (values > each.high)
        for name, known in self.known.items():
            if name in rows.columns:
                column = rows.labels(name)
                is_new = np.array([label not in known for label in column.labels] + [False])
                found[name] = is_new[column.codes] & (column.codes != NULL)
        return found

    def distance(self, name: str, values: Floats) -> Floats:
        """Return how far values lie beyond the nearer end, shape (n,).

        In standard deviations of the training data; 0 inside and for null, infinite outside where
        the training data had one value only.
        """
        each = self.bounds[name]
        beyond = np.maximum(np.maximum(each.low - values, values - each.high), 0.0)
        beyond = np.where(np.isnan(values), 0.0, beyond)
        if each.spread > 0:
            return beyond / each.spread
        return np.where(beyond > 0, np.inf, 0.0)


def _lone_ends(profile: Profile) -> int:
    """Return how many of the two ends may be held by one row only."""
    assert isinstance(profile.bins, NumericalBins)  # noqa: S101 - the caller asked
    seen = np.flatnonzero(profile.counts)
    cells = intervals(profile.bins, on_lattice=profile.on_lattice)
    shared = cells.single & (profile.counts > 1)
    return sum(not shared[end] for end in (seen[0], seen[-1]))
