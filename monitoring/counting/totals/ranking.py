"""How well scores rank: areas under the ROC and the precision-recall curve, from score cells.

Rows in one cell are taken as ties, which they are when they have one score. Where they have not, the
area of the ROC curve is off by at most its `bound`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.counting.totals.confusion import labelled
from monitoring.counting.totals.outcomes import (
    POSITIVE,
    UNKNOWN,
    ClassOutcomes,
    Outcomes,
    ScoreCells,
)
from monitoring.errors import NotEnoughData
from monitoring.statistics.intervals import share_interval
from monitoring.statistics.performance import Performance

#: Correlation taken between what a row adds to its own class's area and to those of the others. From
#: simulation (3 to 10 classes): the standard error is then 0.9 to 1.1 times the true one.
TOGETHER = 0.5
#: Two sums of the same scores differ by no more than this share.
ROUNDING = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Labelled rows by score cell, ascending; arrays of shape (c,), cells without any left out.

    totals: sums of their scores. tied: cells whose rows have one score, as far as can be told: on
    average, the positive and the negative ones have the same.
    """

    positives: Floats
    negatives: Floats
    totals: Floats
    tied: NDArray[np.bool_]


@lru_cache(maxsize=32)
def ranked(scores: ScoreCells) -> Ranked:
    """Sort the labelled rows of one class into cells."""
    label = scores.label
    kept: Any = np.flatnonzero(label != UNKNOWN)
    if not len(kept):
        return Ranked(np.empty(0), np.empty(0), np.empty(0), np.empty(0, bool))
    if len(kept) == len(label):
        kept = slice(None)
    cell = scores.cell[kept]
    place = np.zeros(len(cell), np.int64)
    np.cumsum(cell[1:] != cell[:-1], out=place[1:])
    place *= 2
    place += label[kept] == POSITIVE
    size = (int(place[-1]) // 2 + 1) * 2
    rows = np.bincount(place, weights=scores.counts[kept], minlength=size)
    sums = np.bincount(place, weights=scores.totals[kept], minlength=size)
    negative, positive = rows[::2].astype(np.float64), rows[1::2].astype(np.float64)
    total_negative, total_positive = sums[::2], sums[1::2]
    total: Floats = (total_negative + total_positive).astype(np.float64)
    gap = np.abs(total_positive * negative - total_negative * positive)
    tied = gap <= ROUNDING * total_positive * negative
    return Ranked(positive, negative, total, tied)


@dataclass(frozen=True, slots=True)
class Area:
    """An area under a curve of one class, with what an average over classes needs.

    level, own: mean and variance of what a row of the class adds to the average, times all rows.
    others: variance of what a row adds that is of another class. positives, negatives: rows.
    """

    value: float
    error: float
    level: float
    own: float
    others: float
    positives: int
    negatives: int
    bound: float


def roc_area(rows: Ranked) -> Area:
    """Return the chance that a positive row is scored above a negative one, ties counting half.

    Raises:
        NotEnoughData: All labels are of one class.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, doi:10.2307/2531595: their variance
        needs of each row only the share of the other class below it, which cells give.

    >>> roc_area(Ranked(np.array([1.0, 3.0]), np.array([3.0, 1.0]), np.ones(2), np.ones(2, bool))).value
    0.75
    """
    positive, negative = rows.positives, rows.negatives
    p, n = float(positive.sum()), float(negative.sum())
    if not p or not n:
        raise NotEnoughData(
            "Cannot compute the area under the ROC curve: all labels are of one class",
            hint="Choose a longer window.",
        )
    below = (np.cumsum(negative) - negative / 2) / n
    above = 1 - (np.cumsum(positive) - positive / 2) / p
    # Dot products of so few cells start no threads.
    value = float(positive @ below) / p
    own = max(float(positive @ (below * below)) - p * value**2, 0.0) / max(p - 1, 1)
    other = max(float(negative @ (above * above)) - n * value**2, 0.0) / max(n - 1, 1)
    bound = float(positive @ negative) / (2 * p * n)
    error = math.sqrt(own / p + other / n)
    others = p**2 / (n * (p + n)) * other
    return Area(value, error, value, own, others, int(p), int(n), bound)


def precision_recall_area(rows: Ranked) -> Area:
    """Return the precision at each positive row's score, averaged over them (average precision).

    Its standard error sums the influence of every row: on the precision at its own score, and at all
    scores below.

    Raises:
        NotEnoughData: No label is of the class, or all are.

    Source:
        sklearn.metrics.average_precision_score. Influence: its derivative by the weight of a row.

    >>> area = precision_recall_area(Ranked(np.array([0.0, 1, 1]), np.array([1.0, 1, 0]), np.ones(3), np.ones(3, bool)))
    >>> round(area.value, 4)
    0.8333
    """
    positive, negative = rows.positives, rows.negatives
    p, n = float(positive.sum()), float(negative.sum())
    if not p or not n:
        raise NotEnoughData(
            "Cannot compute average precision: all labels are of one class",
            hint="Choose a longer window.",
        )
    right = np.cumsum(positive[::-1])[::-1]
    taken = right + np.cumsum(negative[::-1])[::-1]
    precision = right / taken
    # Rows of a cell with several scores are taken one by one, evenly mixed: the middle one stands for
    # all. A row fewer is counted right and taken for each positive row above the middle.
    above = (positive - 1) / 2
    between = (right - above) / (taken - above - negative / 2)
    value = float(positive @ np.where(rows.tied, precision, between)) / p
    middle = float(positive @ precision) / p
    share = positive / taken
    wrong = share * precision
    lost = np.cumsum(wrong)
    gained = np.cumsum(share - wrong) + (precision - middle)
    squares = float(positive @ (gained * gained)), float(negative @ (lost * lost))
    error = math.sqrt(sum(squares)) / p
    rise = float(positive @ gained) / p  # all that negative rows take, positive rows give
    own = squares[0] / p - rise**2
    others = squares[1] / (p + n) - (rise * p / (p + n)) ** 2
    bound = _furthest(positive, negative, right, taken, value)
    return Area(value, error, value + rise, own, others, int(p), int(n), bound)


def _furthest(
    positive: Floats, negative: Floats, right: Floats, taken: Floats, value: float
) -> float:
    """Return how far average precision can be off: all right rows of a cell first, or last."""
    before, wrong = right - positive, taken - right
    best = right / np.maximum(taken - negative, 1)
    worst = (before + 1) / (before + 1 + wrong)
    ends = [float(positive @ end) / float(positive.sum()) for end in (worst, best)]
    return max(value - ends[0], ends[1] - value, 0.0)


def averaged(outcomes: Outcomes, name: str, area: Callable[[Ranked], Area]) -> Performance:
    """Return the area of the positive class; of more classes, each against the rest by its labels.

    One row moves the areas of several classes, and counts by class do not tell how: see `TOGETHER`.

    Raises:
        NotEnoughData: No label has arrived, there are no probabilities, or one class only.
    """
    known = scored(outcomes, name)
    if len(known.scores) == 1:
        (only,) = known.scores.values()
        return _performance(area(ranked(only)))
    areas = []
    for scores in known.scores.values():
        rows = ranked(scores)
        if rows.positives.any() and rows.negatives.any():
            areas.append(area(rows))
    if not areas:
        raise NotEnoughData(f"Cannot compute {name}: all labels are of one class")
    return _pooled(areas)


def of_class(
    outcomes: ClassOutcomes, name: str, metric: str, area: Callable[[Ranked], Area]
) -> Performance:
    """Return the area of one class against the rest.

    Raises:
        NotEnoughData: It has no scores, or is not among the labels.
    """
    return _performance(area(ranked(scores_of(outcomes, name, metric))))


def scores_of(outcomes: ClassOutcomes, name: str, metric: str) -> ScoreCells:
    """Return the score cells of a class.

    Raises:
        NotEnoughData: It has none, or no label has arrived.
    """
    known = scored(outcomes, metric)
    if name not in known.scores:
        raise NotEnoughData(f"Cannot compute {metric} of {name!r}: the class has no probability")
    return known.scores[name]


def scored(outcomes: Outcomes, metric: str) -> ClassOutcomes:
    """Return the outcomes of a classifier that has labels and probabilities.

    Raises:
        NotEnoughData: It has not.
    """
    known = labelled(outcomes, metric)
    if not known.scores:
        raise NotEnoughData(
            f"Cannot compute {metric}: there are no usable probabilities",
            hint="Collect the model's probabilities and name their column.",
        )
    return known


def _performance(area: Area) -> Performance:
    interval = share_interval(area.value, area.error, min(area.positives, area.negatives))
    rows = area.positives + area.negatives
    return Performance(area.value, area.error, interval, rows, area.bound)


def _pooled(areas: list[Area]) -> Performance:
    rows = areas[0].positives + areas[0].negatives
    share = np.array([area.positives for area in areas], dtype=np.float64)
    share /= share.sum()

    def mean(values: list[float]) -> float:
        return float((share * values).sum())

    value, level = mean([area.value for area in areas]), mean([area.level for area in areas])
    own = mean([area.own + (area.level - level) ** 2 for area in areas])
    others = sum(area.others for area in areas)
    variance = max(own + others + 2 * TOGETHER * math.sqrt(max(own * others, 0.0)), 0.0) / rows
    interval = share_interval(value, math.sqrt(variance), rows / len(areas))
    return Performance(value, math.sqrt(variance), interval, rows, mean([a.bound for a in areas]))
