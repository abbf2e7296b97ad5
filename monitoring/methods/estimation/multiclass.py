"""CBPE for more than two classes, row by row: labels of a row exclude each other.

As for two classes (`cbpe`), with one step more: all classes are first scaled together (`scaling`),
then each is calibrated against the rest. The probabilities of a row then need not sum to 1, and they
are left so: bringing them to 1, as NannyML does, would undo the calibration. Only the chance in the
labels is computed from probabilities that do. Metrics are means over classes, as realized.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.counting.totals.outcomes import (
    CELLS,
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    ScoreCells,
    score_cell,
)
from monitoring.methods.estimation.band import Estimate, Scatter, scatter
from monitoring.methods.estimation.calibration import (
    STEP,
    STEPS,
    Calibration,
    Labelled,
    calibrate,
    draw,
)
from monitoring.methods.estimation.scaling import Scaling, scaling
from monitoring.methods.estimation.slopes import (
    EPSILON,
    Sloped,
    area_under_curve,
    average_precision,
)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows to estimate for.

    scores: shape (n, classes). predicted: code of the class. label: code, -1 while unknown.
    days: rows of each day in it.
    """

    scores: Floats
    predicted: Index
    label: Index
    days: tuple[int, ...]

    @classmethod
    def of(cls, several: Sequence[Chunk]) -> Chunk:
        """Join days."""
        return cls(
            np.concatenate([each.scores for each in several]),
            np.concatenate([each.predicted for each in several]),
            np.concatenate([each.label for each in several]),
            tuple(n for each in several for n in each.days),
        )

    def labelled(self) -> Chunk:
        """Return the rows whose label is known; what each day has of them is not kept apart."""
        known = self.label >= 0
        share = float(known.mean()) if len(known) else 0.0
        days = tuple(round(n * share) for n in self.days)
        return Chunk(self.scores[known], self.predicted[known], self.label[known], days)

    @property
    def truth(self) -> Floats:
        """1 at the label of each row, shape (n, classes)."""
        return np.eye(self.scores.shape[1])[self.label]

    def cells(self, scaled: Floats) -> list[ScoreCells]:
        """Return the scaled scores of each class against the rest."""
        found = []
        for k in range(self.scores.shape[1]):
            state = np.where(self.label < 0, UNKNOWN, np.where(self.label == k, POSITIVE, NEGATIVE))
            found.append(ScoreCells.of(scaled[:, k], self.predicted == k, state.astype(np.int8)))
        return found


@dataclass(frozen=True, eq=False)
class _Slope:
    """A metric of one chunk and its slopes in the probability of each class of a row.

    hit, miss: for the class that was predicted and for the others, shape (classes,); or else
    rows: of each row, shape (n, classes).
    """

    value: float
    hit: Floats | None = None
    miss: Floats | None = None
    rows: Floats | None = None


def _measured(chunk: Chunk, p: Floats) -> Iterator[tuple[str, _Slope]]:
    """Yield each metric; `p` are the probabilities of the labels, or 0 and 1 for the realized value."""
    n, k = p.shape
    own = p[np.arange(n), chunk.predicted]
    tp = np.bincount(chunk.predicted, weights=own, minlength=k).astype(np.float64)
    predicted = np.bincount(chunk.predicted, minlength=k).astype(np.float64)
    yield from _confusion(tp, predicted, p.sum(axis=0))
    yield from _ranking(chunk, p)
    inside = -np.log(np.clip(chunk.scores, EPSILON, 1 - EPSILON))
    squares = np.square(chunk.scores).sum(axis=1, keepdims=True) + 1 - 2 * chunk.scores
    for name, loss in (("log_loss", inside), ("brier_score", squares)):
        yield name, _Slope(float((p * loss).sum()) / n, rows=loss / n)


def _confusion(tp: Floats, predicted: Floats, positive: Floats) -> Iterator[tuple[str, _Slope]]:
    n, k = float(predicted.sum()), len(tp)
    one, none = np.ones(k), np.zeros(k)
    yield "accuracy", _Slope(float(tp.sum()) / n, one / n, none)
    precision, recall = _ratio(tp, predicted), _ratio(tp, positive)
    fewer = -_ratio(recall, positive) / k
    recalled = _Slope(float(recall.mean()), _ratio(one, positive) / k + fewer, fewer)
    yield "balanced_accuracy", recalled
    yield "precision", _Slope(float(precision.mean()), _ratio(one, predicted) / k, none)
    yield "recall", recalled
    f1 = _ratio(2 * tp, predicted + positive)
    less = -_ratio(f1, predicted + positive) / k
    yield (
        "f1_score",
        _Slope(float(f1.mean()), _ratio(2 * one, predicted + positive) / k + less, less),
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _ranking(chunk: Chunk, p: Floats) -> Iterator[tuple[str, _Slope]]:
    """Each class against the rest, weighted by its share of the labels."""
    n, k = p.shape
    cell = score_cell(chunk.scores)
    parts: dict[str, list[Sloped]] = {"auc_weighted": [], "average_precision": []}
    for each in range(k):
        rows = np.bincount(cell[:, each], minlength=CELLS).astype(np.float64)[None, :]
        positive = np.bincount(cell[:, each], weights=p[:, each], minlength=CELLS)[None, :].astype(
            np.float64
        )
        parts["auc_weighted"].append(area_under_curve(rows, positive))
        parts["average_precision"].append(average_precision(rows, positive))
    share = p.mean(axis=0)
    for name, found in parts.items():
        values = np.array([float(each.value[0]) for each in found])
        slopes = np.column_stack([found[at].slope[0, cell[:, at]] for at in range(k)])
        value = float(share @ values)
        yield name, _Slope(value, rows=slopes * share + (values - value) / n)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was learned on the reference; calibrations by class."""

    scaling: Scaling | None
    calibrations: tuple[Calibration, ...]
    scatters: Mapping[str, Scatter]
    positives: tuple[int, ...]
    rows: int

    @property
    def calibration(self) -> Calibration:
        """The calibration that is off by most."""
        return max(self.calibrations, key=lambda each: each.error - each.noise)

    def estimate(self, chunks: Sequence[Chunk]) -> list[dict[str, Estimate]]:
        """Return the estimates of each chunk by metric, with their bands."""
        return [self._one(chunk) for chunk in chunks]

    def _one(self, chunk: Chunk) -> dict[str, Estimate]:
        scaled = _scaled(chunk.scores, self.scaling)
        cell = score_cell(scaled)
        p = _probabilities(scaled, cell, [each.curve for each in self.calibrations])
        predicted = np.bincount(chunk.predicted, minlength=p.shape[1])
        one, moved = _exclusive(p), _moved(chunk, cell, self.calibrations)
        found = {}
        for name, slope in _measured(chunk, p):
            found[name] = Estimate(
                metric=name,
                value=slope.value,
                label_error=_label_error(slope, one, chunk.predicted),
                fit_error=_fit_error(slope, cell, moved, self.calibrations),
                day_error=self.scatters[name].over(chunk.days),
                rows=len(p),
                degrees=self.scatters[name].degrees,
                labelled=tuple(p.sum(axis=0).tolist()),
                predicted=tuple(predicted.tolist()),
            )
        return found


def realized(chunks: Sequence[Chunk]) -> list[dict[str, float]]:
    """Return each metric of chunks whose rows all have a label, by the same formulas."""
    return [
        {name: slope.value for name, slope in _measured(chunk, chunk.truth)} for chunk in chunks
    ]


def fit(reference: Sequence[Chunk], *, seed: int = 0) -> Fitted:
    """Learn from the labelled reference, by day in time order; of one part if not by day."""
    days = [chunk.labelled() for chunk in reference]
    whole = Chunk.of(days)
    part = np.repeat(np.arange(len(days)), [len(day.label) for day in days])
    scale = scaling(whole.scores, whole.label, part)
    scaled = [_scaled(day.scores, scale) for day in days]
    cells = [day.cells(each) for day, each in zip(days, scaled, strict=True)]
    by_class = list(zip(*cells, strict=True))
    labelled = [Labelled.of(each, seed=seed + k) for k, each in enumerate(by_class)]
    draws = draw(labelled[0], seed)
    calibrations = tuple(calibrate(each, draws=draws, seed=seed) for each in labelled)
    return Fitted(
        scale,
        calibrations,
        _scatters(days, scaled, labelled[0], calibrations),
        tuple(int(each.positive.sum()) for each in labelled),
        int(labelled[0].rows.sum()),
    )


def _scatters(
    days: Sequence[Chunk],
    scaled: Sequence[Floats],
    labelled: Labelled,
    calibrations: Sequence[Calibration],
) -> dict[str, Scatter]:
    """Hold each day of the reference to what the other days say of it."""
    gaps: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for day, scores, fold in zip(days, scaled, labelled.fold, strict=False):
        if not len(day.label):
            continue
        curves = [None if each.folds is None else each.folds[fold] for each in calibrations]
        p = _probabilities(scores, score_cell(scores), curves)
        one = _exclusive(p)
        seen = {name: slope.value for name, slope in _measured(day, day.truth)}
        for name, slope in _measured(day, p):
            gaps.setdefault(name, []).append(seen[name] - slope.value)
            errors.setdefault(name, []).append(_label_error(slope, one, day.predicted))
    if not labelled.is_by_day:
        return dict.fromkeys(gaps, Scatter())
    return {name: scatter(np.array(gaps[name]), np.array(errors[name])) for name in gaps}


def _scaled(scores: Floats, scale: Scaling | None) -> Floats:
    return scores if scale is None else scale.apply(scores)


def _probabilities(scores: Floats, cell: Index, curves: Sequence[Floats | None]) -> Floats:
    """Return the probability of each class against the rest, shape (n, classes)."""
    p = scores.copy()
    for k, curve in enumerate(curves):
        if curve is not None:
            p[:, k] = curve[cell[:, k]]
    return p


def _exclusive(p: Floats) -> Floats:
    """Return probabilities of which each row sums to 1."""
    total = p.sum(axis=1, keepdims=True)
    found: Floats = np.divide(p, total, out=np.full_like(p, 1 / p.shape[1]), where=total > 0)
    return found


def _label_error(slope: _Slope, p: Floats, predicted: Index) -> float:
    """Return what labels do by chance: the standard deviation of the slope of the class that comes up."""
    if slope.rows is not None:
        mean, square = (p * slope.rows).sum(axis=1), (p * slope.rows**2).sum(axis=1)
    else:
        assert slope.hit is not None and slope.miss is not None  # noqa: S101, PT018 - one or the other
        own, hit, miss = (
            p[np.arange(len(p)), predicted],
            slope.hit[predicted],
            slope.miss[predicted],
        )
        mean = p @ slope.miss + own * (hit - miss)
        square = p @ slope.miss**2 + own * (hit**2 - miss**2)
    return float(np.sqrt(np.maximum(square - mean**2, 0.0).sum()))


def _moved(chunk: Chunk, cell: Index, calibrations: Sequence[Calibration]) -> tuple[Floats, Floats]:
    """Return how far each replicate moves the expected labels of each class.

    Of rows predicted to be the class, and of the others; each of shape (replicates, classes).
    """
    hits, others = [], []
    for k, calibration in enumerate(calibrations):
        own = chunk.predicted == k
        one = np.bincount(cell[own, k] // STEP, minlength=STEPS).astype(np.float64)
        rest = np.bincount(cell[~own, k] // STEP, minlength=STEPS).astype(np.float64)
        hits.append(calibration.deviations @ one)
        others.append(calibration.deviations @ rest)
    return np.column_stack(hits), np.column_stack(others)


def _fit_error(
    slope: _Slope,
    cell: Index,
    moved: tuple[Floats, Floats],
    calibrations: Sequence[Calibration],
) -> float:
    """Return what the finite reference leaves unknown: the metric's spread over the replicates."""
    if slope.rows is None:
        assert slope.hit is not None and slope.miss is not None  # noqa: S101, PT018 - one or the other
        shift = moved[0] @ slope.hit + moved[1] @ slope.miss
    else:
        shift = np.zeros(len(moved[0]))
        for k, calibration in enumerate(calibrations):
            weight = np.bincount(cell[:, k] // STEP, weights=slope.rows[:, k], minlength=STEPS)
            shift += calibration.deviations @ weight
    return float(np.sqrt(np.square(shift).mean()))
