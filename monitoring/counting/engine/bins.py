"""Choosing where to cut a feature, from a sample of its reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.profile import LINEAR_CELLS, LOG_HALF, NumericalBins, intervals

#: A lattice may have at most this many points between the least and the greatest value.
LATTICE_POINTS = 1500
LATTICE_DECIMALS = 4
#: A value with this share of the rows gets a cell of its own; the 16 most frequent at most.
ATOM_SHARE = 0.002
MOST_ATOMS = 16
#: Quantiles between which linear cells lie; what is beyond shares one cell at each end.
TRIM = 0.002
#: Equal widths are the cheapest to count, and kept when they hide less than this.
GOOD_COST = 0.015
MANTISSA_BITS = 52
MOST_EXPONENT = np.finfo(np.float64).maxexp - 1
#: Values beyond this are scaled down, exactly, before they are squared and added up.
HUGE, SCALED_DOWN = 2.0**500, 2.0**-600


def numerical_bins(sample: Floats) -> NumericalBins:
    """Return the bins that keep the shares of cells, and so the error of every metric, small.

    Values on a grid of 0 to 4 decimals get one cell each. Others get cells of equal width, or of a
    width that grows with the distance from a centre, whichever leaves less to chance; values that
    make up 0.2 % of the rows or more get a cell of their own.

    Args:
        sample: Finite values of the reference, shape (n,), n at least 1.

    >>> numerical_bins(np.array([0.1, 0.2, 0.4])).scale
    'lattice'
    """
    with np.errstate(over="ignore"):  # what overflows is infinitely wide, and counts as that
        return _chosen(*np.unique(sample, return_counts=True))


def _chosen(values: Floats, counts: Counts) -> NumericalBins:
    lattice = _lattice(values)
    if lattice is not None:
        return lattice
    atoms = _atoms(values, counts)
    best, least = None, np.inf
    for bins in _candidates(values, counts, atoms):
        cost = _cost(bins, values, counts)
        if cost < least:
            best, least = bins, cost
        if best and least < GOOD_COST:
            break
    return best or NumericalBins("linear", float(values[0]), 1.0, LINEAR_CELLS, atoms=atoms)


def _lattice(values: Floats) -> NumericalBins | None:
    for decimals in range(LATTICE_DECIMALS + 1):
        scale = 10.0**decimals
        span = (values[-1] - values[0]) * scale
        if span > LATTICE_POINTS:
            return None
        bins = NumericalBins("lattice", 0.0, scale, 1)
        if bins.is_on_lattice(values):
            margin = int(max(16, span // 4))
            first = float(np.rint(values[0] * scale)) - margin
            return NumericalBins("lattice", first, scale, round(float(span)) + 1 + 2 * margin)
    return None


def _atoms(values: Floats, counts: Counts) -> tuple[float, ...]:
    least = max(ATOM_SHARE * counts.sum(), 2.5)
    frequent = np.flatnonzero(counts > least)
    top = frequent[np.argsort(-counts[frequent])][:MOST_ATOMS]
    return tuple(sorted(float(values[i]) for i in top))


def _candidates(
    values: Floats, counts: Counts, atoms: tuple[float, ...]
) -> Iterator[NumericalBins]:
    rank = np.cumsum(counts)
    at = np.searchsorted(rank, np.array([TRIM, 0.5, 1 - TRIM]) * rank[-1])
    low, middle, high = values[np.minimum(at, len(values) - 1)]
    if high <= low:
        low, high = values[0], values[-1]
    if high <= low:
        low, high = values[0] - 0.5, values[0] + 0.5
    per_unit = (LINEAR_CELLS - 2) / (high - low)
    if 0 < per_unit < np.inf:
        yield NumericalBins("linear", float(low), float(per_unit), LINEAR_CELLS, atoms=atoms)
    for centre in {float(middle), float(values[0])}:
        away = np.minimum(np.abs(values - centre), np.finfo(np.float64).max)
        away = away[away > 0]
        if len(away):
            yield _log(centre, away, atoms)


def _log(centre: float, away: Floats, atoms: tuple[float, ...]) -> NumericalBins:
    top = int(np.floor(np.log2(away.max()))) + 2
    bottom = min(int(np.floor(np.log2(np.quantile(away, TRIM)))), MOST_EXPONENT)
    octaves = max(top - bottom, 1)
    steps = max(int(np.log2(LOG_HALF / octaves)), 0)  # 2**steps cells an octave
    shift = MANTISSA_BITS - min(steps, 12)
    first = int(np.array(2.0**bottom).view(np.int64)) >> shift
    return NumericalBins("log", centre, float(first), 2 * LOG_HALF, shift=shift, atoms=atoms)


def _cost(bins: NumericalBins, values: Floats, counts: Counts) -> float:
    """Largest share that a cell hides, plus the mean width of a cell in standard deviations."""
    kept = counts.astype(np.float64)
    kept[np.searchsorted(values, bins.atoms)] = 0.0  # atoms hide nothing
    share = np.bincount(bins.cell(values), weights=kept, minlength=bins.cells) / counts.sum()
    cells = intervals(NumericalBins(bins.scale, bins.origin, bins.per_unit, bins.cells, bins.shift))
    left = np.clip(cells.left, values[0], values[-1])
    right = np.clip(cells.right, values[0], values[-1])
    if np.abs(values[[0, -1]]).max() > HUGE:
        values, left, right = (each * SCALED_DOWN for each in (values, left, right))
    mean = float((values * counts).sum()) / counts.sum()
    deviation = float(np.sqrt(((values - mean) ** 2 * counts).sum() / counts.sum()))
    width = float((share * (right - left)).sum()) / deviation if deviation else 0.0
    return float(share.max()) + width
