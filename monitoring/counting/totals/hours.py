"""The rows of a day by hour, on cells so coarse that all hours of all features are a few arrays.

What changes grossly moves by standard deviations, so that cells of a quarter of one are fine enough.
They become wider beyond four, up to a thousand: a value that is sixty times too large is seen as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts, Floats, Index, Kind

HOURS = 24
#: Cells on each side of the centre: as many of a quarter of the unit, then each wider by a root of two.
EVEN, WIDENING = 16, 16
CELLS = 2 * (EVEN + WIDENING)
#: Even cells to a unit, and where they end.
PER_UNIT = 4
_REACH = EVEN / PER_UNIT


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the cells of a numerical feature lie: around its centre, in units of its spread."""

    centre: float = 0.0
    unit: float = 1.0


@dataclass(frozen=True, slots=True)
class HourColumn:
    """How a column is counted by hour. scale: of a numerical one."""

    kind: Kind
    scale: Scale = Scale()


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Rows of a categorical feature. counts: shape (24, labels)."""

    labels: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True, slots=True, eq=False)
class HourCounts:
    """One day of one deployment. H is 24.

    rows: (H,). numerical: names of the features of `cells`, (H, features, CELLS). nulls: by feature,
    categorical ones too, (H,); a value that is not finite is a null.
    """

    rows: Counts
    numerical: tuple[str, ...]
    cells: Counts
    categorical: Mapping[str, Labelled]
    nulls: Mapping[str, Counts]


def positions() -> Floats:
    """Return the middle of each cell, in units from the centre, shape (CELLS,)."""
    even = (np.arange(EVEN) + 0.5) / PER_UNIT
    widening = _REACH * 2 ** ((np.arange(WIDENING) + 0.5) / 2)
    half = np.concatenate([even, widening])
    return np.concatenate([-half[::-1], half])


def cell(values: Floats, scale: Scale) -> Index:
    """Return the cell of each finite value, shape (n,).

    >>> cell(np.array([-0.1, 0.1, 1e9]), Scale()).tolist()
    [31, 32, 63]
    """
    units = (values - scale.centre) / scale.unit
    size = np.abs(units)
    beyond = EVEN + np.floor(2 * np.log2(np.maximum(size, _REACH) / _REACH))
    place = np.where(size < _REACH, np.floor(size * PER_UNIT), beyond)
    half = np.minimum(place, CELLS // 2 - 1).astype(np.int64)
    found: Index = np.where(units < 0, CELLS // 2 - 1 - half, CELLS // 2 + half)
    return found
