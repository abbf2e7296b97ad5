"""Metrics of a binary classifier on expected counts, with their slopes in each row's probability.

A chunk is counts by score cell; `positive` of a cell is the number expected among its rows, or the
number seen, for then the same formulas give the realized value. The slope of a row says how much the
metric moves if that row turns out positive instead of negative, to first order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats

#: Keeps the logarithm of a score of 0 finite, as scikit-learn does.
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Sloped:
    """A metric of each chunk, shape (chunks,), and its slope.

    slope: in a row's probability, of shape (chunks, 2, cells) by prediction and cell, or
    (chunks, 2, 1) where it does not depend on the score.
    """

    value: Floats
    slope: Floats


def measured(rows: Floats, positive: Floats, score: Floats) -> dict[str, Sloped]:
    """Return every metric of every chunk, under the names of `monitoring.metrics.performance`.

    As there, precision, recall and F1 are means over both classes; `positive_...` are those of the
    positive class alone. Where nothing was predicted positive (or is), a share of nothing is 0, as in scikit-learn.

    Args:
        rows: Rows by prediction (negative, positive) and cell, cells ascending, shape (chunks, 2, cells).
        positive: Positive ones among them, same shape.
        score: Mean score of them, same shape.
    """
    both, positives = rows.sum(axis=1), positive.sum(axis=1)
    return {
        **_confusion(rows.sum(axis=2), positive.sum(axis=2)),
        "auc_weighted": _wide(area_under_curve(both, positives)),
        "average_precision": _wide(average_precision(both, positives)),
        **_losses(rows, positive, score),
    }


def _wide(found: Sloped) -> Sloped:
    return Sloped(found.value, np.repeat(found.slope[:, None, :], 2, axis=1))


def _confusion(rows: Floats, positive: Floats) -> dict[str, Sloped]:
    """Metrics of the expected confusion matrix; arguments of shape (chunks, 2)."""
    n0, n1 = rows[:, 0], rows[:, 1]
    fn, tp = positive[:, 0], positive[:, 1]
    n, p, tn = n0 + n1, fn + tp, n0 - fn
    one, none = np.ones_like(n), np.zeros_like(n)
    precision = _ratio(tp, n1), _ratio(one, n1), none
    other_precision = _ratio(tn, n0), none, _ratio(-one, n0)
    recall = _ratio(tp, p), _ratio(fn, p**2), _ratio(-tp, p**2)
    specificity = _ratio(tn, n - p), _ratio(tn, (n - p) ** 2), _ratio(tn - (n - p), (n - p) ** 2)
    f1 = _f1(tp, n1 + p, 1.0, 0.0, 1.0)
    other_f1 = _f1(tn, n0 + n - p, 0.0, -1.0, -1.0)
    found = {
        "accuracy": (_ratio(tp + tn, n), _ratio(one, n), _ratio(-one, n)),
        "balanced_accuracy": _mean(recall, specificity),
        "precision": _mean(precision, other_precision),
        "recall": _mean(recall, specificity),
        "f1_score": _mean(f1, other_f1),
        "positive_precision": precision,
        "positive_recall": recall,
        "positive_f1_score": f1,
        "specificity": specificity,
    }
    return {
        name: Sloped(value, np.stack([if_negative, if_positive], axis=1)[:, :, None])
        for name, (value, if_positive, if_negative) in found.items()
    }


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _f1(
    hits: Floats, whole: Floats, at_positive: float, at_negative: float, grows: float
) -> tuple[Floats, Floats, Floats]:
    """2 hits / whole, and its slopes in a row predicted positive and in one predicted negative.

    `at_...` is what one more positive label adds to the hits, `grows` what it adds to the whole.
    """
    value = _ratio(2 * hits, whole)
    slopes = [
        _ratio(2 * hit * np.ones_like(whole), whole) - grows * _ratio(value, whole)
        for hit in (at_positive, at_negative)
    ]
    return value, slopes[0], slopes[1]


def _mean(
    one: tuple[Floats, Floats, Floats], two: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    return (one[0] + two[0]) / 2, (one[1] + two[1]) / 2, (one[2] + two[2]) / 2


def area_under_curve(rows: Floats, positive: Floats) -> Sloped:
    """Share of pairs in order; a pair within one cell counts half. Arguments of shape (chunks, cells)."""
    negative = rows - positive
    p, n = positive.sum(axis=1, keepdims=True), negative.sum(axis=1, keepdims=True)
    below = np.cumsum(negative, axis=1) - negative / 2
    above = p - np.cumsum(positive, axis=1) + positive / 2
    area = _ratio((positive * below).sum(axis=1, keepdims=True), p * n)
    # A positive more is in order with the negatives below, and no longer with the positives above.
    slope = _ratio(below - above, p * n) - area * (_ratio(np.ones_like(p), p) - _ratio(np.ones_like(n), n))  # fmt: skip
    return Sloped(area[:, 0], slope)


def average_precision(rows: Floats, positive: Floats) -> Sloped:
    """Precision at each cell and above, averaged over the positives. Shape (chunks, cells)."""
    p = positive.sum(axis=1, keepdims=True)
    rows_above = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1]
    positive_above = np.cumsum(positive[:, ::-1], axis=1)[:, ::-1]
    precision = _ratio(positive_above, rows_above)
    value = _ratio((positive * precision).sum(axis=1, keepdims=True), p)
    # A positive more adds its own precision, and raises that of every cell at or below its own.
    raised = np.cumsum(_ratio(positive, rows_above), axis=1)
    return Sloped(value[:, 0], _ratio(precision + raised - value, np.broadcast_to(p, rows.shape)))


def _losses(rows: Floats, positive: Floats, score: Floats) -> dict[str, Sloped]:
    n = rows.sum(axis=(1, 2), keepdims=True)
    inside = np.clip(score, EPSILON, 1 - EPSILON)
    if_positive, if_negative = -np.log(inside), -np.log1p(-inside)
    losses: Mapping[str, tuple[Floats, Floats]] = {
        "log_loss": (if_positive, if_negative),
        "brier_score": (np.square(1 - score), np.square(score)),
    }
    found = {}
    for name, (yes, no) in losses.items():
        total = (positive * yes + (rows - positive) * no).sum(axis=(1, 2), keepdims=True)
        found[name] = Sloped(
            _ratio(total, n)[:, 0, 0], _ratio(yes - no, np.broadcast_to(n, rows.shape))
        )
    return found
