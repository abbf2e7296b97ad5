"""Profiles of days in a row, held as running totals: any window of them is one subtraction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.profile import (
    MOST_CATEGORIES,
    CategoricalBins,
    NumericalBins,
    Profile,
    intervals,
)
from monitoring.counting.totals.margins import Margins
from monitoring.counting.totals.stack import Layout, Stack

#: Rows of the arrays to begin with; they double when they are full.
FIRST_DAYS = 32
#: Running totals up to this fit four bytes.
MOST_IN_FOUR_BYTES = np.iinfo(np.int32).max


class RunningTotals:
    """Totals over the days so far, for every feature of a reference.

    Days are only ever appended, so that a reader may work while a writer adds one.
    """

    def __init__(self, layouts: Sequence[Layout]) -> None:
        self.days: list[date] = []
        self._groups = [_Group(layout) for layout in layouts]

    def append(self, day: date, profiles: Mapping[str, Profile]) -> None:
        """Add the day after the last.

        Raises:
            ValueError: It is not after the last.
        """
        if self.days and day <= self.days[-1]:
            raise ValueError(f"days are appended in order, got {day} after {self.days[-1]}")
        for group in self._groups:
            group.append(len(self.days), profiles)
        self.days.append(day)

    def window(self, first: int, last: int) -> list[Stack]:
        """Return the sums of the days from place `first` up to before place `last`."""
        return [group.window(first, last) for group in self._groups]

    def profiles(self, first: int, last: int) -> Mapping[str, Profile]:
        """Return the merged profiles of these days, each made when it is asked for."""
        return _Merged(self._groups, first, last)


class _Group:
    """Totals of one stack. `_upto`, `_sums`: place i holds the sum of the days before it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        size = len(layout.features)
        self._upto: Counts = np.zeros((FIRST_DAYS + 1, size, layout.cuts), np.int32)
        self._sums: Counts = np.zeros((FIRST_DAYS + 1, 5, size), np.int64)
        self._extremes: Floats = np.zeros((FIRST_DAYS, 2, size))
        self._moments: Floats = np.zeros((FIRST_DAYS, 2, size))
        self._labels = {
            name: _Labels() for name in (layout.features if layout.kind == "categorical" else ())
        }

    def append(self, place: int, profiles: Mapping[str, Profile]) -> None:
        stack = self.layout.stack(profiles)
        margins = stack.margins
        if place == len(self._extremes):
            self._grow()
        counts = margins.present, margins.rows, margins.nulls, margins.infinite, ~margins.on_lattice
        self._sums[place + 1] = self._sums[place] + np.array(counts, np.int64)
        if self._upto.dtype == np.int32 and self._sums[place + 1, 1].max() > MOST_IN_FOUR_BYTES:
            self._upto = self._upto.astype(np.int64)
        self._upto[place + 1] = self._upto[place] + stack.upto
        self._extremes[place] = margins.minimum, -margins.maximum
        self._moments[place] = margins.total, margins.squares
        for name, labels in self._labels.items():
            labels.append(profiles.get(name))

    def _grow(self) -> None:
        """Double the arrays; readers keep those they have."""
        for name in ("_upto", "_sums", "_extremes", "_moments"):
            old = getattr(self, name)
            new = np.zeros((2 * len(old), *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

    def window(self, first: int, last: int) -> Stack:
        present, rows, nulls, infinite, off = self._sums[last] - self._sums[first]
        minimum, negative = self._extremes[first:last].min(axis=0, initial=np.inf)
        total, squares = self._moments[first:last].sum(axis=0)
        margins = Margins(
            present > 0, rows, nulls, infinite, minimum, -negative, total, squares, off == 0
        )
        labels = [self._labels[n].distinct(first, last) for n in self._labels] or [0] * len(rows)
        return Stack(
            self.layout,
            self._upto[last] - self._upto[first],
            margins,
            np.array(labels, np.int64),
            categories=tuple(partial(each.merged, first, last) for each in self._labels.values()),
        )

    def is_present(self, at: int, first: int, last: int) -> bool:
        return bool(self._sums[last, 0, at] > self._sums[first, 0, at])

    def profile(self, at: int, first: int, last: int) -> Profile:
        feature, bins = self.layout.features[at], self.layout.bins[at]
        labels: tuple[str, ...] = ()
        if isinstance(bins, CategoricalBins):
            labels, counts = self._labels[feature].merged(first, last)
        else:
            upto = self._upto[last, at].astype(np.int64) - self._upto[first, at]
            counts = np.diff(upto[: _size(bins) + 1])
        margins = self.window(first, last).margins
        return Profile(
            feature=feature,
            bins=bins,
            counts=counts,
            labels=labels,
            rows=int(margins.rows[at]),
            nulls=int(margins.nulls[at]),
            infinite=int(margins.infinite[at]),
            minimum=float(margins.minimum[at]),
            maximum=float(margins.maximum[at]),
            total=float(margins.total[at]),
            squares=float(margins.squares[at]),
            on_lattice=bool(margins.on_lattice[at]),
        )


def _size(bins: NumericalBins) -> int:
    return len(intervals(bins).left)


class _Labels:
    """Rows per label and day of one categorical feature."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._days: list[tuple[Counts, Counts]] = []

    def append(self, profile: Profile | None) -> None:
        labels = profile.labels if profile else ()
        places = [self._places.setdefault(label, len(self._places)) for label in labels]
        counts = profile.counts if profile else np.zeros(0, np.int64)
        self._days.append((np.array(places, np.int64), counts))

    def distinct(self, first: int, last: int) -> int:
        """How many labels there are; counted exactly only where it could matter."""
        if len(self._places) <= MOST_CATEGORIES:
            return len(self._places)
        return len(self.merged(first, last)[0])

    def merged(self, first: int, last: int) -> tuple[tuple[str, ...], Counts]:
        days = self._days[first:last]
        names = list(self._places)
        counts = np.zeros(len(names), np.int64)
        for places, rows in days:
            counts[places] += rows
        seen = np.flatnonzero(counts)
        return tuple(names[i] for i in seen), counts[seen]


class _Merged(Mapping[str, Profile]):
    """The profiles of a window: most readers want one of them, or none."""

    def __init__(self, groups: Sequence[_Group], first: int, last: int) -> None:
        self._window = first, last
        self._at = {
            name: (group, at)
            for group in groups
            for at, name in enumerate(group.layout.features)
            if group.is_present(at, first, last)
        }
        self._found: dict[str, Profile] = {}

    def __getitem__(self, name: str) -> Profile:
        if name not in self._found:
            group, at = self._at[name]
            self._found[name] = group.profile(at, *self._window)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)
