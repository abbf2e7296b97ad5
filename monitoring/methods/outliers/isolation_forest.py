"""Isolation forest: rows that few random cuts set apart from the training data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.rows import Rows
from monitoring.methods.multivariate.encoding import Frequencies

#: Share of the training data that counts as outliers by definition.
CONTAMINATION = 0.01
TREES = 100


@dataclass(frozen=True, eq=False)
class Forest:
    """A forest fitted on one half of the training data, with the cut that the other half gives.

    cut: scores above it are outliers; about CONTAMINATION of the held-out half are. held_out: rows
    of that half. typical: median and spread of each feature, to say what is unusual about a row.
    """

    frequencies: Frequencies
    trees: Any
    cut: float
    held_out: int
    share: float
    median: Floats
    spread: Floats

    @classmethod
    def fit(cls, reference: Rows, *, seed: int = 0, contamination: float = CONTAMINATION) -> Forest:
        """Fit on every other row; nulls count as average, a category as how frequent it is.

        Source:
            Liu, Ting and Zhou (2008), doi:10.1109/ICDM.2008.17, by scikit-learn.
        """
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - slow to import

        frequencies = Frequencies.learn(reference)
        matrix = frequencies.matrix(reference)
        trees = IsolationForest(n_estimators=TREES, random_state=seed).fit(matrix[::2])
        scores = -trees.score_samples(matrix[1::2])
        cut = float(np.quantile(scores, 1 - contamination, method="higher"))
        low, median, high = np.quantile(matrix, [0.25, 0.5, 0.75], axis=0)
        spread = np.where(high > low, high - low, matrix.std(axis=0))
        share = float(np.mean(scores > cut))
        return cls(frequencies, trees, cut, len(scores), share, median, spread)

    def scores(self, rows: Rows) -> Floats:
        """Return each row's score: 1 is alone at once, about 0.4 is in the midst; shape (rows,)."""
        matrix = self.frequencies.matrix(rows)
        scores: Floats = -self.trees.score_samples(matrix)
        return scores

    def unusual(self, rows: Rows) -> tuple[list[str], Floats]:
        """Return each row's numerical feature that lies furthest from its median, and how far.

        In interquartile ranges of the training data; a feature that was constant there counts only
        if it has another value now. Without a numerical feature the names are empty.
        """
        names = tuple(self.frequencies.means)
        if not names:
            return [""] * rows.n, np.zeros(rows.n)
        spread = self.spread[: len(names)]
        away = np.abs(self.frequencies.matrix(rows) - self.median)[:, : len(names)]
        scaled = np.where(spread > 0, away / np.where(spread > 0, spread, 1), 0.0)
        scaled = np.where((spread == 0) & (away > 0), np.inf, scaled)
        place = scaled.argmax(axis=1)
        return [names[p] for p in place], scaled[np.arange(len(place)), place]
