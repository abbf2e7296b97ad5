"""PCA reconstruction error: NannyML's numbers, scikit-learn as oracle, what it is blind to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from test_domain_classifier import EXTRA, correlated

from monitoring.counting.rows import Labels, Rows
from monitoring.methods.multivariate.pca_reconstruction import Reconstruction, mean_interval


def test_nannymls_numbers_are_reproduced() -> None:
    expected = EXTRA["pca_reconstruction/decorrelation"]["expected"]
    learned = Reconstruction.learn(correlated(1000, 1, 0.95))
    analysis = correlated(500, 2, 0.0)
    ours = [float(learned.of(analysis.take(c)).mean()) for c in np.split(np.arange(500), 5)]
    assert ours == pytest.approx(expected["analysis"], rel=1e-9)
    reference = [float(chunk.mean()) for chunk in np.array_split(learned.errors, 5)]
    assert reference == pytest.approx(expected["reference"], rel=1e-9)
    limits = learned.limits(chunks=5)
    assert limits.high == pytest.approx(expected["upper_threshold"], rel=1e-9)
    assert limits.low == pytest.approx(expected["lower_threshold"], rel=1e-9)


def test_it_is_scikit_learns_reconstruction() -> None:
    random = np.random.default_rng(5)
    values = random.normal(size=(400, 6)) @ random.normal(size=(6, 6))
    rows = Rows.of({f"x{k}": values[:, k] for k in range(6)})
    scaled = StandardScaler().fit_transform(values)
    pca = PCA(n_components=0.65, random_state=16).fit(scaled)
    rebuilt = pca.inverse_transform(pca.transform(scaled))
    assert Reconstruction.learn(rows).errors == pytest.approx(
        np.linalg.norm(scaled - rebuilt, axis=1), rel=1e-9
    )


def test_categories_count_by_frequency_nulls_by_the_usual_and_new_ones_as_never() -> None:
    rows = Rows.of({"x": np.array([1.0, 3.0, np.nan, 2.0]), "c": Labels.of(["a", "a", "b", None])})
    learned = Reconstruction.learn(rows)
    assert learned.frequencies.matrix(rows).tolist() == [
        [1.0, 0.75],
        [3.0, 0.75],
        [2.0, 0.25],
        [2.0, 0.75],
    ]
    new = Rows.of({"x": np.array([2.0]), "c": Labels.of(["z"])})
    assert learned.frequencies.matrix(new).tolist() == [[2.0, 0.0]]


def test_a_constant_or_empty_feature_does_no_harm() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=200)
    rows = Rows.of({"x": x, "y": x + random.normal(size=200), "k": np.ones(200)})
    assert np.isfinite(Reconstruction.learn(rows).errors).all()
    holes = Rows.of({**rows.columns, "n": np.full(200, np.nan)})
    assert Reconstruction.learn(holes).errors == pytest.approx(Reconstruction.learn(rows).errors)


def test_the_interval_of_a_mean_narrows_with_rows() -> None:
    random = np.random.default_rng(1)
    few, many = (mean_interval(random.normal(5, 1, n)) for n in (100, 10_000))
    assert few.high - few.low == pytest.approx(10 * (many.high - many.low), rel=0.2)
    assert many.low < 5 < many.high
