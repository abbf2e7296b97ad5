"""Outputs as columns, and the threshold that is inferred from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.counting.engine import outputs as engine
from monitoring.counting.engine.outputs import (
    CONFIDENCE,
    NEAR,
    PROBABILITY,
    decision_of,
    round_between,
)
from monitoring.counting.engine.tables import Table, write_table
from monitoring.counting.totals.outcomes import Columns

BINARY = Columns("binary_classification", "prediction", "label", {"1": "p"})
MANY = Columns("multiclass_classification", "prediction", "label", {c: f"p_{c}" for c in "xyz"})
NUMBERS = Columns("regression", "prediction", "label")
TWO = ("0", "1")


def scored(folder: Path, threshold: float, n: int = 2000, seed: int = 0, **more: Any) -> Table:
    random = np.random.default_rng(seed)
    p = np.round(random.random(n), 6)
    columns = {"prediction": (p >= threshold).astype(np.int64), "p": p}
    columns["label"] = pa.array(
        (random.random(n) < p).astype(np.int64), mask=random.random(n) < 0.4
    )
    return write_table(columns | more, folder / f"{threshold}-{seed}.parquet")


def read(table: Table) -> dict[str, list[Any]]:
    return pq.read_table(table.paths[0]).to_pydict()


@pytest.mark.parametrize("threshold", [0.5, 0.35, 0.1234, 0.9])
def test_the_threshold_is_inferred_with_the_range_that_it_lies_in(
    threshold: float, tmp_path: Path
) -> None:
    tables = [scored(tmp_path, threshold, seed=seed) for seed in range(3)]
    found = decision_of(tables, BINARY, TWO)
    assert found.low < threshold <= found.high
    assert found.threshold == pytest.approx(threshold, abs=0.002)
    assert found.low < found.threshold <= found.high
    assert found.agreement == 1.0


def test_a_few_answers_against_the_threshold_are_said(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    p = random.random(5000)
    predicted = (p >= 0.3).astype(np.int64)
    predicted[:20] = 1 - predicted[:20]
    table = write_table({"prediction": predicted, "p": p}, tmp_path / "x.parquet")
    found = decision_of([table], BINARY, TWO)
    assert found.threshold == pytest.approx(0.3, abs=0.002)
    assert found.agreement == pytest.approx(1 - 20 / 5000)


def test_answers_that_no_threshold_explains_have_none(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    p = random.random(1000)
    coin = write_table(
        {"prediction": random.integers(0, 2, 1000), "p": p}, tmp_path / "coin.parquet"
    )
    assert decision_of([coin], BINARY, TWO) is None
    always = write_table({"prediction": np.ones(9, np.int64), "p": p[:9]}, tmp_path / "one.parquet")
    assert decision_of([always], BINARY, TWO) is None
    assert decision_of([scored(tmp_path, 0.5)], NUMBERS, ()) is None


def test_the_roundest_number_of_a_range_is_taken() -> None:
    assert round_between(0.4, 0.6) == 0.5
    assert round_between(0.3331, 0.3339) == 0.3339
    assert round_between(0.34961, 0.35012) == 0.35


def test_outputs_of_two_classes(tmp_path: Path) -> None:
    table = scored(tmp_path, 0.4, n=500)
    raw = read(table)
    decision = decision_of([table], BINARY, TWO)
    found = engine.outputs(table, BINARY, TWO, decision, tmp_path / "store")
    rows = read(found)
    p = np.array(raw["p"])
    assert rows["prediction"] == [str(value) for value in raw["prediction"]]
    assert rows["label"] == [None if v is None else str(v) for v in raw["label"]]
    np.testing.assert_allclose(rows[PROBABILITY], p)
    np.testing.assert_allclose(rows[CONFIDENCE], np.maximum(p, 1 - p))
    assert rows[NEAR] == (np.abs(p - decision.threshold) < 0.1).tolist()
    for at, value in enumerate(rows["probability, label 1"]):
        assert value == (raw["p"][at] if raw["label"][at] == 1 else None)
    for at, value in enumerate(rows["probability, predicted 0"]):
        assert value == (raw["p"][at] if raw["prediction"][at] == 0 else None)


def test_outputs_of_many_classes(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    matrix = random.dirichlet([2, 2, 2], 300)
    matrix[7] = 0.9  # these do not sum up to 1
    names = np.array(list("xyz"))
    columns = {f"p_{c}": matrix[:, i] for i, c in enumerate("xyz")}
    columns["prediction"] = names[matrix.argmax(axis=1)]
    columns["label"] = pa.array(names[random.integers(0, 3, 300)], mask=random.random(300) < 0.5)
    table = write_table(columns, tmp_path / "x.parquet")
    found = engine.outputs(table, MANY, tuple("xyz"), None, tmp_path / "store")
    rows = read(found)
    ranked = np.sort(matrix, axis=1)
    assert rows[CONFIDENCE][7] is None
    assert rows[NEAR][7] is None
    for at in (0, 1, 200):
        assert rows[CONFIDENCE][at] == pytest.approx(ranked[at, 2])
        assert rows[NEAR][at] == (ranked[at, 2] - ranked[at, 1] < 0.1)
    counts = engine.counts_of(found, MANY, tuple("xyz"))
    assert sum(counts.predicted.values()) == 300
    assert sum(counts.near_of.values()) == 299
    assert sum(counts.labels.values()) == 300 - columns["label"].null_count
    mean = sum(m.total for m in counts.confidence.values()) / 299
    assert mean == pytest.approx(np.delete(ranked[:, 2], 7).mean())


def test_outputs_of_a_regression(tmp_path: Path) -> None:
    y = np.array([1.0, 2.5, 4.0])
    columns = {"prediction": y, "label": pa.array([1.0, None, 3.0])}
    table = write_table(columns, tmp_path / "x.parquet")
    found = engine.outputs(table, NUMBERS, (), None, tmp_path / "store")
    assert read(found) == {"prediction": [1.0, 2.5, 4.0], "label": [1.0, None, 3.0]}
    counts = engine.counts_of(found, NUMBERS, ())
    assert (counts.prediction.mean, counts.label.n) == (2.5, 2)


def test_outputs_are_kept_until_the_file_or_the_threshold_changes(tmp_path: Path) -> None:
    table, store = scored(tmp_path, 0.4), tmp_path / "store"
    decision = decision_of([table], BINARY, TWO)
    one = engine.outputs(table, BINARY, TWO, decision, store).paths
    assert engine.outputs(table, BINARY, TWO, decision, store).paths == one
    assert engine.outputs(table, BINARY, TWO, None, store).paths != one
    again = scored(tmp_path, 0.4, n=100)
    renewed = engine.outputs(again, BINARY, TWO, decision, store)
    assert (renewed.paths, renewed.rows) == (one, 100)


def test_a_table_with_labels_alone_has_no_answers(tmp_path: Path) -> None:
    table = write_table({"label": np.array([0, 1, 1])}, tmp_path / "x.parquet")
    found = engine.outputs(table, BINARY, TWO, None, tmp_path / "store")
    assert list(found.columns) == ["label"]


def test_counts_add_up(tmp_path: Path) -> None:
    tables = [scored(tmp_path, 0.4, seed=seed) for seed in (0, 1)]
    decision = decision_of(tables, BINARY, TWO)
    derived = [engine.outputs(t, BINARY, TWO, decision, tmp_path / "store") for t in tables]
    one, two = (engine.counts_of(each, BINARY, TWO) for each in derived)
    whole = engine.counts_of(
        Table("both", (derived[0].paths[0], derived[1].paths[0]), derived[0].columns, 4000),
        BINARY,
        TWO,
    )
    merged = one + two
    assert (merged.rows, dict(merged.predicted)) == (whole.rows, dict(whole.predicted))
    assert dict(merged.near) == dict(whole.near)
    for name, moments in whole.confidence.items():
        assert merged.confidence[name].total == pytest.approx(moments.total)
