"""Calibration: what a score is worth in probability, learned from the labelled reference by cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.counting.totals.outcomes import CELLS, POSITIVE, UNKNOWN, ScoreCells

#: Groups of equal size that calibration is judged in, and folds that it is judged on.
GROUPS, FOLDS = 10, 5
#: References that might have come instead, drawn to see what the calibration owes to chance.
REPLICATES = 100
#: Cells that bands are computed on together: they need less resolution than the curve.
STEP = 8
STEPS = CELLS // STEP
#: From so many days on, whole days are drawn: rows of a day have more in common than chance.
LEAST_DAYS = 10


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled rows of the reference by cell, of one day each or of one fold each.

    rows, positive, scores: rows, positive ones and sum of scores, shape (parts, CELLS).
    is_by_day: whether the parts are days; else rows fell into them at random.
    """

    rows: Floats
    positive: Floats
    scores: Floats
    is_by_day: bool

    @classmethod
    def of(cls, days: Sequence[ScoreCells], *, seed: int = 0) -> Labelled:
        """Take the rows that have a label, day by day; a reference of few days falls into folds."""
        rows, positive, scores = (np.zeros((len(days), CELLS)) for _ in range(3))
        for at, day in enumerate(days):
            known = day.label != UNKNOWN
            cell, counts = day.cell[known], day.counts[known]
            rows[at] = np.bincount(cell, weights=counts, minlength=CELLS)
            hits = counts * (day.label[known] == POSITIVE)
            positive[at] = np.bincount(cell, weights=hits, minlength=CELLS)
            scores[at] = np.bincount(cell, weights=day.totals[known], minlength=CELLS)
        if len(days) >= LEAST_DAYS:
            return cls(rows, positive, scores, is_by_day=True)
        return cls._folded(rows.sum(axis=0), positive.sum(axis=0), scores.sum(axis=0), seed)

    @classmethod
    def _folded(cls, rows: Floats, positive: Floats, scores: Floats, seed: int) -> Labelled:
        random = np.random.default_rng(seed)
        even = np.full(FOLDS, 1 / FOLDS)
        hits = random.multinomial(positive.astype(np.int64), even).T.astype(np.float64)
        misses = random.multinomial((rows - positive).astype(np.int64), even).T
        mean = np.divide(scores, rows, out=np.zeros_like(scores), where=rows > 0)
        return cls(hits + misses, hits, (hits + misses) * mean, is_by_day=False)

    @property
    def fold(self) -> Index:
        """Fold of each part."""
        return np.arange(len(self.rows)) % FOLDS


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a score is worth.

    curve: probability at each cell, shape (CELLS,); None if the scores are kept as they are.
    deviations: how it would differ on other references, shape (REPLICATES, STEPS). folds: the curve
    without each fold, shape (FOLDS, CELLS), or None. raw_error, error: calibration error out of
    sample before and after (mean distance of share and probability over tenths of the rows).
    noise: what chance alone makes of it. pvalue: of the error that is left.
    """

    curve: Floats | None
    deviations: Floats
    folds: Floats | None
    raw_error: float
    error: float
    noise: float
    pvalue: float


def isotonic(rows: Floats, positive: Floats) -> Floats:
    """Return the non-decreasing curve nearest to the shares seen, shape (CELLS,), even between cells.

    Source:
        Pool adjacent violators, Ayer et al. (1955), doi:10.1214/aoms/1177728423, by scipy.

    >>> rows = np.zeros(CELLS)
    >>> rows[[10, 20, 30]] = 10, 10, 20
    >>> curve = isotonic(rows, rows * np.repeat([0.0, 1.0], [15, CELLS - 15]) / 2)
    >>> curve[[0, 10, 15, 20, 30, 40]].tolist()
    [0.0, 0.0, 0.25, 0.5, 0.5, 0.5]
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - 0.3 s that a start-up need not pay

    kept = np.flatnonzero(rows)
    if not len(kept):
        return np.full(len(rows), np.nan)
    fitted = isotonic_regression(positive[kept] / rows[kept], weights=rows[kept]).x
    curve: Floats = np.interp(np.arange(len(rows)), kept, fitted)
    return curve


def calibrate(labelled: Labelled, *, draws: Floats | None = None, seed: int = 0) -> Calibration:
    """Learn what a score is worth; the scores stay if that is not better on rows not learned from.

    "Better" is a lower mean squared distance of probability and label (Brier score) out of sample: the ranking stays,
    so that what falls is the calibration error. Other references are drawn by whole days where the
    reference has ten or more, else row by row.

    Args:
        labelled: Rows of one class against the rest.
        draws: How often each part is in each replicate, shape (replicates, parts); the same for all
            classes of a model. Drawn here by default.
    """
    rows, positive = labelled.rows.sum(axis=0), labelled.positive.sum(axis=0)
    fold = labelled.fold
    outs = [fold == each for each in range(FOLDS) if (fold == each).any()]
    folds = np.stack(
        [isotonic(labelled.rows[~out].sum(axis=0), labelled.positive[~out].sum(axis=0)) for out in outs]
    )  # fmt: skip
    fitted = folds[fold]
    raw = np.zeros(labelled.rows.shape)
    np.divide(labelled.scores, labelled.rows, out=raw, where=labelled.rows > 0)
    is_better = _brier(labelled, fitted) < _brier(labelled, raw)
    if draws is None:
        draws = draw(labelled, seed)
    return Calibration(
        isotonic(rows, positive) if is_better else None,
        _deviations(labelled, draws, seed),
        folds if is_better else None,
        _error(labelled, raw)[0],
        *_error(labelled, fitted if is_better else raw),
    )


def draw(labelled: Labelled, seed: int = 0) -> Floats:
    """Return how often each day is in each replicate, shape (REPLICATES, parts)."""
    parts = len(labelled.rows)
    random = np.random.default_rng(seed)
    even = np.full(parts, 1 / parts)
    return random.multinomial(parts, even, size=REPLICATES).astype(np.float64)


def _deviations(labelled: Labelled, draws: Floats, seed: int) -> Floats:
    """Return how the curve would differ on other references; their middle is 0."""
    total, hits = _stepped(labelled.rows), _stepped(labelled.positive)
    if labelled.is_by_day:
        rows, positive = draws @ total, draws @ hits
    else:
        total, hits = total.sum(axis=0), hits.sum(axis=0)
        random = np.random.default_rng(seed + 1)
        positive = random.poisson(hits, (len(draws), STEPS)).astype(np.float64)
        misses = random.poisson(total - hits, positive.shape)
        rows = positive + misses.astype(np.float64)
    curves = np.stack([isotonic(one, two) for one, two in zip(rows, positive, strict=True)])
    deviations: Floats = curves - curves.mean(axis=0)
    return deviations


def _stepped(cells: Floats) -> Floats:
    """Add up neighbouring cells, shape (parts, STEPS)."""
    found: Floats = cells.reshape(len(cells), STEPS, STEP).sum(axis=2)
    return found


def _brier(labelled: Labelled, probability: Floats) -> float:
    return float((labelled.rows * probability**2 - 2 * labelled.positive * probability).sum())


def _error(labelled: Labelled, probability: Floats) -> tuple[float, float, float]:
    """Return the expected calibration error over tenths, what chance makes of it, and a p-value.

    The p-value is that of the tenth that is worst, times ten (Bonferroni, for the tenths of a day
    move together). Where the parts are days, a tenth's error is held to how it scatters by day.
    """
    total = labelled.rows.sum(axis=0)
    n = float(total.sum())
    group = np.minimum((np.cumsum(total) - total / 2) * GROUPS / max(n, 1.0), GROUPS - 1).astype(
        int
    )
    member = np.zeros((CELLS, GROUPS))
    member[np.arange(CELLS), group] = 1.0
    gap = (labelled.positive - labelled.rows * probability) @ member
    chance = (labelled.rows * probability * (1 - probability)) @ member
    variance = chance.sum(axis=0)
    if labelled.is_by_day:
        variance = np.maximum(variance, np.square(gap).sum(axis=0))
    deviation = np.sqrt(np.maximum(variance, 1e-12))
    error = float(np.abs(gap.sum(axis=0)).sum()) / max(n, 1.0)
    noise = float(deviation.sum()) * math.sqrt(2 / math.pi) / max(n, 1.0)
    worst = float((np.abs(gap.sum(axis=0)) / deviation).max())
    return error, noise, min(GROUPS * math.erfc(worst / math.sqrt(2)), 1.0)
