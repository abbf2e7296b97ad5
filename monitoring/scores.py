"""Scores: how far predictions were from their labels, as sums that add up over windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitoring.metric import Interval, Worse
from monitoring.profile import Floats

Values: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums of a score per row, over the rows whose label has arrived.

    predictions: rows predicted. labelled: those with a label. total, squares: sums of the score and
    of its square over the labelled rows.
    """

    predictions: int
    labelled: int
    total: float
    squares: float

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.predictions + other.predictions,
            self.labelled + other.labelled,
            self.total + other.total,
            self.squares + other.squares,
        )

    @property
    def coverage(self) -> float | None:
        """Share of predictions whose label has arrived; None without predictions."""
        return self.labelled / self.predictions if self.predictions else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceMetric:
    """A mean of a score per row.

    name: Azure ML's, which is also the tag under which a registered model keeps its baseline.
    allowance: how much worse than the baseline it may get; a difference for shares, else a ratio.
    score: per row, from (predictions, labels), both of shape (n,). interval: 95 %, from sums.
    """

    name: str
    label: str
    unit: str
    worse: Worse
    allowance: float
    source: str
    score: Callable[[Values, Values], Floats]
    interval: Callable[[Scores], Interval]

    def scores(self, predictions: Values, labels: Values, *, unlabelled: int = 0) -> Scores:
        """Return the sums for rows that have a label, and count `unlabelled` more predictions."""
        row = self.score(predictions, labels)
        return Scores(
            len(row) + unlabelled, len(row), float(row.sum()), float(np.square(row).sum())
        )

    def threshold(self, baseline: float) -> float:
        """Return the value that is too bad, given the baseline's."""
        if self.worse == "lower":
            return baseline - self.allowance
        return baseline * (1 + self.allowance)
