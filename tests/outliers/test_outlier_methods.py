"""Outliers: the training range against brute force, the forest against its own calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitoring.baselines.baseline import take_baseline
from monitoring.counting.engine import tables
from monitoring.counting.rows import Labels, Rows
from monitoring.methods.outliers.isolation_forest import CONTAMINATION, Forest
from monitoring.methods.outliers.training_range import TrainingRange


def columns(seed: int, n: int = 2_000, scale: float = 1.0) -> dict[str, pa.Array]:
    random = np.random.default_rng(seed)
    x = random.normal(0, scale, n)
    return {
        "x": pa.array(np.where(random.random(n) < 0.05, np.nan, x)),
        "k": pa.array(random.integers(0, 12, n)),
        "c": pa.array(random.choice(["a", "b", "c" if scale == 1 else "new"], n)),
    }


def rows(found: dict[str, pa.Array]) -> Rows:
    return Rows.of(
        {
            "x": np.array(found["x"].to_pylist(), dtype=float),
            "k": np.array(found["k"].to_pylist(), dtype=float),
            "c": Labels.of(found["c"].to_pylist()),
        }
    )


def test_the_share_outside_is_that_of_brute_force(tmp_path: Path) -> None:
    training, production = columns(1), columns(2, scale=1.4)
    baseline = take_baseline("t", tables.write_table(training, tmp_path / "t.parquet"))
    found = TrainingRange.of(baseline.profiles).outside(rows(production))
    one = pd.DataFrame({name: array.to_pylist() for name, array in training.items()})
    two = pd.DataFrame({name: array.to_pylist() for name, array in production.items()})
    x = (two["x"] < one["x"].min()) | (two["x"] > one["x"].max())
    k = (two["k"] < one["k"].min()) | (two["k"] > one["k"].max())
    c = ~two["c"].isin(set(one["c"]))
    assert found["x"].tolist() == x.tolist()
    assert found["k"].tolist() == k.tolist()
    assert found["c"].tolist() == c.tolist()
    assert c.any()
    assert x.any()


def test_chance_is_about_what_new_rows_of_the_same_kind_do(tmp_path: Path) -> None:
    outside = []
    for seed in range(20):
        store = tmp_path / f"{seed}.parquet"
        baseline = take_baseline("t", tables.write_table(columns(seed, n=200), store))
        ranged = TrainingRange.of(baseline.profiles)
        found = ranged.outside(rows(columns(1_000 + seed)))
        outside.append(np.logical_or.reduce(list(found.values())).mean())
    # The lone ends of x only: those of k are shared by several rows, and every category is frequent.
    assert ranged.chance == pytest.approx(2 / (200 * 0.95), rel=0.1)
    assert np.mean(outside) == pytest.approx(ranged.chance, rel=0.35)


def test_distances_are_in_standard_deviations_of_training(tmp_path: Path) -> None:
    table = tables.write_table({"x": pa.array([0.0, 10.0, 5.0, 5.0])}, tmp_path / "t.parquet")
    ranged = TrainingRange.of(take_baseline("t", table).profiles)
    spread = np.std([0.0, 10.0, 5.0, 5.0], ddof=1)
    far = ranged.distance("x", np.array([-spread, 3.0, np.nan, 10 + 2 * spread]))
    assert far == pytest.approx([1.0, 0.0, 0.0, 2.0])


def test_the_forest_calls_its_share_of_like_rows_outliers_and_strange_ones_more() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(6_000, 3))
    forest = Forest.fit(Rows.of({f"x{k}": values[:4_000, k] for k in range(3)}))
    alike = Rows.of({f"x{k}": values[4_000:, k] for k in range(3)})
    share = float((forest.scores(alike) > forest.cut).mean())
    assert share == pytest.approx(CONTAMINATION, abs=0.01)
    strange = Rows.of({f"x{k}": values[4_000:, k] * 5 for k in range(3)})
    assert (forest.scores(strange) > forest.cut).mean() > 0.7


def test_the_furthest_feature_is_named() -> None:
    random = np.random.default_rng(0)
    training = Rows.of(
        {"x": random.normal(size=500), "y": random.normal(size=500), "k": np.ones(500)}
    )
    forest = Forest.fit(training)
    odd = Rows.of({"x": np.array([0.0, 0.0]), "y": np.array([8.0, 0.1]), "k": np.array([1.0, 2.0])})
    names, far = forest.unusual(odd)
    assert names == ["y", "k"]
    assert 4 < far[0] < 9
    assert np.isinf(far[1])
    assert forest.scores(odd)[0] > forest.scores(training).mean()
