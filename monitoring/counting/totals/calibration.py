"""Whether probabilities mean what they say: scores against what happened, in equally filled bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.totals.outcomes import ClassOutcomes, ScoreCells
from monitoring.counting.totals.ranking import ranked
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.statistics.intervals import Z, wilson
from monitoring.statistics.performance import Performance

BINS = 10
#: Keeps the standard error of a bin above 0.
EPSILON = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Labelled rows in bins of their score, ascending; arrays of shape (bins,).

    mean_score: what the model said, on average. observed: share of rows of the class. low, high: 95 %
    interval of `observed` (Wilson). rows: labelled rows.
    """

    mean_score: Floats
    observed: Floats
    low: Floats
    high: Floats
    rows: Counts


def calibration(cells: ScoreCells, bins: int = BINS) -> Calibration:
    """Cut the labelled rows into bins of nearly the same number of rows.

    Cells are never split, so bins differ by what one cell holds; where many rows have one score there
    are fewer bins.

    Raises:
        NotEnoughData: No row has a label.

    >>> cells = ScoreCells.of(
    ...     np.array([0.2, 0.2, 0.7, 0.7]), np.zeros(4, bool), np.array([0, 0, 0, 1], np.int8)
    ... )
    >>> found = calibration(cells, 2)
    >>> found.mean_score.round(3).tolist(), found.observed.tolist(), found.rows.tolist()
    ([0.2, 0.7], [0.0, 0.5], [2, 2])
    """
    score, observed, rows, _ = _binned(cells, bins)
    ends = [wilson(float(share), float(n)) for share, n in zip(observed, rows, strict=True)]
    low, high = (np.array([getattr(end, name) for end in ends]) for name in ("low", "high"))
    return Calibration(score, observed, low, high, rows.astype(np.int64))


def _binned(cells: ScoreCells, bins: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return of each bin: mean score, share of the class, rows, sum of (score - label) squared."""
    found = ranked(cells)
    rows_of = found.positives + found.negatives
    if not len(rows_of):
        raise NotEnoughData("Cannot compare probabilities with labels: no label has arrived")
    middle = np.cumsum(rows_of) - rows_of / 2
    place = np.minimum((middle * bins / rows_of.sum()).astype(np.int64), bins - 1)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    rows: Floats = np.add.reduceat(rows_of, starts)
    score: Floats = np.add.reduceat(found.totals, starts) / rows
    observed: Floats = np.add.reduceat(found.positives, starts) / rows
    middle = found.totals / rows_of
    off = found.negatives * middle**2 + found.positives * (1 - middle) ** 2
    squares: Floats = np.add.reduceat(off, starts)
    return score, observed, rows, squares


def confidence_cells(outcomes: ClassOutcomes) -> ScoreCells:
    """Return the cells to judge calibration by.

    Of two classes those of the positive one; of more, of each row the class that was predicted, and
    whether it was right.
    """
    if len(outcomes.scores) == 1:
        (only,) = outcomes.scores.values()
        return only
    chosen = []
    for cells in outcomes.scores.values():
        of = cells.predicted == 1
        chosen.append(ScoreCells(cells.keys[of], cells.counts[of], cells.totals[of]))
    return ScoreCells.total(chosen)


def calibration_error(cells: ScoreCells, bins: int = BINS) -> Performance:
    """Return the mean distance of probability and observed share over bins, weighted by rows.

    Chance alone keeps it above 0: of a bin that is off by d with standard error s, the distance is on
    average E|d + s z|. The interval is centred on the value less that excess, and holds 0 unless the
    bins together are off by more than chance explains (chi-squared, 5 %).
    """
    score, observed, rows, squares = _binned(cells, bins)
    n = float(rows.sum())
    distance = np.abs(score - observed)
    # Variance of score - label in a bin. Two rows as the model expects are added to each, so that a
    # bin without an event is not taken for certain.
    expected = 2 * np.maximum(score * (1 - score), EPSILON)
    variance = (np.maximum(squares - rows * distance**2, 0.0) + expected) / (rows + 2)
    value = float((rows * distance).sum() / n)
    chance = variance / rows
    # The distances seen are too long themselves: they are shortened to what is beyond chance.
    beyond = 1 - float((rows * chance).sum() / max((rows * distance**2).sum(), EPSILON))
    shortened = distance * math.sqrt(max(beyond, 0.0))
    excess = float((rows * _excess(shortened, np.sqrt(chance))).sum() / n)
    spread = math.sqrt(float((rows * (variance + (distance - value) ** 2)).sum())) / n
    low, high = value - excess - Z * spread, value - excess + Z * spread
    if float((distance**2 / chance).sum()) < _chi_squared_95(len(rows)):
        low = 0.0  # no bin is off by more than chance explains
    interval = Interval(min(max(low, 0.0), value), min(max(high, value), 1.0))
    return Performance(value, spread, interval, int(n))


def _chi_squared_95(bins: int) -> float:
    """Return the 95 % quantile of chi-squared, by Wilson and Hilferty (1931).

    >>> round(_chi_squared_95(10), 1)
    18.3
    """
    spread = 2 / (9 * bins)
    return float(bins * (1 - spread + 1.644854 * math.sqrt(spread)) ** 3)


def _excess(distance: Floats, error: Floats) -> Floats:
    """Return E|d + s z| - d, s > 0, for a standard normal z."""
    ratio = distance / error
    below = np.array([math.erfc(r / math.sqrt(2)) / 2 for r in ratio])
    density = np.exp(-np.square(ratio) / 2) / math.sqrt(2 * math.pi)
    excess: Floats = 2 * error * density - 2 * distance * below
    return excess
