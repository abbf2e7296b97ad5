"""Profiles: the counts of one feature in one window, which add up over windows.

A numerical feature is cut into some thousand cells by bins that its reference fixes. The cell of a
value never decreases with the value, so cells are intervals whatever the rounding, and the counts
give distribution functions that are exact at every cut. Between two cuts they are known to within
one cell's share: that is where the certified bounds of `cumulative_gap` come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Counts, Floats, Kind
from monitoring.errors import NotEnoughData, SchemaMismatch

Scale = Literal["linear", "log", "lattice"]

LINEAR_CELLS = 2048
LOG_HALF = 2048  # cells on each side of the centre
_INFINITE = int(np.array(np.inf).view(np.int64))
#: Reference quantile bins behind the histogram metrics, plus one open bin at each end.
QUANTILE_BINS = 10
#: Categories kept apart; the rest of the reference's is "other", all that it never had is "new".
TOP_CATEGORIES = 100
#: More distinct texts than this is an identifier or free text, not a category.
MOST_CATEGORIES = 10_000


@dataclass(frozen=True, slots=True)
class NumericalBins:
    """Where a numerical feature is cut.

    scale: `linear`, cells of equal width; `log`, cells whose width grows with the distance from
        `origin`, in steps of the binary floating-point format; `lattice`, one cell for each
        multiple of 1 / `per_unit`.
    origin: linear, the upper edge of the first cell; log, the centre; lattice, the first multiple.
    per_unit: cells per unit (linear, lattice); log, the first bit pattern that counts.
    shift: log, bits dropped from the pattern; else 0.
    cells: how many there are before cutting at `atoms`, `low` and `high`.
    atoms: values so frequent that each has a cell of its own.
    low, high: least and greatest value of the reference; infinite while it is not counted yet.
    """

    scale: Scale
    origin: float
    per_unit: float
    cells: int
    shift: int = 0
    atoms: tuple[float, ...] = ()
    low: float = -np.inf
    high: float = np.inf

    @property
    def cuts(self) -> tuple[float, ...]:
        """Extra cuts, ascending: a cut at v parts the values below v from the others."""
        cuts = set(self.atoms) | {float(np.nextafter(v, np.inf)) for v in self.atoms}
        if np.isfinite(self.low):
            cuts |= {self.low, float(np.nextafter(self.high, np.inf))}
        return tuple(sorted(cuts))

    def cell(self, values: Floats) -> NDArray[np.intp]:
        """Return the cell of each finite value, shape (n,), before the extra cuts.

        >>> NumericalBins("linear", 0.0, 1.0, 4).cell(np.array([-5.0, 0.5, 1.5, 99.0])).tolist()
        [0, 1, 2, 3]
        >>> NumericalBins("lattice", 3.0, 10.0, 4).cell(np.array([0.3, 0.4, 7.0])).tolist()
        [0, 1, 3]
        """
        with np.errstate(over="ignore"):  # what is too far away lies in the outermost cell
            return self._log_cell(values) if self.scale == "log" else self._even_cell(values)

    def _even_cell(self, values: Floats) -> NDArray[np.intp]:
        if self.scale == "lattice":
            scaled = np.rint(values * self.per_unit)
            scaled -= self.origin
        else:
            scaled = values - self.origin
            scaled *= self.per_unit
            scaled += 1.0
        np.maximum(scaled, 0.0, out=scaled)  # in place: this is the innermost loop of the product
        np.minimum(scaled, self.cells - 1.0, out=scaled)
        return scaled.astype(np.intp)

    def _log_cell(self, values: Floats) -> NDArray[np.intp]:
        """Exponent and leading mantissa bits of |x - origin|, mirrored for negative offsets."""
        pattern = (values - self.origin).view(np.int64)
        mirror = pattern >> 63  # 0 or, for a negative offset, -1, whose exclusive or is -1 - k
        pattern &= np.iinfo(np.int64).max
        pattern >>= self.shift
        pattern -= int(self.per_unit)
        np.maximum(pattern, 0, out=pattern)
        np.minimum(pattern, self.cells // 2 - 1, out=pattern)
        pattern ^= mirror
        pattern += self.cells // 2
        return pattern

    def is_on_lattice(self, values: Floats) -> bool:
        """Whether every value is a multiple of 1 / `per_unit`."""
        return bool((np.rint(values * self.per_unit) / self.per_unit == values).all())


@dataclass(frozen=True, slots=True)
class CategoricalBins:
    """The categories of the reference, most frequent first; `others` counts those not listed."""

    categories: tuple[str, ...]
    known: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, counts: dict[str, int]) -> CategoricalBins:
        """Return the bins that a reference with these counts fixes."""
        ranked = sorted(counts, key=lambda label: (-counts[label], label))
        return cls(tuple(ranked[:TOP_CATEGORIES]), frozenset(ranked))


Bins: TypeAlias = NumericalBins | CategoricalBins


@dataclass(frozen=True, slots=True)
class Intervals:
    """The cells of numerical bins as intervals, ascending; arrays of shape (cells,)."""

    left: Floats
    right: Floats
    single: NDArray[np.bool_]


@lru_cache(maxsize=4096)
def intervals(bins: NumericalBins, *, on_lattice: bool = True) -> Intervals:
    """Return left and right end of each cell and whether it can hold one value only.

    The outermost ends are infinite. A `lattice` cell is a point if the values keep to the lattice,
    else it reaches half a step to each side.
    """
    grid_left, grid_right = _grid(bins, on_lattice=on_lattice)
    cuts = np.array(bins.cuts)
    if not len(cuts):
        return Intervals(grid_left, grid_right, grid_left == grid_right)
    cell = bins.cell(cuts)
    at = np.arange(bins.cells) + np.searchsorted(cell, np.arange(bins.cells), side="left")
    size = bins.cells + len(cuts)
    left, right = np.empty(size), np.empty(size)
    left[at], right[at + np.bincount(cell, minlength=bins.cells)] = grid_left, grid_right
    after = np.arange(len(cuts)) + cell + 1
    left[after] = np.clip(cuts, grid_left[cell], grid_right[cell])
    right[after - 1] = left[after]
    single = right <= np.nextafter(left, np.inf)
    right = np.where(single, left, right)
    return Intervals(left, right, single)


def _grid(bins: NumericalBins, *, on_lattice: bool) -> tuple[Floats, Floats]:
    if bins.scale == "lattice":
        reach = 0.0 if on_lattice else 0.5
        steps = bins.origin + np.arange(bins.cells, dtype=np.float64)
        left: Floats = (steps - reach) / bins.per_unit
        right: Floats = (steps + reach) / bins.per_unit
        left[0], right[-1] = -np.inf, np.inf
        return left, right
    if bins.scale == "linear":
        edges: Floats = bins.origin + np.arange(bins.cells - 1) / bins.per_unit
    else:
        pattern = int(bins.per_unit) + np.arange(1, bins.cells // 2, dtype=np.int64)
        np.minimum(pattern, _INFINITE >> bins.shift, out=pattern)  # beyond it are no numbers
        away = (pattern << bins.shift).view(np.float64)
        edges = np.concatenate([bins.origin - away[::-1], [bins.origin], bins.origin + away])
    return np.concatenate([[-np.inf], edges]), np.concatenate([edges, [np.inf]])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Profile:
    """Counts and moments of one feature in one window.

    counts: rows per cell, shape (cells + extra cuts,); for categories, one per label in `labels`.
    rows: all rows, nulls included. nulls: missing and NaN. infinite: plus and minus infinity, which
        no cell counts.
    total, squares: sums of (x - origin) and its square; `origin` keeps large values precise.
    on_lattice: whether every value seen so far is a point of a `lattice`.
    """

    feature: str
    bins: Bins
    counts: Counts
    labels: tuple[str, ...] = ()
    rows: int
    nulls: int = 0
    infinite: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    total: float = 0.0
    squares: float = 0.0
    on_lattice: bool = True

    @property
    def kind(self) -> Kind:
        """Numerical or categorical."""
        return "numerical" if isinstance(self.bins, NumericalBins) else "categorical"

    @property
    def n(self) -> int:
        """Rows that take part: neither null nor infinite."""
        return self.rows - self.nulls - self.infinite

    @property
    def mean(self) -> float | None:
        """Arithmetic mean; None without rows."""
        return self.total / self.n + _origin(self.bins) if self.n and not self.labels else None

    @property
    def std(self) -> float | None:
        """Sample standard deviation (ddof 1); None below two rows."""
        if self.n < 2 or self.labels:  # noqa: PLR2004 - a variance needs two rows
            return None
        variance = (self.squares - self.total**2 / self.n) / (self.n - 1)
        return float(np.sqrt(max(variance, 0.0)))

    @property
    def null_rate(self) -> float | None:
        """Share of rows that are null or NaN."""
        return self.nulls / self.rows if self.rows else None

    def counts_by_label(self) -> dict[str, int]:
        """Return rows per category."""
        return dict(zip(self.labels, self.counts.tolist(), strict=True))

    def __add__(self, other: Profile) -> Profile:
        if self.feature != other.feature or self.bins != other.bins:
            raise SchemaMismatch(
                f"Cannot add the profiles of {self.feature!r} and {other.feature!r}: their bins differ",
                hint="Profile both with the bins of one baseline.",
            )
        counts, labels = self.counts, self.labels
        if self.kind == "categorical":
            merged = self.counts_by_label()
            for label, count in other.counts_by_label().items():
                merged[label] = merged.get(label, 0) + count
            labels = tuple(merged)
            counts = np.fromiter(merged.values(), np.int64, len(merged))
        else:
            counts = self.counts + other.counts
        return replace(
            self,
            counts=counts,
            labels=labels,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            infinite=self.infinite + other.infinite,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            total=self.total + other.total,
            squares=self.squares + other.squares,
            on_lattice=self.on_lattice and other.on_lattice,
        )


def merge(profiles: Iterable[Profile]) -> Profile:
    """Add up the profiles of adjacent windows.

    Raises:
        NotEnoughData: There is none.
        SchemaMismatch: They have different bins.
    """
    whole: Profile | None = None
    for profile in profiles:
        whole = profile if whole is None else whole + profile
    if whole is None:
        raise NotEnoughData("Cannot merge profiles: there are none", hint="Choose a longer window.")
    return whole


def _origin(bins: Bins) -> float:
    if isinstance(bins, CategoricalBins):
        return 0.0
    return bins.origin / bins.per_unit if bins.scale == "lattice" else bins.origin
