"""What is known of several features besides their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts, Flags, Floats
from monitoring.counting.profile import Profile


@dataclass(frozen=True, eq=False)
class Margins:
    """What is known of features besides the counts; arrays of shape (features,), as in `Profile`.

    present: whether the feature was there at all.
    """

    present: Flags
    rows: Counts
    nulls: Counts
    infinite: Counts
    minimum: Floats
    maximum: Floats
    total: Floats
    squares: Floats
    on_lattice: Flags

    @classmethod
    def of(cls, profiles: Sequence[Profile | None]) -> Margins:
        """Return the margins of one profile per feature."""
        absent = None, 0, 0, 0, np.inf, -np.inf, 0.0, 0.0, True
        columns = zip(
            *(
                (p, p.rows, p.nulls, p.infinite, p.minimum, p.maximum, p.total, p.squares, p.on_lattice)
                if p
                else absent
                for p in profiles
            ),
            strict=True,
        )  # fmt: skip
        present, rows, nulls, infinite, minimum, maximum, total, squares, lattice = columns
        return cls(
            np.array([p is not None for p in present]),
            np.array(rows, np.int64),
            np.array(nulls, np.int64),
            np.array(infinite, np.int64),
            np.array(minimum, np.float64),
            np.array(maximum, np.float64),
            np.array(total, np.float64),
            np.array(squares, np.float64),
            np.array(lattice, bool),
        )

    @classmethod
    def joined(cls, every: Sequence[Margins]) -> Margins:
        """Return the margins of all features of several."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(each, name) for each in every]) for name in names))

    def subset(self, rows: Flags) -> Margins:
        """Return the margins of some of the features."""
        return Margins(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))
