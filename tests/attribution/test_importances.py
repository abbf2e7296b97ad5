"""Importances of a model and how two rankings compare: oracles, laws, Azure ML's vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import ndcg_score

from monitoring.counting.rows import Labels, Rows
from monitoring.errors import NotEnoughData, SchemaMismatch
from monitoring.methods.attribution.normalized_discounted_cumulative_gain import (
    AZUREML_NAME,
    normalized_discounted_cumulative_gain,
)
from monitoring.methods.attribution.permutation_importance import MOST_ROWS, permutation_importance
from monitoring.methods.attribution.rank_changes import rank_changes, spearman, top_overlap

DATA = Path(__file__).parents[1] / "data" / "azureml_vectors.json"
VECTORS = [v for v in json.loads(DATA.read_text("utf-8")) if v.get("metric") == AZUREML_NAME]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_azure_mls_gain(vector: dict[str, Any]) -> None:
    one, two = (np.array(vector[side], dtype=float) for side in ("reference", "production"))
    if isinstance(vector["expected"], dict):
        with pytest.raises(NotEnoughData):
            normalized_discounted_cumulative_gain(one, two)
        return
    found = normalized_discounted_cumulative_gain(one, two)
    assert found == pytest.approx(vector["expected"], rel=1e-9, abs=1e-12)


importances = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 3.0]), min_size=2, max_size=12)


@given(importances, st.randoms())
def test_the_gain_is_scikit_learns_ties_included(values: list[float], order: Any) -> None:
    other = list(values)
    order.shuffle(other)
    one, two = np.array(values), np.array(other)
    ours = normalized_discounted_cumulative_gain(one, two)
    assert ours == pytest.approx(ndcg_score([one], [two]), abs=1e-9)
    assert normalized_discounted_cumulative_gain(one * 7, two * 0.1) == pytest.approx(ours)


def test_many_draws_at_once_are_the_same_as_one_by_one() -> None:
    random = np.random.default_rng(1)
    one, two = random.random((20, 7)), random.random((20, 7))
    for measure in (normalized_discounted_cumulative_gain, spearman, top_overlap):
        at_once = measure(one, two)
        assert at_once == pytest.approx([measure(a, b) for a, b in zip(one, two, strict=True)])


def test_rank_correlation_is_scipys() -> None:
    random = np.random.default_rng(2)
    one, two = random.integers(0, 5, 15) * 1.0, random.integers(0, 5, 15) * 1.0
    assert spearman(one, two) == pytest.approx(spearmanr(one, two).statistic)


def test_rank_changes_say_who_rose() -> None:
    changes = rank_changes(("a", "b", "c"), np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    assert [(each.feature, each.change) for each in changes] == [("a", -2), ("b", 0), ("c", 2)]


def test_importances_of_other_features_are_refused() -> None:
    with pytest.raises(SchemaMismatch, match="3 features with 2"):
        normalized_discounted_cumulative_gain(np.ones(3), np.ones(2))


def rows(n: int = 1_000, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    return Rows.of(
        {
            "strong": random.normal(size=n),
            "weak": random.normal(size=n),
            "unused": random.normal(size=n),
            "c": Labels.of(random.choice(["a", "b"], n).tolist()),
        }
    )


def linear(given_rows: Rows) -> np.ndarray:
    is_b = given_rows.labels("c").texts() == "b"
    answer = 4 * given_rows.numbers("strong") + given_rows.numbers("weak") + is_b
    return answer[:, None]


def test_importances_of_a_linear_model_are_its_coefficients() -> None:
    """For a normal x, the mean |a (x - x')| is 2 a / sqrt(pi); for two categories, a half."""
    found = permutation_importance(linear, rows())
    expected = [4 * 2 / np.sqrt(np.pi), 2 / np.sqrt(np.pi), 0.0, 0.5]
    assert found.means == pytest.approx(expected, rel=0.06, abs=1e-12)
    for mean, interval in zip(expected, found.intervals, strict=True):
        assert interval.low - 0.02 <= mean <= interval.high + 0.02


def test_importances_of_probabilities_are_half_the_moved_mass() -> None:
    def flips(given_rows: Rows) -> np.ndarray:
        positive = given_rows.numbers("strong") > 0
        return np.column_stack([positive, ~positive, np.zeros(given_rows.n)]).astype(float)

    found = permutation_importance(flips, rows())
    assert found.means[0] == pytest.approx(0.5, abs=0.05)
    assert found.means[1:].tolist() == [0.0, 0.0, 0.0]


def test_more_rows_than_are_asked_about_are_spread_and_the_seed_decides() -> None:
    asked = []

    def counting(given_rows: Rows) -> np.ndarray:
        asked.append(given_rows.n)
        return linear(given_rows)

    many = rows(5_000)
    first = permutation_importance(counting, many)
    assert asked[0] == MOST_ROWS
    assert max(asked) <= 30_000
    assert first.means.tolist() == permutation_importance(linear, many).means.tolist()
    assert first.means.tolist() != permutation_importance(linear, many, seed=1).means.tolist()


def test_draws_vary_as_the_interval_says() -> None:
    found = permutation_importance(linear, rows())
    drawn = found.draws(2_000, len(found.changes), seed=0)[:, 0]
    half = (found.intervals[0].high - found.intervals[0].low) / 2
    assert drawn.std() * 1.96 == pytest.approx(half, rel=0.1)
