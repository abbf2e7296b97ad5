"""Curves of a classifier's scores and the spread of a regression's errors, from counts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.profile import NumericalBins, Profile, intervals
from monitoring.counting.totals.calibration import Calibration, calibration, confidence_cells
from monitoring.counting.totals.outcomes import NEGATIVE, POSITIVE, ScoreCells, cell_edges
from monitoring.errors import NotEnoughData

__all__ = [
    "Calibration",
    "PrecisionRecall",
    "Residuals",
    "Roc",
    "calibration",
    "confidence_cells",
    "precision_recall",
    "residuals",
    "roc",
]

#: A curve is thinned to about this many points: more than a screen has.
POINTS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Arrays of shape (points,), from no row taken to all: where to cut, and what is taken there.

    thresholds: a row is taken at this score or above; infinite at the start. false_positive_rate,
    true_positive_rate: shares of the negative and of the positive rows. positives, negatives: rows.
    """

    thresholds: Floats
    false_positive_rate: Floats
    true_positive_rate: Floats
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecall:
    """Arrays of shape (points,), from the highest threshold to the lowest.

    prevalence: share of positive rows, which is the precision of a guess.
    """

    thresholds: Floats
    recall: Floats
    precision: Floats
    positives: int
    negatives: int

    @property
    def prevalence(self) -> float:
        """Share of positive rows."""
        return self.positives / (self.positives + self.negatives)


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Rows by prediction - label: `edges` of shape (bins + 1,), `shares` of rows of shape (bins,).

    below, above: shares outside of the edges. rows: labelled rows. mean: of all.
    """

    edges: Floats
    shares: Floats
    below: float
    above: float
    rows: int
    mean: float


def roc(cells: ScoreCells, points: int = POINTS) -> Roc:
    """Return the ROC curve of one class.

    Raises:
        NotEnoughData: All labels are of one class, or none has arrived.

    >>> cells = ScoreCells.of(
    ...     np.array([0.2, 0.5, 0.7]), np.zeros(3, bool), np.array([0, 1, 1], np.int8)
    ... )
    >>> found = roc(cells)
    >>> found.false_positive_rate.tolist(), found.true_positive_rate.tolist()
    ([0.0, 0.0, 0.0, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    edges, positive, negative = _taken(cells)
    p, n = int(positive[-1]), int(negative[-1])
    true_rate = np.concatenate([[0.0], positive / p])
    false_rate = np.concatenate([[0.0], negative / n])
    kept = _thinned(true_rate, false_rate, points)
    thresholds = np.concatenate([[np.inf], edges])
    return Roc(thresholds[kept], false_rate[kept], true_rate[kept], p, n)


def precision_recall(cells: ScoreCells, points: int = POINTS) -> PrecisionRecall:
    """Return the precision-recall curve of one class.

    Raises:
        NotEnoughData: All labels are of one class, or none has arrived.
    """
    edges, positive, negative = _taken(cells)
    recall, precision = positive / positive[-1], positive / (positive + negative)
    kept = _thinned(recall, precision, points)
    return PrecisionRecall(
        edges[kept], recall[kept], precision[kept], int(positive[-1]), int(negative[-1])
    )


def _taken(cells: ScoreCells) -> tuple[Floats, Floats, Floats]:
    """Return the thresholds, descending, and how many rows of each label lie at or above."""
    positive, negative = cells.by_label(POSITIVE), cells.by_label(NEGATIVE)
    if not positive.any() or not negative.any():
        raise NotEnoughData(
            "Cannot draw the curve: all labels are of one class", hint="Choose a longer window."
        )
    occupied = np.flatnonzero(positive + negative)[::-1]
    above = np.cumsum(positive[occupied]).astype(np.float64)
    return cell_edges()[occupied], above, np.cumsum(negative[occupied]).astype(np.float64)


def _thinned(x: Floats, y: Floats, points: int) -> Counts:
    """Return the places of about `points` points, evenly along the curve, both ends included."""
    if len(x) <= points:
        return np.arange(len(x))
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    places = np.searchsorted(way, np.linspace(0, way[-1], points))
    return np.unique(np.concatenate([[0], places, [len(x) - 1]]))


def residuals(profile: Profile, bins: int = 41, inside: float = 0.99) -> Residuals:
    """Return how errors spread, in even bins around 0 that hold a share `inside` of the rows.

    A cell that an edge cuts is split in proportion; cells are 3 % wide.

    Raises:
        NotEnoughData: There is no row.
    """
    counts, parts = profile.counts, _parts(profile)
    if not profile.n:
        raise NotEnoughData("Cannot show residuals: no label has arrived")
    reach = np.maximum(np.abs(parts[0]), np.abs(parts[1]))
    order = np.argsort(reach, kind="stable")
    upto = np.cumsum(counts[order])
    width = float(reach[order[int(np.searchsorted(upto, inside * upto[-1]))]])
    edges = np.linspace(-width, width, bins + 1) if width else np.array([-0.5, 0.5])
    cuts = np.concatenate([parts[0], parts[1][-1:]])
    share = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    at = np.interp(edges, cuts, share)
    mean = profile.mean or 0.0
    return Residuals(edges, np.diff(at), float(at[0]), float(1 - at[-1]), profile.n, mean)


def _parts(profile: Profile) -> tuple[Floats, Floats]:
    """Return the ends of each cell; the outermost end where the values do."""
    assert isinstance(profile.bins, NumericalBins)  # noqa: S101 - residuals are numbers
    cells = intervals(profile.bins)
    left, right = cells.left.copy(), cells.right.copy()
    left[0] = min(profile.minimum, right[0])
    right[-1] = max(profile.maximum, left[-1])
    return left, right
