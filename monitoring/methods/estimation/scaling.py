"""Scaling: probabilities of several classes made sharper or flatter, and shifted by class, together.

Classes calibrated one by one against the rest hold only for the mix of rows that they were learned on;
what makes a model too sure of itself does so for all classes at once, and is undone here first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats, Index

#: Folds that a scaling is judged on, rows that it is learned on at most.
FOLDS, MOST_ROWS = 5, 20_000
#: Scores below this are all the same: their logarithm would outweigh all others.
LEAST_SCORE = 1e-6


@dataclass(frozen=True, eq=False)
class Scaling:
    """p of class k in proportion to exp(shifts[k]) * score[k] ** power."""

    power: float
    shifts: Floats

    def apply(self, scores: Floats) -> Floats:
        """Return probabilities that sum to 1, shape (n, classes).

        >>> Scaling(2.0, np.zeros(2)).apply(np.array([[0.75, 0.25]])).round(9).round(9).tolist()
        [[0.9, 0.1]]
        """
        return _softmax(self.power * _logarithm(scores) + self.shifts)


def _logarithm(scores: Floats) -> Floats:
    return np.log(np.maximum(scores, LEAST_SCORE))


def _softmax(z: Floats) -> Floats:
    raised = np.exp(z - z.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found


def learn(scores: Floats, label: Index) -> Scaling:
    """Return the scaling under which the labels are most likely.

    Source:
        Guo et al. (2017), On calibration of modern neural networks, arXiv 1706.04599 (temperature
        scaling, here with a shift by class).
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - 0.3 s that a start-up need not pay

    chosen = np.arange(0, len(label), -(-len(label) // MOST_ROWS))
    z, truth = _logarithm(scores[chosen]), np.eye(scores.shape[1])[label[chosen]]

    def loss(at: Floats) -> tuple[float, Floats]:
        p = _softmax(at[0] * z + at[1:])
        gap = (p - truth) / len(z)
        slope = np.concatenate([[(gap * z).sum()], gap.sum(axis=0)])
        hit = np.maximum((p * truth).sum(axis=1), LEAST_SCORE)
        return -float(np.log(hit).mean()) + 1e-6 * float(at[1:] @ at[1:]), slope + np.concatenate(
            [[0.0], 2e-6 * at[1:]]
        )

    start = np.concatenate([[1.0], np.zeros(scores.shape[1])])
    found = minimize(loss, start, jac=True, method="L-BFGS-B")
    return Scaling(float(found.x[0]), np.asarray(found.x[1:], dtype=np.float64))


def scaling(scores: Floats, label: Index, part: Index) -> Scaling | None:
    """Return the scaling, or None if it is not better on parts that it was not learned from.

    Better is a lower Brier score.

    Args:
        scores: Shape (n, classes).
        label: Code of the class of each row.
        part: Day of each row, or any number if rows do not come by day.
    """
    fold = part % FOLDS
    if len(np.unique(fold)) < FOLDS:
        fold = np.arange(len(label)) % FOLDS
    truth = np.eye(scores.shape[1])[label]
    before = after = 0.0
    for each in range(FOLDS):
        out = fold == each
        scaled = learn(scores[~out], label[~out]).apply(scores[out])
        before += float(np.square(scores[out] - truth[out]).sum())
        after += float(np.square(scaled - truth[out]).sum())
    return learn(scores, label) if after < before else None
