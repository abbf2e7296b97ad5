"""Reference and production of one feature, laid on the same cells: what every drift metric reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitoring.errors import NotEnoughData, SchemaMismatch
from monitoring.profile import (
    QUANTILE_BINS,
    CategoricalBins,
    Counts,
    Floats,
    Intervals,
    Kind,
    NumericalBins,
    Profile,
    intervals,
)

OTHER = "other"
NEW = "new"


@dataclass(frozen=True)
class Comparison:
    """Two profiles on the bins of one reference.

    Raises:
        SchemaMismatch: The profiles have different bins.
        NotEnoughData: A profile has no row that takes part.
    """

    reference: Profile
    production: Profile

    def __post_init__(self) -> None:
        feature = self.reference.feature
        if self.reference.bins != self.production.bins:
            raise SchemaMismatch(
                f"Cannot compare {feature!r}: reference and production are cut into different bins",
                hint="Profile production with the bins of the baseline.",
            )
        for role, profile in (("reference", self.reference), ("production", self.production)):
            if not profile.n:
                raise NotEnoughData(
                    f"Cannot compare {feature!r}: {role} has no value in {profile.rows} rows",
                    hint="Look at its null rate on the data-quality side, or choose another window.",
                )

    @property
    def kind(self) -> Kind:
        """Numerical or categorical."""
        return self.reference.kind

    @property
    def weight(self) -> float:
        """1/n + 1/m: the variance of a difference of two shares, in units of one row's."""
        return 1 / self.reference.n + 1 / self.production.n

    @cached_property
    def cells(self) -> Intervals:
        """The numerical cells as intervals; a lattice is trusted only if both sides keep to it."""
        bins = self.reference.bins
        if not isinstance(bins, NumericalBins):
            raise SchemaMismatch(
                f"Cannot order the categories of {self.reference.feature!r}",
                hint="Choose a metric for categorical features.",
            )
        exact = self.reference.on_lattice and self.production.on_lattice
        cells = intervals(bins, on_lattice=exact)
        low = min(self.reference.minimum, self.production.minimum)
        high = max(self.reference.maximum, self.production.maximum)
        left, right = np.clip(cells.left, low, high), np.clip(cells.right, low, high)
        return Intervals(left, right, cells.single)

    @cached_property
    def shares(self) -> tuple[Floats, Floats]:
        """Share of rows per cell, (reference, production), each of shape (cells,)."""
        p, q = self.reference, self.production
        return p.counts / p.counts.sum(), q.counts / q.counts.sum()

    @cached_property
    def gap(self) -> Floats:
        """F - G at the right end of each cell, shape (cells,); F is the reference's distribution."""
        p, q = self.shares
        return np.cumsum(p - q)

    @cached_property
    def gap_bound(self) -> Floats:
        """Greatest |F - G| that each cell can hide inside, shape (cells,).

        Inside a cell F rises by at most its share p and G by at most q, so the gap lies between
        its value at the left end minus q and plus p. A cell that holds one value hides nothing.
        """
        p, q = self.shares
        before = self.gap - (p - q)
        hidden = np.maximum(np.abs(before - q), np.abs(before + p))
        return np.where(self.cells.single, np.abs(self.gap), hidden)

    @property
    def ends(self) -> int:
        """How many of the histogram's bins lie beyond the reference's least and greatest value."""
        labels = self.histogram[2] if self.kind == "numerical" else ()
        return sum(label.startswith(("below ", "above ")) for label in labels)

    @cached_property
    def histogram(self) -> tuple[Counts, Counts, tuple[str, ...]]:
        """Rows per bin of the histogram metrics: (reference, production, labels).

        Numerical: the reference's deciles, snapped to cells, and one open bin at each end.
        Categorical: the most frequent categories of the reference, its others, and new ones.
        """
        if isinstance(self.reference.bins, CategoricalBins):
            return self._categories(self.reference.bins)
        bins = self.reference.bins
        group = quantile_groups(self.reference)
        size = QUANTILE_BINS + 2
        counts = [
            np.bincount(group, weights=profile.counts, minlength=size).astype(np.int64)
            for profile in (self.reference, self.production)
        ]
        kept = np.bincount(group, minlength=size) > 0
        kept[[0, -1]] = counts[1][[0, -1]] > 0  # an end that nothing overflows is no bin
        edges = self._group_edges(group, size, bins)
        labels = tuple(edges[i] for i in np.flatnonzero(kept))
        return counts[0][kept], counts[1][kept], labels

    def _categories(self, bins: CategoricalBins) -> tuple[Counts, Counts, tuple[str, ...]]:
        labels = [*bins.categories, OTHER, NEW]
        rows = []
        for profile in (self.reference, self.production):
            counts = profile.counts_by_label()
            top = [counts.get(label, 0) for label in bins.categories]
            new = sum(count for label, count in counts.items() if label not in bins.known)
            rows.append([*top, int(profile.counts.sum()) - sum(top) - new, new])
        reference, production = np.array(rows, dtype=np.int64)
        kept = (reference + production) > 0
        return (
            reference[kept],
            production[kept],
            tuple(label for label, keep in zip(labels, kept, strict=True) if keep),
        )

    def _group_edges(self, group: Counts, size: int, bins: NumericalBins) -> list[str]:
        texts = [""] * size
        texts[0], texts[-1] = f"below {bins.low:.4g}", f"above {bins.high:.4g}"
        for g in range(1, size - 1):
            cells = np.flatnonzero(group == g)
            if len(cells):
                left, right = self.cells.left[cells[0]], self.cells.right[cells[-1]]
                texts[g] = f"{left:.4g}" if left == right else f"{left:.4g} to {right:.4g}"
        return texts

    def new_categories(self) -> dict[str, int]:
        """Rows in production of categories that the reference never had, most frequent first."""
        bins = self.reference.bins
        if not isinstance(bins, CategoricalBins):
            return {}
        counts = self.production.counts_by_label()
        new = {label: n for label, n in counts.items() if n and label not in bins.known}
        return dict(sorted(new.items(), key=lambda item: -item[1]))

    def vanished_categories(self) -> dict[str, int]:
        """Rows in the reference of categories that production no longer has."""
        if self.kind == "numerical":
            return {}
        here = {label for label, n in self.production.counts_by_label().items() if n}
        counts = self.reference.counts_by_label()
        gone = {label: n for label, n in counts.items() if n and label not in here}
        return dict(sorted(gone.items(), key=lambda item: -item[1]))


def quantile_groups(reference: Profile) -> Counts:
    """Return which histogram bin each cell belongs to, shape (cells,).

    0 is below the reference's least value, 1 to 10 its deciles by the middle of a cell's mass, 11
    above its greatest value. Frequent values can leave deciles empty.
    """
    bins = reference.bins
    if not isinstance(bins, NumericalBins):
        raise SchemaMismatch(f"{reference.feature!r} is categorical", hint="It has no quantiles.")
    share = reference.counts / max(reference.counts.sum(), 1)
    middle = np.cumsum(share) - share / 2
    decile: Counts = np.minimum((middle * QUANTILE_BINS).astype(np.int64), QUANTILE_BINS - 1) + 1
    cells = intervals(bins)
    decile[cells.left < bins.low] = 0  # no cell straddles the reference's ends: they are cuts
    decile[cells.left > bins.high] = QUANTILE_BINS + 1
    return decile
