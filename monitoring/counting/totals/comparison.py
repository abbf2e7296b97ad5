"""Reference and production of one feature, laid on the same cells: what its charts and tables show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from monitoring.arrays import Counts, Floats, Kind
from monitoring.counting.profile import (
    QUANTILE_BINS,
    CategoricalBins,
    Intervals,
    NumericalBins,
    Profile,
    intervals,
)
from monitoring.counting.totals.cells import clipped
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.counting.totals.stack import OTHER_AT
from monitoring.errors import NotEnoughData, SchemaMismatch

OTHER = "other"


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

    @cached_property
    def arrays(self) -> Comparisons:
        """The same as arrays with one row, which is what metrics read."""
        return Comparisons.of(self.reference, self.production)

    @property
    def kind(self) -> Kind:
        """Numerical or categorical."""
        return self.reference.kind

    @cached_property
    def cells(self) -> Intervals:
        """The numerical cells as intervals; a lattice is trusted only if both sides keep to it."""
        bins = self.reference.bins
        if isinstance(bins, CategoricalBins):
            raise SchemaMismatch(
                f"Cannot order the categories of {self.reference.feature!r}",
                hint="Choose a metric for categorical features.",
            )
        one, other = self.reference, self.production
        cells = intervals(bins, on_lattice=one.on_lattice and other.on_lattice)
        low, high = min(one.minimum, other.minimum), max(one.maximum, other.maximum)
        return Intervals(*clipped(cells, low, high), cells.single)

    @cached_property
    def shares(self) -> tuple[Floats, Floats]:
        """Share of rows per cell, (reference, production), each of shape (cells,)."""
        p, q = self.reference, self.production
        return p.counts / p.counts.sum(), q.counts / q.counts.sum()

    @cached_property
    def histogram(self) -> tuple[Counts, Counts, tuple[str, ...]]:
        """Rows per bin of the histogram metrics: (reference, production, labels)."""
        found = self.arrays.histogram
        kept, bins = found.kept[0], self.reference.bins
        if isinstance(bins, CategoricalBins):
            names = found.names.get(0, bins.categories)
            texts = [*names, *[""] * (OTHER_AT - len(names)), OTHER, ""]
        else:
            texts = self._bin_texts(bins)
        labels = tuple(text for text, keep in zip(texts, kept, strict=True) if keep)
        return found.reference[0][kept], found.production[0][kept], labels

    def _bin_texts(self, bins: NumericalBins) -> list[str]:
        ends = self.arrays.reference.bin_ends[0]
        texts = [f"below {bins.low:.4g}"]
        for start, end in pairwise(ends[: QUANTILE_BINS + 1]):
            left, right = self.cells.left[min(start, end - 1)], self.cells.right[end - 1]
            texts.append(f"{left:.4g}" if left == right else f"{left:.4g} to {right:.4g}")
        return [*texts, f"above {bins.high:.4g}"]

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
