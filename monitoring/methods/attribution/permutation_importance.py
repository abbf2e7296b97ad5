"""Permutation importance of a model's output: how much an answer changes when a feature is shuffled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.rows import Column, Labels, Rows
from monitoring.metric import Interval
from monitoring.progress import Progress
from monitoring.statistics.intervals import Z

#: Rows that the model is asked about, and how often each feature is shuffled.
MOST_ROWS = 2_000
SHUFFLES = 3
#: The model is asked about many shuffled copies in one call: a call costs more than its rows.
ROWS_AT_ONCE = 30_000

#: A model's output for rows, shape (rows, outputs).
Predict = Callable[[Rows], Floats]


@dataclass(frozen=True, eq=False)
class Importances:
    """What a model relies on for some rows.

    changes: shape (rows, features), by how much each row's answer moved on average when a feature
    was shuffled, in the units of the answer.
    """

    features: tuple[str, ...]
    changes: Floats

    @property
    def means(self) -> Floats:
        """The importances, shape (features,)."""
        return np.asarray(self.changes.mean(axis=0), dtype=np.float64)

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """The 95 % interval of each."""
        n = len(self.changes)
        half = Z * self.changes.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else self.means
        return tuple(
            Interval(max(float(v - h), 0.0), float(v + h))
            for v, h in zip(self.means, half, strict=True)
        )

    def draws(self, count: int, rows: int, *, seed: int) -> Floats:
        """Return importances of samples of so many rows drawn from these, shape (count, features).

        Poisson bootstrap: each row is drawn a Poisson number of times, which is four times as fast as
        exactly so many rows.

        Source:
            Chamandy et al. (2012), Estimating uncertainty for massive data streams, section 3.
        """
        n = len(self.changes)
        weights = np.random.default_rng(seed).poisson(rows / n, (count, n)).astype(np.float64)
        drawn: Floats = weights @ self.changes / np.maximum(weights.sum(axis=1), 1.0)[:, None]
        return drawn


def permutation_importance(
    predict: Predict,
    rows: Rows,
    *,
    seed: int = 0,
    shuffles: int = SHUFFLES,
    progress: Progress | None = None,
) -> Importances:
    """Return the mean absolute change of a model's output when a feature is shuffled among the rows.

    No labels are needed: it says what the model relies on, not whether that is right. The output is
    the predicted number; for a classifier its probabilities, of which half the sum of absolute
    changes counts (0 none, 1 all). Shuffled features are taken one at a time, so that two features
    that carry the same may both seem of little use.

    Source:
        Fisher, Rudin and Dominici (2019), arXiv 1801.01489, with the change of the output in place
        of the change of the loss.

    >>> rows = Rows.of({"x": np.array([0.0, 1.0]), "z": np.array([5.0, 7.0])})
    >>> found = permutation_importance(lambda rows: rows.numbers("x")[:, None], rows)
    >>> float(found.means[1])  # z is not used
    0.0
    """
    rows = rows.spread(MOST_ROWS)
    random = np.random.default_rng(seed)
    base = predict(rows)
    scale = 1.0 if base.shape[1] == 1 else 0.5
    changes = np.zeros((rows.n, len(rows.names)))
    at_once = max(ROWS_AT_ONCE // max(rows.n * shuffles, 1), 1)
    for first in range(0, len(rows.names), at_once):
        names = rows.names[first : first + at_once]
        if progress:
            progress(first / len(rows.names), f"Shuffling {names[0]}")
        other = predict(_shuffled(rows, names, shuffles, random))
        moved = other.reshape(len(names), shuffles, *base.shape) - base
        changes[:, first : first + len(names)] = scale * np.abs(moved).sum(axis=3).mean(axis=1).T
    return Importances(rows.names, changes)


def _shuffled(
    rows: Rows, names: tuple[str, ...], shuffles: int, random: np.random.Generator
) -> Rows:
    """Return the rows `shuffles` times for each name, one after the other, with that column shuffled."""
    copies = len(names) * shuffles
    source = np.tile(np.arange(rows.n), (copies, 1))
    mixed = random.permuted(source, axis=1)
    columns: dict[str, Column] = {}
    for name, column in rows.columns.items():
        index = source.copy()
        if name in names:
            first = names.index(name) * shuffles
            index[first : first + shuffles] = mixed[first : first + shuffles]
        flat = index.ravel()
        columns[name] = (
            Labels(column.codes[flat], column.labels)
            if isinstance(column, Labels)
            else column[flat]
        )
    return Rows(columns, source.size, rows.total)
