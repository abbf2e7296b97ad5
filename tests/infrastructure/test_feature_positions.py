"""Where a value lies in a baseline: against the percentile of the raw numbers, and at its edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine.tables import open_table
from monitoring.requests.feature_positions import position, positions

ROWS = 4_000


@pytest.fixture(scope="module")
def columns() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2013)
    values = random.normal(50, 10, ROWS)
    values[:400] = 0.0
    return {
        "amount": random.lognormal(3, 1, ROWS),
        "age": random.integers(18, 90, ROWS).astype("float64"),
        "often_zero": values,
        "colour": np.array(["red", "green", "blue"])[random.choice(3, ROWS, p=[0.6, 0.399, 0.001])],
    }


@pytest.fixture(scope="module")
def baseline(columns: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    path: Path = tmp_path_factory.mktemp("reference") / "reference.parquet"
    nulls = np.arange(ROWS) % 4 == 0
    table = pa.table({**columns, "gust": pa.array(columns["amount"], mask=nulls)})
    pq.write_table(table, path)
    return take_baseline("training", open_table(path))


@pytest.mark.parametrize("feature", ["amount", "age", "often_zero"])
def test_the_percentile_is_that_of_the_raw_numbers(
    baseline: Baseline, columns: dict[str, np.ndarray], feature: str
) -> None:
    raw = columns[feature]
    for value in np.quantile(raw, np.linspace(0.02, 0.98, 25)):
        below, at_most = np.mean(raw < value), np.mean(raw <= value)
        found = position(feature, float(value), baseline.profiles[feature])
        assert found.percentile == pytest.approx((below + at_most) / 2, abs=0.01)
        assert found.place == "usual"


def test_a_frequent_value_is_told_by_its_share(baseline: Baseline) -> None:
    found = position("often_zero", 0.0, baseline.profiles["often_zero"])
    assert found.words == "As in 10% of the baseline; 0% lie below."
    assert found.place == "usual"


@pytest.mark.parametrize(
    ("feature", "value", "place"),
    [
        ("amount", -1.0, "out of range"),
        ("amount", float("inf"), "out of range"),
        ("amount", "many", "not a number"),
        ("amount", None, "null"),
        ("amount", float("nan"), "null"),
        ("gust", None, "usual"),
        ("colour", "red", "usual"),
        ("colour", "blue", "rare"),
        ("colour", "violet", "new"),
        ("colour", None, "null"),
    ],
)
def test_what_stands_out(baseline: Baseline, feature: str, value: object, place: str) -> None:
    found = position(feature, value, baseline.profiles[feature])
    assert found.place == place
    assert found.words.endswith(".")


def test_the_extremes_of_the_baseline_lie_inside_of_it(
    baseline: Baseline, columns: dict[str, np.ndarray]
) -> None:
    for value in (columns["amount"].min(), columns["amount"].max()):
        assert position("amount", float(value), baseline.profiles["amount"]).place == "rare"


def test_frequencies_are_those_of_the_raw_rows(
    baseline: Baseline, columns: dict[str, np.ndarray]
) -> None:
    for colour in ("red", "green", "blue"):
        found = position("colour", colour, baseline.profiles["colour"])
        assert found.frequency == np.mean(columns["colour"] == colour)
    assert position("gust", None, baseline.profiles["gust"]).frequency == 0.25


def test_every_feature_is_placed_the_unusual_first_and_what_was_not_sent_is_said(
    baseline: Baseline,
) -> None:
    found = positions({"age": 40.0, "extra": 1, "colour": "violet"}, baseline.profiles)
    assert found[0].feature == "colour"
    assert {each.feature for each in found} == {
        "age",
        "extra",
        "colour",
        "amount",
        "gust",
        "often_zero",
    }
    places = {each.feature: each.place for each in found}
    assert places["extra"] == "not in the baseline"
    assert places["amount"] == "null"
    order = [each.is_unusual for each in found if each.place != "not in the baseline"]
    assert order == sorted(order, reverse=True)
