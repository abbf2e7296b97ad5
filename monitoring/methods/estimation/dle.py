"""DLE: direct loss estimation for regressions, a model of the error itself.

Gradient-boosted trees learn the absolute and the squared error from features and prediction on the
labelled reference, on days held out in turn; what they say of rows they have not seen is calibrated
(isotonic). The estimate for a chunk is the mean. The band holds the scatter of errors around their
expectation, the fit (bootstrap of the calibration, jackknife over the held-out fits), and days that
scatter beyond both. It assumes that errors depend on features and prediction as on the reference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.counting.rows import Column, Labels, Rows
from monitoring.methods.estimation.band import LEAST_DAYS, Estimate, Scatter, scatter
from monitoring.methods.estimation.calibration import FOLDS, REPLICATES, isotonic
from monitoring.methods.multivariate.encoding import Frequencies

METHOD = "estimated, DLE"
#: Steps of expected error that calibration works on.
STEPS = 100
#: More rows of the reference than this cost time and change little.
MOST_ROWS = 20_000
LOSSES = {"absolute": np.abs, "squared": np.square}


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows to estimate for.

    rows: features and prediction. error: prediction - label, NaN while unknown. days: rows of each
    day in it.
    """

    rows: Rows
    error: Floats
    days: tuple[int, ...]

    @classmethod
    def of(cls, several: Sequence[Chunk]) -> Chunk:
        """Join days."""
        return cls(
            joined([each.rows for each in several]),
            np.concatenate([each.error for each in several]),
            tuple(n for each in several for n in each.days),
        )

    def labelled(self) -> Chunk:
        """Return the rows whose label is known; what each day has of them is not kept apart."""
        known = np.isfinite(self.error)
        share = float(known.mean()) if len(known) else 0.0
        days = tuple(round(n * share) for n in self.days)
        return Chunk(self.rows.take(np.flatnonzero(known)), self.error[known], days)


def joined(several: Sequence[Rows]) -> Rows:
    """Return rows of several days, which have the same columns, as one."""
    columns: dict[str, Column] = {}
    for name in several[0].names:
        if name in several[0].categorical:
            texts = [text for rows in several for text in rows.labels(name).texts().tolist()]
            columns[name] = Labels.of(texts)
        else:
            columns[name] = np.concatenate([rows.numbers(name) for rows in several])
    return Rows(columns, sum(rows.n for rows in several), sum(rows.total for rows in several))


@dataclass(frozen=True, eq=False)
class _Loss:
    """What was learned of one kind of loss.

    models: without each fold. edges: of the steps of what they say. mean, variance: of the loss at
    each step. deviations: of `mean`, had the reference been another, shape (replicates, steps).
    """

    models: tuple[Any, ...]
    edges: Floats
    mean: Floats
    variance: Floats
    deviations: Floats

    def estimate(self, matrix: Floats) -> tuple[float, float, float]:
        """Return the mean loss of rows, its error by chance and that of the fit."""
        steps = [np.searchsorted(self.edges, model.predict(matrix)) for model in self.models]
        means = np.array([self.mean[step].mean() for step in steps])
        place = np.concatenate(steps)
        weight = np.bincount(place, minlength=len(self.mean)) / len(place)
        chance = math.sqrt(float(weight @ self.variance) / len(matrix))
        folds = len(self.models)
        # Delete-a-group jackknife: each model has missed one fold.
        jackknife = (folds - 1) / folds * float(np.square(means - means.mean()).sum())
        curve = float(np.square(self.deviations @ weight).mean())
        return float(means.mean()), chance, math.sqrt(jackknife + curve)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was learned on the reference.

    explained: share of the variance of |error| that the trees explain on rows they have not seen.
    bias: mean of |error| minus what was expected of it there.
    """

    frequencies: Frequencies
    losses: Mapping[str, _Loss]
    scatters: Mapping[str, Scatter]
    rows: int
    explained: float
    bias: float

    def estimate(self, chunks: Sequence[Chunk]) -> list[dict[str, Estimate]]:
        """Return the estimates of each chunk by metric, with their bands."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

        # On a busy machine its threads would wait for each other.
        with threadpool_limits(limits=1):
            return [self._one(chunk) for chunk in chunks]

    def _one(self, chunk: Chunk) -> dict[str, Estimate]:
        matrix = self.frequencies.matrix(chunk.rows)
        found = {}
        absolute = self.losses["absolute"].estimate(matrix)
        squared = self.losses["squared"].estimate(matrix)
        root = math.sqrt(max(squared[0], 0.0))
        half = 1 / (2 * root) if root else 0.0
        for name, (value, chance, fit) in (
            ("mean_absolute_error", absolute),
            ("mean_squared_error", squared),
            ("root_mean_squared_error", (root, squared[1] * half, squared[2] * half)),
        ):
            days = self.scatters[name]
            found[name] = Estimate(
                name, value, chance, fit, days.over(chunk.days), len(matrix), days.degrees
            )
        return found


def realized(chunks: Sequence[Chunk]) -> list[dict[str, float]]:
    """Return each metric of chunks whose rows all have a label."""
    return [_metrics(chunk.error) for chunk in chunks]


def _metrics(error: Floats) -> dict[str, float]:
    squared = float(np.square(error).mean())
    return {
        "mean_absolute_error": float(np.abs(error).mean()),
        "mean_squared_error": squared,
        "root_mean_squared_error": math.sqrt(squared),
    }


def fit(reference: Chunk, day: Index, *, seed: int = 0) -> Fitted:
    """Learn from the labelled reference.

    Args:
        reference: Rows with a label.
        day: Number of the day of each row, from 0, shape (n,); all 0 if not by day.
    """
    frequencies = Frequencies.learn(reference.rows)
    matrix = frequencies.matrix(reference.rows)
    days = int(day.max()) + 1
    part = day if days >= LEAST_DAYS else np.arange(len(day)) % (FOLDS * 20)
    said = {name: _held_out(matrix, loss(reference.error), part % FOLDS) for name, loss in LOSSES.items()}  # fmt: skip
    losses = {
        name: _learned(*said[name], loss(reference.error), part, seed)
        for name, loss in LOSSES.items()
    }
    expected = {
        name: losses[name].mean[np.searchsorted(losses[name].edges, said[name][1])] for name in said
    }
    absolute = np.abs(reference.error)
    residual = absolute - expected["absolute"]
    return Fitted(
        frequencies,
        losses,
        _scatters(reference.error, expected, losses, said, day if days >= LEAST_DAYS else None),
        len(day),
        1 - float(residual.var()) / max(float(absolute.var()), 1e-300),
        float(residual.mean()),
    )


def _held_out(matrix: Floats, loss: Floats, fold: Index) -> tuple[tuple[Any, ...], Floats]:
    """Return a model without each fold, and what each says of the fold it has not seen."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - a second
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    said, models = np.empty(len(loss)), []
    with threadpool_limits(limits=1):
        for each in np.unique(fold):
            out = fold == each
            model = HistGradientBoostingRegressor(
                max_iter=60, max_leaf_nodes=12, min_samples_leaf=30, early_stopping=False
            )
            model.fit(matrix[~out], loss[~out])
            said[out] = model.predict(matrix[out])
            models.append(model)
    return tuple(models), said


def _learned(models: tuple[Any, ...], said: Floats, loss: Floats, part: Index, seed: int) -> _Loss:
    edges = np.unique(np.quantile(said, np.linspace(0, 1, STEPS + 1)[1:-1]))
    step = np.searchsorted(edges, said)
    steps, parts = len(edges) + 1, int(part.max()) + 1
    place = part * steps + step
    rows = np.bincount(place, minlength=parts * steps).reshape(parts, steps).astype(np.float64)
    total = np.bincount(place, weights=loss, minlength=parts * steps).reshape(parts, steps) * 1.0
    mean = isotonic(rows.sum(axis=0), total.sum(axis=0))
    squares = np.bincount(step, weights=np.square(loss - mean[step]), minlength=steps).astype(
        np.float64
    )
    random = np.random.default_rng(seed)
    draws = random.multinomial(parts, np.full(parts, 1 / parts), size=REPLICATES) * 1.0
    curves = np.stack([isotonic(draw @ rows, draw @ total) for draw in draws])
    return _Loss(
        models, edges, mean, isotonic(rows.sum(axis=0), squares), curves - curves.mean(axis=0)
    )


def _scatters(
    error: Floats,
    expected: Mapping[str, Floats],
    losses: Mapping[str, _Loss],
    said: Mapping[str, tuple[tuple[Any, ...], Floats]],
    day: Index | None,
) -> dict[str, Scatter]:
    """Hold each day of the reference to what the other days say of it."""
    if day is None:
        return dict.fromkeys(_metrics(np.zeros(1)), Scatter())
    gaps: dict[str, list[float]] = {name: [] for name in _metrics(np.zeros(1))}
    errors: dict[str, list[float]] = {name: [] for name in gaps}
    variance = {
        name: loss.variance[np.searchsorted(loss.edges, said[name][1])]
        for name, loss in losses.items()
    }
    for each in np.unique(day):
        own = day == each
        n, seen = int(own.sum()), _metrics(error[own])
        squared = float(expected["squared"][own].mean())
        root = math.sqrt(max(squared, 0.0))
        chance = {name: math.sqrt(float(var[own].mean()) / n) for name, var in variance.items()}
        half = 1 / (2 * root) if root else 0.0
        for name, value, own_error in (
            ("mean_absolute_error", float(expected["absolute"][own].mean()), chance["absolute"]),
            ("mean_squared_error", squared, chance["squared"]),
            ("root_mean_squared_error", root, chance["squared"] * half),
        ):
            gaps[name].append(seen[name] - value)
            errors[name].append(own_error)
    return {name: scatter(np.array(gaps[name]), np.array(errors[name])) for name in gaps}
