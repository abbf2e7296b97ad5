"""Profiles of several features as arrays, a row each, so that one formula serves them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import TypeAlias

import numpy as np

from monitoring.arrays import Counts, Flags, Floats, Kind
from monitoring.counting.profile import (
    LINEAR_CELLS,
    QUANTILE_BINS,
    TOP_CATEGORIES,
    Bins,
    CategoricalBins,
    Intervals,
    NumericalBins,
    Profile,
    intervals,
)
from monitoring.counting.totals.cells import Cells
from monitoring.counting.totals.margins import Margins

#: Gives the categories of a feature, and rows of each.
Categories: TypeAlias = Callable[[], tuple[Sequence[str], Counts]]

#: Bins of a categorical feature: the top categories, "other" and "new".
OTHER_AT = TOP_CATEGORIES
NEW_AT = TOP_CATEGORIES + 1
#: Features with more cells than this are stacked apart: rows are as long as the longest.
LONG = 2 * LINEAR_CELLS - 1
#: Arrays of a stack have so many numbers at most, so that several fit the processor's cache.
MOST_NUMBERS = 32768


@dataclass(frozen=True, eq=False)
class Layout:
    """Which features share a stack, and on which cells.

    features: their names, in the reference's order. bins: of each, all of one kind. cuts: how many
    numbers a row of `Stack.upto` has, one more than the longest feature has cells.
    """

    kind: Kind
    features: tuple[str, ...]
    bins: tuple[Bins, ...]
    cuts: int
    _cells: dict[tuple[bool, ...], tuple[Intervals, Counts]] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> Layout:
        """Return the layout of references of one kind."""
        numerical = profiles[0].kind == "numerical"
        cells = max(len(p.counts) for p in profiles) if numerical else NEW_AT + 1
        names = tuple(profile.feature for profile in profiles)
        bins = tuple(profile.bins for profile in profiles)
        return cls(profiles[0].kind, names, bins, cells + 1)

    def upto(self, at: int, profile: Profile) -> Counts:
        """Return one feature's rows before each cut, shape (cuts,); the first is 0."""
        bins = self.bins[at]
        if isinstance(bins, CategoricalBins):
            counts = by_category(bins, profile.labels, profile.counts)
        else:
            counts = profile.counts
        upto = np.zeros(self.cuts, np.int64)
        np.cumsum(counts, out=upto[1 : len(counts) + 1])
        upto[len(counts) + 1 :] = upto[len(counts)]
        return upto

    def stack(self, profiles: Mapping[str, Profile]) -> Stack:
        """Return profiles as arrays; a feature without one has no rows and is not `present`."""
        found = [profiles.get(name) for name in self.features]
        upto = np.zeros((len(found), self.cuts), np.int64)
        for at, profile in enumerate(found):
            if profile is not None:
                upto[at] = self.upto(at, profile)
        return Stack(
            self,
            upto,
            Margins.of(found),
            labels=np.array([len(p.labels) if p else 0 for p in found]),
            categories=tuple(map(categories_of, found)) if self.kind == "categorical" else (),
        )

    def cells(self, on_lattice: Flags) -> Intervals:
        """Return the cells of every feature, arrays of shape (features, cells).

        Rows that are shorter than the longest end in cells of no width, which hold no rows.
        """
        return self._kept(on_lattice)[0]

    def single(self, on_lattice: Flags) -> Counts:
        """Return the places of cells that hold one value only, among all cells of all features."""
        return self._kept(on_lattice)[1]

    def _kept(self, on_lattice: Flags) -> tuple[Intervals, Counts]:
        exact = tuple(on_lattice.tolist())
        if exact not in self._cells:
            cells = self._stacked(exact)
            self._cells[exact] = cells, np.flatnonzero(cells.single)
        return self._cells[exact]

    def _stacked(self, on_lattice: tuple[bool, ...]) -> Intervals:
        shape = len(self.features), self.cuts - 1
        left, right = np.full(shape, np.inf), np.full(shape, np.inf)
        single = np.zeros(shape, bool)
        for row, (bins, exact) in enumerate(zip(self.bins, on_lattice, strict=True)):
            if isinstance(bins, NumericalBins):
                cells = intervals(bins, on_lattice=exact)
                size = len(cells.left)
                left[row, :size], right[row, :size] = cells.left, cells.right
                single[row, :size] = cells.single
        return Intervals(left, right, single)

    @classmethod
    def joined(cls, every: Sequence[Layout], cuts: int) -> Layout:
        """Return the layout of all features of several, of one kind."""
        names = tuple(name for each in every for name in each.features)
        bins = tuple(bins for each in every for bins in each.bins)
        return cls(every[0].kind, names, bins, cuts)

    def subset(self, rows: Flags) -> Layout:
        """Return the layout of some of the features."""
        at = np.flatnonzero(rows)
        names = tuple(self.features[i] for i in at)
        return Layout(self.kind, names, tuple(self.bins[i] for i in at), self.cuts)


def categories_of(profile: Profile | None) -> Categories:
    """Return what gives the categories of a profile; none where there is no profile."""
    return partial(_named, profile)


def _named(profile: Profile | None) -> tuple[Sequence[str], Counts]:
    return (profile.labels, profile.counts) if profile else ((), np.zeros(0, np.int64))


def is_long_row(profile: Profile) -> bool:
    """Whether a feature has so many cells that it is stacked apart."""
    return profile.kind == "numerical" and len(profile.counts) > LONG


def layouts(reference: Mapping[str, Profile]) -> list[Layout]:
    """Return how to stack the features of a reference: by kind, and long rows apart."""
    groups: dict[tuple[Kind, bool], list[Profile]] = {}
    for profile in reference.values():
        groups.setdefault((profile.kind, is_long_row(profile)), []).append(profile)
    found = []
    for group in groups.values():
        some = max(MOST_NUMBERS // Layout.of(group).cuts, 1)
        found += [Layout.of(group[at : at + some]) for at in range(0, len(group), some)]
    return found


def by_category(bins: CategoricalBins, labels: Sequence[str], counts: Counts) -> Counts:
    """Return rows per bin of a categorical feature, shape (top categories + 2,).

    >>> found = by_category(CategoricalBins(("a",), frozenset("ab")), ("a", "b", "c"), np.array([5, 2, 1]))
    >>> found[[0, OTHER_AT, NEW_AT]].tolist()
    [5, 2, 1]
    """
    places = _places(bins)
    at = [places.get(label, NEW_AT) for label in labels]
    found = np.zeros(NEW_AT + 1, np.int64)
    np.add.at(found, at, counts)
    return found


@lru_cache(maxsize=1024)
def _places(bins: CategoricalBins) -> dict[str, int]:
    places = dict.fromkeys(bins.known, OTHER_AT)
    places.update((label, i) for i, label in enumerate(bins.categories))
    return places


@dataclass(frozen=True, eq=False)
class Stack:
    """Counts of several features in one window.

    upto: rows before each cut, shape (features, cuts), the first 0, the last all that were counted.
        Cuts part the cells of numerical features, or top categories, other and new.
    margins: see there. labels: distinct categories, shape (features,). ends: `bin_ends`, where they
    cannot be told from the cells. categories: of each categorical feature, by name.
    """

    layout: Layout
    upto: Counts
    margins: Margins
    labels: Counts
    ends: Counts | None = field(default=None, repr=False)
    categories: tuple[Categories, ...] = field(default=(), repr=False)
    _subsets: dict[bytes, Stack] = field(default_factory=dict, repr=False)
    _cells: dict[bytes, Cells] = field(default_factory=dict, repr=False)

    @cached_property
    def n(self) -> Counts:
        """Rows that take part, shape (features,)."""
        return self.margins.rows - self.margins.nulls - self.margins.infinite

    @cached_property
    def below(self) -> Floats:
        """Share of rows before each cut, shape (features, cuts): the distribution function."""
        below = self.upto.astype(np.float64)
        below /= below[:, -1:].copy()
        return below

    @cached_property
    def shares(self) -> Floats:
        """Share of rows in each cell, shape (features, cuts - 1)."""
        shares: Floats = self.below[:, 1:] - self.below[:, :-1]
        return shares

    @cached_property
    def std(self) -> Floats:
        """Sample standard deviation (ddof 1), shape (features,); NaN below two rows."""
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (self.margins.squares - self.margins.total**2 / self.n) / (self.n - 1)
        deviation: Floats = np.sqrt(np.maximum(variance, 0.0))
        return np.where(self.n > 1, deviation, np.nan)

    @cached_property
    def bin_ends(self) -> Counts:
        """Return the cut at the end of each bin of the histogram metrics, shape (features, bins).

        Categories are bins of their own. Numerical features have one below the least value of the
        reference (this stack), its deciles by the middle of a cell's mass, and one above.
        """
        if self.ends is not None:
            return self.ends
        if self.layout.kind == "categorical":
            return np.tile(np.arange(1, NEW_AT + 2), (len(self.layout.features), 1))
        groups = [
            quantile_groups(bins, np.diff(upto))
            for bins, upto in zip(self.layout.bins, self.upto, strict=True)
            if isinstance(bins, NumericalBins)
        ]
        bins_of = np.arange(QUANTILE_BINS + 2)
        return np.array([np.searchsorted(group, bins_of, side="right") for group in groups])

    @cached_property
    def has_cells(self) -> Flags:
        """Which bins of the histogram metrics have cells, shape (features, bins)."""
        has_cells: Flags = np.diff(self.bin_ends, axis=1, prepend=0) > 0
        return has_cells

    def cells(self, on_lattice: Flags) -> Cells:
        """Return the widths of the cells, cut to the values of this stack."""
        key = on_lattice.tobytes()
        if key not in self._cells:
            low, high = self.margins.minimum[:, None], self.margins.maximum[:, None]
            self._cells[key] = Cells.cut(self.layout.cells(on_lattice), low, high)
        return self._cells[key]

    @cached_property
    def binned(self) -> Counts:
        """Rows per bin of the histogram metrics where this stack is the reference."""
        return self.binned_at(self.bin_ends)

    def binned_at(self, ends: Counts) -> Counts:
        """Return rows per bin, shape (features, bins), given the cuts at their ends."""
        upto = self.upto_at(ends)
        binned = upto.copy()
        binned[:, 1:] -= upto[:, :-1]
        return binned

    def upto_at(self, ends: Counts) -> Counts:
        """Return rows before the ends of bins, shape (features, bins)."""
        return self.upto[np.arange(len(ends))[:, None], ends].astype(np.int64)

    @classmethod
    def joined(cls, stacks: Sequence[Stack], reference: Sequence[Stack]) -> Stack:
        """Return stacks as one on the bins of the histogram metrics, of which all have as many.

        Args:
            reference: On the same layouts; they say where the bins end.
        """
        has_cells = np.concatenate([each.has_cells for each in reference])
        features, bins = has_cells.shape
        upto = np.zeros((features, bins + 1), np.int64)
        pairs = zip(stacks, reference, strict=True)
        np.concatenate([stack.upto_at(each.bin_ends) for stack, each in pairs], out=upto[:, 1:])
        return cls(
            Layout.joined([each.layout for each in reference], bins + 1),
            upto,
            Margins.joined([stack.margins for stack in stacks]),
            np.concatenate([stack.labels for stack in stacks]),
            # A bin without cells ends where the one before it does.
            np.maximum.accumulate(has_cells * np.arange(1, bins + 1), axis=1),
            tuple(each for stack in stacks for each in stack.categories),
        )

    def subset(self, rows: Flags) -> Stack:
        """Return some of the features; the stack itself if it is all."""
        if rows.all():
            return self
        key = rows.tobytes()
        if key not in self._subsets:
            layout, margins = self.layout.subset(rows), self.margins.subset(rows)
            ends = None if self.ends is None else self.ends[rows]
            kept = (
                tuple(self.categories[i] for i in np.flatnonzero(rows)) if self.categories else ()
            )
            self._subsets[key] = Stack(
                layout, self.upto[rows], margins, self.labels[rows], ends, kept
            )
        return self._subsets[key]


def quantile_groups(bins: NumericalBins, counts: Counts) -> Counts:
    """Return which histogram bin each cell belongs to, shape (cells,), never decreasing.

    0 is below the reference's least value, 1 to 10 its deciles by the middle of a cell's mass, 11
    above its greatest value. Frequent values can leave deciles empty.

    Args:
        counts: Rows of the reference per cell, shape (cells or more,).
    """
    cells = intervals(bins)
    share = counts[: len(cells.left)] / max(counts.sum(), 1)
    middle = np.cumsum(share) - share / 2
    decile: Counts = np.minimum((middle * QUANTILE_BINS).astype(np.int64), QUANTILE_BINS - 1) + 1
    decile[cells.left < bins.low] = 0  # no cell straddles the reference's ends: they are cuts
    decile[cells.left > bins.high] = QUANTILE_BINS + 1
    return decile
