"""Curves drawn from counts are those that scikit-learn draws from rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as oracle

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals import curves
from monitoring.counting.totals.outcomes import (
    CELLS,
    RESIDUAL_BINS,
    Columns,
    NumberOutcomes,
    ScoreCells,
    cell_edges,
    score_cell,
)
from monitoring.errors import NotEnoughData

RANDOM = np.random.default_rng(3)


def drawn(n: int = 20_000) -> tuple[np.ndarray, np.ndarray, ScoreCells]:
    score = RANDOM.beta(1, 3, n)
    truth = (RANDOM.random(n) < score**1.5).astype(np.int8)
    return score, truth, ScoreCells.of(score, score > 0.5, truth)


def test_the_roc_curve_encloses_its_area() -> None:
    score, truth, cells = drawn()
    found = curves.roc(cells)
    assert len(found.thresholds) <= 402
    area = np.trapezoid(found.true_positive_rate, found.false_positive_rate)
    assert area == pytest.approx(oracle.roc_auc_score(truth, score), abs=1e-3)
    assert (np.diff(found.false_positive_rate) >= 0).all()
    assert (np.diff(found.thresholds) < 0).all()
    ends = (found.false_positive_rate, found.true_positive_rate)
    assert [(end[0], end[-1]) for end in ends] == [(0.0, 1.0), (0.0, 1.0)]


def test_at_a_threshold_the_rates_are_those_of_the_rows() -> None:
    score, truth, cells = drawn()
    found = curves.roc(cells)
    for at in (1, 50, 200, len(found.thresholds) - 1):
        taken = score >= found.thresholds[at]
        assert found.true_positive_rate[at] == pytest.approx(taken[truth == 1].mean(), abs=1e-12)
        assert found.false_positive_rate[at] == pytest.approx(taken[truth == 0].mean(), abs=1e-12)
    precise = curves.precision_recall(cells)
    for at in (0, 50, 200):
        taken = score >= precise.thresholds[at]
        assert precise.precision[at] == pytest.approx(truth[taken].mean(), abs=1e-12)
        assert precise.recall[at] == pytest.approx(taken[truth == 1].mean(), abs=1e-12)
    assert precise.prevalence == pytest.approx(truth.mean())


def test_calibration_bins_hold_their_rows_and_intervals() -> None:
    score, truth, cells = drawn()
    found = curves.calibration(cells, 10)
    assert found.rows.sum() == len(score)
    assert found.rows.min() > 0.9 * len(score) / 10
    assert (found.mean_score @ found.rows) / len(score) == pytest.approx(score.mean(), abs=1e-12)
    assert (found.observed @ found.rows) / len(score) == pytest.approx(truth.mean(), abs=1e-12)
    assert (found.low <= found.observed).all()
    assert (found.observed <= found.high).all()
    observed, mean = oracle_curve(truth, score)
    assert found.observed == pytest.approx(observed, abs=0.01)
    assert found.mean_score == pytest.approx(mean, abs=0.01)


def oracle_curve(truth: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.calibration import calibration_curve  # noqa: PLC0415

    observed, mean = calibration_curve(truth, score, n_bins=10, strategy="quantile")
    return observed, mean


def test_one_score_for_all_is_one_bin() -> None:
    cells = ScoreCells.of(
        np.full(50, 0.3), np.zeros(50, bool), np.repeat([0, 1], 25).astype(np.int8)
    )
    found = curves.calibration(cells)
    assert (found.rows.tolist(), found.observed.tolist()) == ([50], [0.5])


@pytest.mark.parametrize("label", [0, 1, 2])
def test_without_two_classes_there_is_no_curve(label: int) -> None:
    cells = ScoreCells.of(RANDOM.random(20), np.zeros(20, bool), np.full(20, label, np.int8))
    for curve in (curves.roc, curves.precision_recall):
        with pytest.raises(NotEnoughData, match="one class"):
            curve(cells)


def test_cells_begin_at_their_edges() -> None:
    edges = cell_edges()
    assert len(edges) == CELLS
    assert (score_cell(edges) == np.arange(CELLS)).all()
    assert (score_cell(np.nextafter(edges[1:], 0.0)) == np.arange(CELLS - 1)).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_residuals_of_any_scale_are_spread_over_even_bins(scale: float, tmp_path: Path) -> None:
    errors = RANDOM.normal(0.5, 1, 20_000) * scale
    y = RANDOM.normal(10, 1, 20_000) * scale
    table = write_table({"y": y, "p": y + errors}, tmp_path / "x.parquet")
    outcomes = counting.count(table, Columns("regression", "p", "y"))
    assert isinstance(outcomes, NumberOutcomes)
    assert outcomes.residuals is not None
    assert outcomes.residuals.bins == RESIDUAL_BINS
    found = curves.residuals(outcomes.residuals, bins=21)
    exact, _ = np.histogram(errors, bins=found.edges)
    assert found.shares == pytest.approx(exact / len(errors), abs=0.01)
    assert found.shares.sum() + found.below + found.above == pytest.approx(1.0)
    assert found.mean == pytest.approx(0.5 * scale, rel=0.1)
    assert found.edges[0] == -found.edges[-1]


def test_a_model_without_any_error_has_one_bin(tmp_path: Path) -> None:
    table = write_table({"y": [1.0, 2.0], "p": [1.0, 2.0]}, tmp_path / "x.parquet")
    outcomes = counting.count(table, Columns("regression", "p", "y"))
    assert isinstance(outcomes, NumberOutcomes)
    assert outcomes.residuals is not None
    assert curves.residuals(outcomes.residuals).rows == 2
