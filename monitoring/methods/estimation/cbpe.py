"""CBPE: confidence-based performance estimation of a binary classifier from counts by score cell.

Each score is turned into a probability on the labelled reference, and each metric is computed from
the labels expected then. The band holds what is random about the realized value: labels given their
probabilities (delta method), the calibration from a finite reference (bootstrap), and days that
scatter beyond both. It assumes that a score is worth the same now as on the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.totals.outcomes import POSITIVE, UNKNOWN, ScoreCells
from monitoring.methods.estimation.band import Estimate, Scatter, scatter
from monitoring.methods.estimation.calibration import STEP, STEPS, Calibration, Labelled, calibrate
from monitoring.methods.estimation.slopes import Sloped, measured

METHOD = "estimated, CBPE"
#: Chunks that are computed at once: a year of days at once would take a gigabyte.
_BLOCK = 128


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows to estimate for. days: rows of each day in it."""

    scores: ScoreCells
    days: tuple[int, ...]

    @classmethod
    def of(cls, days: Sequence[ScoreCells]) -> Chunk:
        """Join days."""
        return cls(ScoreCells.total(days), tuple(int(day.counts.sum()) for day in days))

    def labelled(self) -> Chunk:
        """Return the rows whose label is known; what each day has of them is not kept apart."""
        known = self.scores.label != UNKNOWN
        scores = ScoreCells(
            self.scores.keys[known], self.scores.counts[known], self.scores.totals[known]
        )
        share = float(scores.counts.sum()) / max(sum(self.days), 1)
        return Chunk(scores, tuple(round(n * share) for n in self.days))


@dataclass(frozen=True, eq=False)
class _Steps:
    """Chunks as arrays of shape (chunks, 2, STEPS), by prediction and steps of cells.

    rows. expected: positive ones given their probabilities, variance: of their number. positive:
    those whose label is. score: mean.
    """

    rows: Floats
    expected: Floats
    variance: Floats
    positive: Floats
    score: Floats

    @classmethod
    def of(cls, several: Sequence[ScoreCells], curves: Sequence[Floats | None]) -> _Steps:
        """Add up cells; `curves` has the probability at each cell by chunk, None for the score itself."""
        sums = np.zeros((5, len(several), 2 * STEPS))
        for at, (scores, curve) in enumerate(zip(several, curves, strict=True)):
            place = scores.predicted * STEPS + scores.cell // STEP
            counts = scores.counts.astype(np.float64)
            p = scores.totals / counts if curve is None else curve[scores.cell]
            hits = counts * (scores.label == POSITIVE)
            parts = (counts, counts * p, counts * p * (1 - p), hits, scores.totals)
            for total, weights in zip(sums, parts, strict=True):
                total[at] = np.bincount(place, weights=weights, minlength=2 * STEPS)
        rows, *rest, totals = sums.reshape(5, len(several), 2, STEPS)
        score = np.divide(totals, rows, out=np.full_like(totals, 0.5), where=rows > 0)
        expected, variance, positive = rest
        return cls(rows, expected, variance, positive, score)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was learned on the reference."""

    calibration: Calibration
    scatters: Mapping[str, Scatter]
    positives: int
    rows: int

    def estimate(self, chunks: Sequence[Chunk]) -> list[dict[str, Estimate]]:
        """Return the estimates of each chunk by metric, with their bands."""
        found: list[dict[str, Estimate]] = []
        for start in range(0, len(chunks), _BLOCK):
            found += self._block(chunks[start : start + _BLOCK])
        return found

    def _block(self, chunks: Sequence[Chunk]) -> list[dict[str, Estimate]]:
        curves = [self.calibration.curve] * len(chunks)
        steps = _Steps.of([chunk.scores for chunk in chunks], curves)
        metrics = measured(steps.rows, steps.expected, steps.score)
        label = _label_errors(metrics, steps.variance)
        fit = _fit_errors(metrics, steps.rows, self.calibration.deviations)
        positive, predicted = steps.expected.sum(axis=(1, 2)), steps.rows.sum(axis=2)
        rows = predicted.sum(axis=1)
        return [
            {
                name: Estimate(
                    metric=name,
                    value=float(metric.value[at]),
                    label_error=float(label[name][at]),
                    fit_error=float(fit[name][at]),
                    day_error=self.scatters[name].over(chunk.days),
                    rows=sum(chunk.days),
                    degrees=self.scatters[name].degrees,
                    labelled=(float(rows[at] - positive[at]), float(positive[at])),
                    predicted=tuple(predicted[at].tolist()),
                )
                for name, metric in metrics.items()
            }
            for at, chunk in enumerate(chunks)
        ]


def realized(chunks: Sequence[Chunk]) -> list[dict[str, float]]:
    """Return each metric of chunks whose rows all have a label, by the same formulas."""
    found: list[dict[str, float]] = []
    for start in range(0, len(chunks), _BLOCK):
        block = chunks[start : start + _BLOCK]
        steps = _Steps.of([chunk.scores for chunk in block], [None] * len(block))
        metrics = measured(steps.rows, steps.positive, steps.score)
        found += [
            {name: float(metric.value[at]) for name, metric in metrics.items()}
            for at in range(len(block))
        ]
    return found


def fit(reference: Sequence[ScoreCells], *, seed: int = 0) -> Fitted:
    """Learn from the labelled reference.

    Args:
        reference: Scores of the positive class, by day in time order; of one part if not by day.
    """
    labelled = Labelled.of(reference, seed=seed)
    calibration = calibrate(labelled, seed=seed)
    return Fitted(
        calibration,
        _scatters(reference, labelled, calibration),
        int(labelled.positive.sum()),
        int(labelled.rows.sum()),
    )


def _scatters(
    reference: Sequence[ScoreCells], labelled: Labelled, calibration: Calibration
) -> dict[str, Scatter]:
    """Hold each day of the reference to what the other days say of it."""
    if not labelled.is_by_day:
        return dict.fromkeys(_names(), Scatter())
    curves: list[Floats | None] = [None] * len(reference)
    if calibration.folds is not None:
        curves = list(calibration.folds[labelled.fold])
    steps = _Steps.of([Chunk(day, ()).labelled().scores for day in reference], curves)
    expected = measured(steps.rows, steps.expected, steps.score)
    seen = measured(steps.rows, steps.positive, steps.score)
    errors = _label_errors(expected, steps.variance)
    enough = steps.rows.sum(axis=(1, 2)) > 0
    return {
        name: scatter((seen[name].value - expected[name].value)[enough], errors[name][enough])
        for name in expected
    }


def _names() -> list[str]:
    return list(measured(*(np.ones((1, 2, 1)) / n for n in (1, 2, 2))))


def _label_errors(metrics: Mapping[str, Sloped], variance: Floats) -> dict[str, Floats]:
    """Return what labels do by chance, given their probabilities; `variance` by prediction and cell."""
    sums = variance.sum(axis=2, keepdims=True)
    return {
        name: np.sqrt(
            (metric.slope**2 * (sums if metric.slope.shape[2] == 1 else variance)).sum(axis=(1, 2))
        )
        for name, metric in metrics.items()
    }


def _fit_errors(
    metrics: Mapping[str, Sloped], rows: Floats, deviations: Floats
) -> dict[str, Floats]:
    """Return what the finite reference leaves unknown: the metric's spread over the replicates."""
    moved = rows @ deviations.T
    found = {}
    for name, metric in metrics.items():
        if metric.slope.shape[2] == 1:
            shift = (metric.slope * moved).sum(axis=1)
        else:
            shift = (metric.slope * rows).sum(axis=1) @ deviations.T
        found[name] = np.sqrt(np.square(shift).mean(axis=1))
    return found
