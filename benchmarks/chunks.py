"""Synthetic references and chunks without concept drift, to hold the bands of estimates to.

Labels depend on the features in one way throughout. Chunks come in several sizes, and their features
move inside the support of the reference: means by up to about 0.8 standard deviations, spreads down
to 0.7. Models are calibrated, too sure of themselves, biased, or bent. `broken` moves a feature by
five standard deviations, and turns the correlation of two others around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.rows import Rows
from monitoring.counting.totals.outcomes import ScoreCells
from monitoring.methods.estimation import cbpe, dle, multiclass
from monitoring.methods.estimation.support import Support

FEATURES, CLASSES, DAYS = 4, 4, 20
REFERENCE_ROWS = (4_000, 8_000)
SIZES = (200, 500, 1_000, 2_000)
#: Rows of a chunk that its support is judged on.
LOOKED_AT = 200
_BETA = np.array([1.2, 0.8, -0.6, 0.3])
_RELATED = 0.95


@dataclass(frozen=True, slots=True)
class Outcome:
    """One chunk: how far each metric's realized value was, and whether its band held it.

    refused, refused_broken: of the chunk and of one of its size whose support is broken.
    """

    model: str
    rows: int
    held: dict[str, bool]
    surprise: dict[str, float]
    refused: bool
    refused_broken: bool


def features(random: np.random.Generator, rows: int, *, moved: bool = False) -> Floats:
    """Return rows of features, the last two related, shape (rows, FEATURES)."""
    x = random.normal(size=(rows, FEATURES))
    x[:, 3] = _RELATED * x[:, 2] + np.sqrt(1 - _RELATED**2) * x[:, 3]
    if moved:
        x = x * random.uniform(0.7, 1.0)
        x[:, :2] += random.normal(size=2) * 0.4
    return x


def broken(random: np.random.Generator, rows: int) -> Floats:
    """Return rows that the reference has none of."""
    x = features(random, rows)
    if random.random() < 0.5:
        x[:, int(random.integers(FEATURES))] += 5.0
    else:
        x[:, 3] = -2 * x[:, 2] + 0.3 * x[:, 3]
    return x


def _logistic(z: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-z))
    return found


def _binary(random: np.random.Generator, x: Floats, model: str) -> cbpe.Chunk:
    z = x @ _BETA
    score = {
        "calibrated": _logistic(z),
        "too sure": _logistic(2.2 * z),
        "biased": _logistic(0.7 * z + 0.8),
        "bent": _logistic(z) ** 2,
    }[model]
    label = (random.random(len(x)) < _logistic(z)).astype(np.int8)
    return cbpe.Chunk.of([ScoreCells.of(score, score >= 0.5, label)])


def _softmax(z: Floats) -> Floats:
    raised = np.exp(z - z.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found


_WEIGHTS = np.random.default_rng(7).normal(size=(FEATURES, CLASSES)) * 1.3


def _classes(random: np.random.Generator, x: Floats, model: str) -> multiclass.Chunk:
    z = x @ _WEIGHTS
    p = _softmax(z)
    score = _softmax({"calibrated": 1.0, "too sure": 2.0, "unsure": 0.6}[model] * z)
    label = (random.random((len(x), 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, CLASSES - 1)
    return multiclass.Chunk(score, score.argmax(axis=1), label, (len(x),))


def _errors(random: np.random.Generator, x: Floats, model: str) -> dle.Chunk:
    spread = np.exp(0.5 * x[:, 0]) if model == "uneven" else np.ones(len(x))
    error = spread * random.normal(size=len(x))
    if model == "bent":
        error += 0.6 * np.square(x[:, 1])
    columns = {**_columns(x), "prediction": x @ _BETA}
    return dle.Chunk(Rows.of(columns), error, (len(x),))


def _columns(x: Floats) -> dict[str, Floats]:
    return {f"x{at}": x[:, at] for at in range(x.shape[1])}


def _fit_errors(days: list[dle.Chunk]) -> dle.Fitted:
    day = np.repeat(np.arange(len(days)), [len(each.error) for each in days])
    return dle.fit(dle.Chunk.of(days), day)


@dataclass(frozen=True, slots=True)
class Task:
    """How a task's chunks are made, learned from and looked up."""

    models: tuple[str, ...]
    make: Callable[[np.random.Generator, Floats, str], Any]
    fit: Callable[[list[Any]], Any]
    realized: Callable[[list[Any]], list[dict[str, float]]]


TASKS = {
    "binary": Task(
        ("calibrated", "too sure", "biased", "bent"),
        _binary,
        lambda days: cbpe.fit([day.scores for day in days]),
        cbpe.realized,
    ),
    "multiclass": Task(
        ("calibrated", "too sure", "unsure"), _classes, multiclass.fit, multiclass.realized
    ),
    "regression": Task(("even", "uneven", "bent"), _errors, _fit_errors, dle.realized),
}


def outcomes(name: str, number: int, *, each: int = 5, seed: int = 2013) -> Iterator[Outcome]:
    """Yield `number` chunks of a task, each held against its band.

    Args:
        name: Of the task.
        number: Of chunks.
        each: So many for each reference; more references say more than more chunks, and cost more.
        seed: Of everything.
    """
    task, random = TASKS[name], np.random.default_rng(seed)
    models, sizes = cycle(task.models), cycle(REFERENCE_ROWS)
    for _ in range(-(-number // each)):
        model, rows = next(models), next(sizes)
        days = [features(random, rows // DAYS) for _ in range(DAYS)]
        fitted = task.fit([task.make(random, x, model) for x in days])
        support = Support.learn(Rows.of(_columns(np.concatenate(days))), None)
        inputs = [features(random, int(random.choice(SIZES)), moved=True) for _ in range(each)]
        chunks = [task.make(random, x, model) for x in inputs]
        held = zip(fitted.estimate(chunks), task.realized(chunks), inputs, strict=True)
        for estimates, realized, x in held:
            bands = {metric: found.interval() for metric, found in estimates.items()}
            yield Outcome(
                model,
                len(x),
                {m: band.low <= realized[m] <= band.high for m, band in bands.items()},
                {m: (realized[m] - e.value) / max(e.error, 1e-12) for m, e in estimates.items()},
                _refuses(support, x),
                _refuses(support, broken(random, len(x))),
            )


def _refuses(support: Support, x: Floats) -> bool:
    return float(support.outside(Rows.of(_columns(x[:LOOKED_AT]))).mean()) > support.limit
