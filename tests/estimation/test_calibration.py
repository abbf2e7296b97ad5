"""Scores into probabilities: against scikit-learn, and only where it helps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from monitoring.arrays import Floats
from monitoring.counting.totals.outcomes import CELLS, ScoreCells, score_cell
from monitoring.methods.estimation.calibration import STEPS, Labelled, calibrate, isotonic
from monitoring.methods.estimation.scaling import learn, scaling


def rows(number: int, power: float = 1.0, seed: int = 0) -> tuple[Floats, np.ndarray]:
    random = np.random.default_rng(seed)
    z = random.normal(0, 1.5, number)
    y = random.random(number) < 1 / (1 + np.exp(-z))
    return 1 / (1 + np.exp(-power * z)), y


def days(number: int, power: float = 1.0, parts: int = 20) -> list[ScoreCells]:
    score, y = rows(number, power)
    return [
        ScoreCells.of(s, s >= 0.5, label.astype(np.int8))
        for s, label in zip(np.array_split(score, parts), np.array_split(y, parts), strict=True)
    ]


def test_the_curve_is_scikit_learns_isotonic_regression_on_cells() -> None:
    score, y = rows(5000)
    cell = score_cell(score)
    curve = isotonic(
        np.bincount(cell, minlength=CELLS) * 1.0, np.bincount(cell, weights=y, minlength=CELLS)
    )
    oracle = IsotonicRegression(out_of_bounds="clip").fit(cell, y)
    assert curve == pytest.approx(oracle.predict(np.arange(CELLS)), abs=1e-9)


def test_calibrated_scores_are_kept_and_others_are_not() -> None:
    kept = calibrate(Labelled.of(days(4000)))
    assert kept.curve is None
    changed = calibrate(Labelled.of(days(4000, power=2.5)))
    assert changed.curve is not None
    assert changed.error < 0.03 < changed.raw_error
    assert changed.pvalue > 0.01
    assert changed.deviations.shape == (100, STEPS)
    assert changed.deviations.mean(axis=0) == pytest.approx(0.0, abs=1e-12)


def test_more_rows_leave_less_unknown() -> None:
    few, many = (calibrate(Labelled.of(days(n, power=2.0))) for n in (1_000, 30_000))
    middle = slice(STEPS // 4, 3 * STEPS // 4)
    spread = [np.std(each.deviations[:, middle]) for each in (few, many)]
    assert spread[0] > 2 * spread[1]


def test_a_reference_without_days_is_cut_into_folds_and_keeps_every_row() -> None:
    whole = Labelled.of(days(3000, parts=1))
    assert not whole.is_by_day
    assert whole.rows.sum() == 3000
    assert whole.positive.sum() == rows(3000)[1].sum()


def test_scaling_finds_how_much_too_sure_a_model_is() -> None:
    random = np.random.default_rng(3)
    z = random.normal(size=(6000, 3)) * 1.5
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    label = (random.random((6000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    sure = np.exp(2 * z) / np.exp(2 * z).sum(axis=1, keepdims=True)
    assert learn(sure, label).power == pytest.approx(0.5, abs=0.05)
    assert scaling(sure, label, np.arange(6000)) is not None
