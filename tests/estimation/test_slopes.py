"""Metrics from counts: against scikit-learn, and their slopes against small steps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from monitoring.methods.estimation import multiclass
from monitoring.methods.estimation.slopes import measured


def test_metrics_of_known_labels_are_scikit_learns() -> None:
    random = np.random.default_rng(2)
    score = np.sort(random.random(400))
    y, predicted = random.random(400) < score**2, random.random(400) < score
    rows = np.zeros((1, 2, 400))
    rows[0, predicted.astype(int), np.arange(400)] = 1
    found = measured(rows, rows * y, np.broadcast_to(score, rows.shape))
    oracle = {
        "accuracy": sk.accuracy_score(y, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
        "precision": sk.precision_score(y, predicted, average="macro"),
        "recall": sk.recall_score(y, predicted, average="macro"),
        "f1_score": sk.f1_score(y, predicted, average="macro"),
        "positive_precision": sk.precision_score(y, predicted),
        "positive_recall": sk.recall_score(y, predicted),
        "positive_f1_score": sk.f1_score(y, predicted),
        "specificity": sk.recall_score(~y, ~predicted),
        "auc_weighted": sk.roc_auc_score(y, score),
        "average_precision": sk.average_precision_score(y, score),
        "log_loss": sk.log_loss(y, score),
        "brier_score": sk.brier_score_loss(y, score),
    }
    assert {name: float(each.value[0]) for name, each in found.items()} == pytest.approx(
        oracle, abs=1e-12
    )


def test_slopes_are_what_a_small_step_does() -> None:
    random = np.random.default_rng(0)
    rows = random.integers(1, 5, (2, 2, 12)).astype(float)
    positive = rows * random.random((2, 2, 12))
    score = np.sort(random.random(12)) * np.ones((2, 2, 12))
    found = measured(rows, positive, score)
    step = 1e-6
    for at in np.ndindex(positive.shape):
        up, down = positive.copy(), positive.copy()
        up[at] += step
        down[at] -= step
        above, below = measured(rows, up, score), measured(rows, down, score)
        for name, metric in found.items():
            moved = (above[name].value[at[0]] - below[name].value[at[0]]) / (2 * step)
            slope = np.broadcast_to(metric.slope, rows.shape)[at]
            assert slope == pytest.approx(moved, abs=1e-7), name


def test_metrics_of_several_classes_are_scikit_learns() -> None:
    random = np.random.default_rng(4)
    score = random.dirichlet(np.ones(4), 600).round(3)
    score /= score.sum(axis=1, keepdims=True)
    label = (random.random((600, 1)) > score.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    predicted = score.argmax(axis=1)
    (found,) = multiclass.realized([multiclass.Chunk(score, predicted, label, (600,))])
    onehot = np.eye(4)[label]
    oracle = {
        "accuracy": sk.accuracy_score(label, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(label, predicted),
        "precision": sk.precision_score(label, predicted, average="macro"),
        "recall": sk.recall_score(label, predicted, average="macro"),
        "f1_score": sk.f1_score(label, predicted, average="macro"),
        "auc_weighted": sk.roc_auc_score(label, score, multi_class="ovr", average="weighted"),
        "average_precision": sk.average_precision_score(onehot, score, average="weighted"),
        "log_loss": sk.log_loss(label, score),
        "brier_score": float(np.square(score - onehot).sum(axis=1).mean()),
    }
    assert found == pytest.approx(oracle, abs=1e-4)  # scores of one cell count as tied
