"""Precision, recall, F1: ratios of sums of a confusion matrix, by class and averaged.

Each is right_k * n / (a_k * actual_k + b_k * predicted_k) with small whole numbers for n, a and b. Its
derivative by every cell of the matrix is written down, so the standard error of any average over
classes is exact to first order, whatever the number of classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.statistics.intervals import share_interval, wilson
from monitoring.statistics.performance import Performance

#: Right and wrong rows that each class gets before its variance is taken, so that a class of which
#: nothing went wrong yet is not taken for certain. Agresti and Coull (1998), doi:10.2307/2685469.
ADDED_ROWS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Rows of a confusion matrix, shape (K, K), by class: right, labelled so, predicted so."""

    matrix: Floats
    right: Floats
    actual: Floats
    predicted: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Sums:
        """Add up a matrix."""
        return cls(matrix, matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0))


@dataclass(frozen=True, slots=True)
class Ratio:
    """right * times / (actual * labelled so + predicted * predicted so), of each class."""

    name: str
    times: float
    actual: float
    predicted: float

    def values(self, sums: Sums) -> Floats:
        """Return it for each class, shape (K,); 0 where it is undefined, as Azure ML does."""
        # Where no row was labelled or predicted so, none is right: any divisor gives 0.
        found: Floats = self.times * sums.right / np.maximum(self.rows(sums), 1.0)
        return found

    def rows(self, sums: Sums) -> Floats:
        """Return the denominator for each class, shape (K,)."""
        found: Floats = self.actual * sums.actual + self.predicted * sums.predicted
        return found

    def variance(self, sums: Sums, weights: Floats, of_weights: Floats | float = 0.0) -> float:
        """Return the variance of sum(weights * values), to first order.

        It is the sum over cells of rows * slope**2. The slope of the cell of label i and prediction j
        is times * share_i, if i = j, less x_i and y_j. `of_weights` is what a row of each class adds
        through the weights.
        """
        share = weights / np.maximum(self.rows(sums), 1.0)
        pull = share * self.values(sums)
        x, y = self.actual * pull - of_weights, self.predicted * pull
        own = self.times * share
        both = sums.matrix @ y if self.predicted else 0.0
        each = sums.actual * x * x + sums.predicted * y * y + 2 * x * both
        each += sums.right * own * (own - 2 * (x + y))
        return max(float(each.sum()), 0.0)


RECALL = Ratio("recall", 1.0, 1.0, 0.0)
PRECISION = Ratio("precision", 1.0, 0.0, 1.0)
F1 = Ratio("F1 score", 2.0, 1.0, 1.0)


def labelled(outcomes: Outcomes, metric: str) -> ClassOutcomes:
    """Return the outcomes of a classifier that has labels.

    Raises:
        NotEnoughData: No label has arrived, or it is a regression.
    """
    if not isinstance(outcomes, ClassOutcomes):
        raise NotEnoughData(f"Cannot compute {metric} of a regression")
    if not outcomes.labelled:
        raise NotEnoughData(f"Cannot compute {metric}: no label has arrived")
    return outcomes


def macro(outcomes: Outcomes, ratio: Ratio, *, of_labels: bool = False) -> Performance:
    """Average a ratio evenly over the classes that were labelled or predicted.

    A class for which it is undefined counts as 0, as in Azure ML. `of_labels` averages over the
    classes among the labels only, as balanced accuracy does.

    Raises:
        NotEnoughData: No label has arrived.
    """
    known = labelled(outcomes, ratio.name)
    sums, padded = _prepared(known)
    seen = sums.actual > 0 if of_labels else sums.actual + sums.predicted > 0
    weights = seen / np.count_nonzero(seen)
    value = float((weights * ratio.values(sums)).sum())
    middle = float((weights * ratio.values(padded)).sum())
    return _performance(value, middle, ratio.variance(padded, weights), known)


def weighted(outcomes: Outcomes, ratio: Ratio) -> Performance:
    """Average a ratio over classes, each as often as it is among the labels.

    Raises:
        NotEnoughData: No label has arrived.
    """
    known = labelled(outcomes, ratio.name)
    sums, padded = _prepared(known)
    value = float((sums.actual * ratio.values(sums)).sum() / sums.actual.sum())
    n = float(padded.actual.sum())
    weights, values = padded.actual / n, ratio.values(padded)
    middle = float((weights * values).sum())
    # The weights are counts too: a row of class k adds (value of k - average) / n.
    variance = ratio.variance(padded, weights, (values - middle) / n)
    return _performance(value, middle, variance, known)


def of_class(outcomes: ClassOutcomes, name: str, ratio: Ratio) -> Performance:
    """Return a ratio of one class against the rest, with Wilson's interval.

    F1 is 2 J / (1 + J) of J = right / (right + missed + false), which is a share of rows.

    Raises:
        NotEnoughData: The class was never labelled, or never predicted.
    """
    at = outcomes.classes.index(name)
    matrix = outcomes.matrix
    right, actual, predicted = matrix[at, at], matrix[at].sum(), matrix[:, at].sum()
    rows = int(ratio.actual * actual + ratio.predicted * predicted)
    if not rows:
        lacks = "labelled" if ratio.actual else "predicted"
        raise NotEnoughData(f"Cannot compute {ratio.name} of {name!r}: no row was {lacks} so")
    value = float(ratio.times * right / rows)
    if ratio is not F1:
        return Performance(value, math.sqrt(value * (1 - value) / rows), wilson(value, rows), rows)
    touched = int(actual + predicted - right)
    share = float(right / touched)
    interval = wilson(share, touched)
    error = 2 / (1 + share) ** 2 * math.sqrt(share * (1 - share) / touched)
    low, high = (2 * end / (1 + end) for end in (interval.low, interval.high))
    return Performance(value, error, Interval(low, high), touched)


@lru_cache(maxsize=4)
def _prepared(known: ClassOutcomes) -> tuple[Sums, Sums]:
    """Return the rows, and the same with right and wrong ones added to each labelled class."""
    sums = Sums.of(known.matrix.astype(np.float64))
    labels = np.flatnonzero(sums.actual)
    others = np.flatnonzero(sums.actual + sums.predicted)
    padded = sums.matrix.copy()
    if len(others) > 1:
        padded[np.ix_(labels, others)] += ADDED_ROWS / (len(others) - 1)
        padded[labels, labels] += ADDED_ROWS - ADDED_ROWS / (len(others) - 1)
    else:
        padded[labels, labels] += ADDED_ROWS
    return sums, Sums.of(padded)


def _performance(value: float, middle: float, variance: float, known: ClassOutcomes) -> Performance:
    error = math.sqrt(variance)
    rows = middle * (1 - middle) / variance if variance > 0 and 0 < middle < 1 else known.labelled
    effective = math.sqrt(max(value * (1 - value), 0.0) / max(rows, 1e-9))
    return Performance(value, error, share_interval(value, effective, rows), known.labelled)
