"""Acceptance: on 500 chunks without concept drift the 95 % band holds 92 to 98 %."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from benchmarks.chunks import TASKS, Outcome, outcomes
from monitoring.methods.estimation.band import Estimate, Scatter, scatter
from monitoring.methods.multivariate.domain_classifier import one_thread

CHUNKS = 500
MAIN = {
    "binary": ("accuracy", "balanced_accuracy", "precision", "recall", "f1_score", "auc_weighted",
               "average_precision", "log_loss", "brier_score", "specificity"),
    "multiclass": ("accuracy", "balanced_accuracy", "precision", "recall", "f1_score",
                   "auc_weighted", "average_precision", "log_loss", "brier_score"),
    "regression": ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error"),
}  # fmt: skip


@lru_cache(maxsize=3)
def found(task: str) -> list[Outcome]:
    with one_thread():
        return list(outcomes(task, CHUNKS, each=25))


@pytest.mark.slow(seconds=25)
@pytest.mark.parametrize("task", list(TASKS))
def test_the_band_holds_what_it_promises(task: str) -> None:
    chunks = found(task)
    assert len(chunks) == CHUNKS
    shares = {m: np.mean([each.held[m] for each in chunks]) for m in MAIN[task]}
    assert {m: s for m, s in shares.items() if not 0.92 <= s <= 0.98} == {}


@pytest.mark.slow
@pytest.mark.parametrize("task", list(TASKS))
def test_estimates_lie_in_the_middle_of_what_is_realized(task: str) -> None:
    """Half a standard deviation of bias could hide in a band that is too wide."""
    chunks = found(task)
    for metric in MAIN[task]:
        assert abs(np.mean([each.surprise[metric] for each in chunks])) < 0.35, metric


@pytest.mark.slow
@pytest.mark.parametrize("task", list(TASKS))
def test_broken_support_is_refused_and_honest_chunks_are_not(task: str) -> None:
    chunks = found(task)
    assert np.mean([each.refused_broken for each in chunks]) >= 0.9
    assert np.mean([each.refused for each in chunks]) <= 0.05


def test_days_that_scatter_widen_the_band_and_chance_alone_does_not() -> None:
    random = np.random.default_rng(1)
    errors = np.full(30, 0.02)
    assert (
        np.mean([scatter(random.normal(0, 0.02, 30), errors).error > 0 for _ in range(200)]) < 0.1
    )
    wide = scatter(random.normal(0, 0.1, 30), errors)
    assert wide.error == pytest.approx(0.1, rel=0.4)
    assert wide.ratio > 3
    assert scatter(random.normal(0, 0.1, 5), errors[:5]).error == 0.0  # too few days to say


def test_a_month_of_scattered_days_is_surer_than_a_day() -> None:
    days = Scatter(ratio=5.0, error=0.1, days=30)
    assert days.over([100]) == pytest.approx(0.1)
    assert days.over([100] * 25) == pytest.approx(0.02)
    band = Estimate("accuracy", 0.9, 0.01, 0.01, days.over([100]), 100, days.degrees)
    assert band.interval((0.0, 1.0)).high == 1.0
    assert band.surprise(0.9) == 0.0
