"""Reference and production of several features, laid on the same cells: what every drift metric reads.

The leading axis of every array is the feature, so that a metric is written as for one feature, over
the last axis, and computed for all at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from monitoring.arrays import Counts, Flags, Floats, Kind
from monitoring.counting.profile import Profile
from monitoring.counting.totals.cells import Cells
from monitoring.counting.totals.shared_categories import shared_cells
from monitoring.counting.totals.stack import NEW_AT, OTHER_AT, Layout, Stack


@dataclass(frozen=True, eq=False)
class Histogram:
    """Rows per bin of the histogram metrics, arrays of shape (features, bins).

    kept: which of the columns are bins of the feature; the others hold no rows. names: categories of
    the first columns, by the place of a feature whose bins are not those of its reference.
    """

    reference: Counts
    production: Counts
    kept: Flags
    names: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def bins(self) -> Counts:
        """How many bins each feature has, shape (features,)."""
        bins: Counts = self.kept.sum(axis=-1)
        return bins

    @cached_property
    def shares(self) -> tuple[Floats, Floats]:
        """Share of rows per bin: (reference, production)."""
        return shares(self.reference), shares(self.production)


def shares(counts: Counts) -> Floats:
    """Return counts as shares of their sum over the last axis.

    >>> shares(np.array([[1, 3], [2, 2]])).tolist()
    [[0.25, 0.75], [0.5, 0.5]]
    """
    found: Floats = counts / counts.sum(axis=-1, keepdims=True)
    return found


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Two stacks on one layout; every feature has a row that takes part on both sides."""

    reference: Stack
    production: Stack

    @classmethod
    def of(cls, reference: Profile, production: Profile) -> Comparisons:
        """Compare one feature."""
        layout = Layout.of([reference])
        sides = ({profile.feature: profile} for profile in (reference, production))
        return cls(*(layout.stack(side) for side in sides))

    @property
    def kind(self) -> Kind:
        """Numerical or categorical."""
        return self.reference.layout.kind

    @cached_property
    def weight(self) -> Floats:
        """1/n + 1/m, shape (features,): the variance of a difference of two shares, in units of one row's."""
        weight: Floats = 1 / self.reference.n + 1 / self.production.n
        return weight

    @cached_property
    def exact(self) -> Flags:
        """Which features keep to their lattice on both sides, shape (features,)."""
        return self.reference.margins.on_lattice & self.production.margins.on_lattice

    @cached_property
    def cells(self) -> Cells:
        """The widths of the cells, cut to the values seen."""
        one, other = self.reference.margins, self.production.margins
        if (other.minimum >= one.minimum).all() and (other.maximum <= one.maximum).all():
            return self.reference.cells(self.exact)
        low = np.minimum(one.minimum, other.minimum)[:, None]
        high = np.maximum(one.maximum, other.maximum)[:, None]
        return Cells.cut(self.reference.layout.cells(self.exact), low, high)

    @property
    def single(self) -> Counts:
        """Places of the cells that hold one value only, among all cells of all features."""
        return self.reference.layout.single(self.exact)

    @cached_property
    def gap(self) -> Floats:
        """F - G at each cut, shape (features, cuts); F is the reference's distribution function."""
        gap: Floats = self.reference.below - self.production.below
        return gap

    @cached_property
    def distance(self) -> Floats:
        """|F - G| at each cut, shape (features, cuts)."""
        return np.abs(self.gap)

    @cached_property
    def histogram(self) -> Histogram:
        """Rows per bin of the histogram metrics.

        Numerical: the reference's deciles, snapped to cells, and one open bin at each end.
        Categorical: every category; where there are too many, or new ones, the most frequent of both
        sides and the others.
        """
        ends = self.reference.bin_ends
        reference, production = self.reference.binned, self.production.binned_at(ends)
        if self.kind == "categorical":
            return self._by_category(reference, production)
        kept = self.reference.has_cells.copy()
        kept[:, [0, -1]] = production[:, [0, -1]] > 0  # an end that nothing overflows is no bin
        return Histogram(reference, production, kept)

    def _by_category(self, reference: Counts, production: Counts) -> Histogram:
        """Return rows per category, on shared cells where the reference's do not name all rows."""
        reference, production, names = reference.copy(), production.copy(), {}
        unnamed = (reference + production)[:, [OTHER_AT, NEW_AT]].any(axis=1)
        for at in np.flatnonzero(unnamed).tolist():
            cells = shared_cells(self.reference.categories[at](), self.production.categories[at]())
            names[at] = cells.names
            for rows, counts in ((reference, cells.first), (production, cells.second)):
                rows[at] = 0
                rows[at, : len(cells.names)] = counts[:-1]
                rows[at, OTHER_AT] = counts[-1]
        return Histogram(reference, production, reference + production > 0, names)

    @cached_property
    def ends(self) -> Counts:
        """How many bins lie beyond the reference's least and greatest value, shape (features,)."""
        if self.kind == "categorical":
            return np.zeros(len(self.reference.layout.features), np.int64)
        ends: Counts = self.histogram.kept[:, [0, -1]].sum(axis=1)
        return ends
