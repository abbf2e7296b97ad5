"""Profiles on disk: a day is counted once, whatever window, metric or threshold asks for it.

One file holds the profiles of all features of one table on the bins of one baseline. A file a day,
because then a new day writes one small file, processes never have to merge what they write, and
damage costs one day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitoring.arrays import Counts
from monitoring.counting.engine import counting
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import Bins, CategoricalBins, NumericalBins, Profile, intervals
from monitoring.kept.disk import Disk, digest, state_of

#: Goes up whenever the meaning of a file changes; files of another version are counted again.
VERSION = 2

_SCALARS = ("rows", "nulls", "infinite", "minimum", "maximum", "total", "squares", "on_lattice")


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A profile without its bins: the cells that hold rows and how many; categories have labels."""

    feature: str
    labels: tuple[str, ...]
    cells: Counts
    counts: Counts
    scalars: tuple[float, ...]


class ProfileStore:
    """Stored profiles below a folder; without a folder nothing is stored and every day is counted."""

    def __init__(self, folder: Path | None) -> None:
        self._disk = Disk(folder, version=VERSION)

    def profiles(
        self,
        table: Table,
        plan: Mapping[str, counting.Feature],
        bins: Mapping[str, Bins],
        key: str = "",
    ) -> dict[str, Profile]:
        """Return the profiles of a table on these bins, counted unless they are stored.

        Args:
            bins: Those of the baseline, by feature.
            key: `key_of(bins)`, if the caller has it.

        Raises:
            InputError: The table cannot be read.
        """
        question = key or key_of(bins), [str(path) for path in table.paths]
        stored = self._disk.get(
            question,
            state_of(table.paths),
            lambda: [sparse(each) for each in counting.profile(table, plan, bins).values()],
        )
        return {each.feature: dense(each, bins[each.feature]) for each in stored}


def key_of(bins: Mapping[str, Bins]) -> str:
    """Return a short name of the bins of a baseline; others have another."""
    return digest(
        *(
            (name, b) if isinstance(b, NumericalBins) else (name, b.categories, sorted(b.known))
            for name, b in bins.items()
        )
    )


def sparse(profile: Profile) -> Sparse:
    """Return a profile as it is stored."""
    cells, counts = np.empty(0, np.int64), profile.counts
    if isinstance(profile.bins, NumericalBins):
        cells = np.flatnonzero(profile.counts)
        counts = profile.counts[cells]
    scalars = tuple(getattr(profile, name) for name in _SCALARS)
    return Sparse(profile.feature, profile.labels, _small(cells), _small(counts), scalars)


def _small(numbers: Counts) -> Counts:
    """Return whole numbers from 0 in the fewest bytes that hold them."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def dense(stored: Sparse, bins: Bins) -> Profile:
    """Return a profile as it was before it was stored."""
    if isinstance(bins, CategoricalBins):
        counts = stored.counts.astype(np.int64)
    else:
        counts = np.zeros(len(intervals(bins).left), np.int64)
        counts[stored.cells] = stored.counts
    scalars: dict[str, Any] = dict(zip(_SCALARS, stored.scalars, strict=True))
    return Profile(
        feature=stored.feature, bins=bins, counts=counts, labels=stored.labels, **scalars
    )
