"""The raw values of one feature after Azure ML's row deletion: what its own monitor computes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from monitoring.arrays import Counts, Floats

Category: TypeAlias = str


@dataclass(frozen=True, eq=False)
class Sample:
    """One feature of one table, nulls gone.

    values: numerical, float64 of shape (n,). counts: categorical, rows per text. One of the two.
    """

    values: Floats | None = None
    counts: dict[Category, int] | None = None

    @property
    def n(self) -> int:
        """Rows."""
        if self.values is not None:
            return len(self.values)
        return sum((self.counts or {}).values())

    @property
    def numbers(self) -> Floats:
        """The values of a numerical feature."""
        if self.values is None:
            raise ValueError("a categorical sample has no numbers")
        return self.values


def paired_counts(reference: Sample, production: Sample) -> tuple[Counts, Counts]:
    """Return counts over the union of both samples' categories, reference's order first.

    >>> a, b = paired_counts(Sample(counts={"x": 2}), Sample(counts={"y": 1, "x": 1}))
    >>> a.tolist(), b.tolist()
    ([2, 0], [1, 1])
    """
    one, two = reference.counts or {}, production.counts or {}
    categories = [*one, *(label for label in two if label not in one)]
    return (
        np.array([one.get(label, 0) for label in categories], dtype=np.int64),
        np.array([two.get(label, 0) for label in categories], dtype=np.int64),
    )
