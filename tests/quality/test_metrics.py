"""Each metric counts what its name says, and nothing that it should not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import tables
from monitoring.metrics.quality import METRICS, OF_FEATURES, OF_TABLE
from monitoring.metrics.quality.new_category_rate import new_categories
from monitoring.metrics.quality.out_of_bounds_rate import outside
from monitoring.metrics.quality.vanished_category_rate import vanished_categories
from monitoring.metrics.quality_metric import KINDS, FeatureFacts, TableFacts, Usual
from monitoring.signals.data_quality.days import feature_facts, profiles_of
from monitoring.statistics.rates import Share

RANDOM = np.random.default_rng(17)


class Sides:
    """Facts of columns held in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def baseline(self, values: Any) -> Baseline:
        return take_baseline("r", tables.write_table({"x": values}, self.folder / "r.parquet"))

    def facts(self, reference: Any, production: Any, **more: Any) -> FeatureFacts:
        baseline = self.baseline(reference)
        table = tables.write_table({"x": production}, self.folder / "p.parquet")
        faults = {"bad value: x": more.pop("bad", 0)}
        found = feature_facts(baseline, profiles_of(baseline, table), table, faults)
        return replace(found["x"], **more)

    def value(self, name: str, reference: Any, production: Any, **more: Any) -> float | None:
        metric = METRICS[name]
        assert metric.of_feature
        measured = metric.of_feature(self.facts(reference, production, **more))
        return None if measured is None else measured.value


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


def test_every_metric_is_about_features_or_rows_and_says_what_to_do() -> None:
    assert set(OF_FEATURES) | set(OF_TABLE) == set(METRICS)
    assert not set(OF_FEATURES) & set(OF_TABLE)
    for metric in METRICS.values():
        assert metric.fix.endswith(".")
        assert metric.kinds <= KINDS
        assert bool(metric.kinds) == bool(metric.of_feature)
        assert metric.threshold >= 0


def test_null_and_nan_are_null_and_a_bad_value_is_none(sides: Sides) -> None:
    values = pa.array([1.0, None, float("nan"), 4.0] * 25)
    assert sides.value("null_value_rate", np.arange(50.0), values) == 0.5
    # ten of the nulls were texts that did not become numbers
    assert sides.value("null_value_rate", np.arange(50.0), values, bad=10) == 0.4
    assert sides.value("data_type_error_rate", np.arange(50.0), values, bad=10) == 10 / 60


def test_text_for_a_number_is_a_type_error_and_nothing_else(sides: Sides) -> None:
    texts = pa.array(["1.5", "abc", None, "7", "x1"])
    assert sides.value("data_type_error_rate", np.arange(50.0), texts) == 2 / 4
    assert sides.value("null_value_rate", np.arange(50.0), texts) == 1 / 5
    for name in set(OF_FEATURES) - {"data_type_error_rate", "null_value_rate"}:
        assert sides.value(name, np.arange(50.0), texts) is None


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e6])
@pytest.mark.parametrize("law", ["normal", "lognormal", "integers", "tenths"])
def test_bounds_are_counted_exactly(sides: Sides, law: str, scale: float) -> None:
    draw = {
        "normal": lambda n: RANDOM.normal(size=n),
        "lognormal": lambda n: RANDOM.lognormal(0, 2, n),
        "integers": lambda n: RANDOM.integers(0, 50, n).astype(float),
        "tenths": lambda n: RANDOM.integers(0, 500, n) / 10,
    }[law]
    reference = draw(3000) * scale
    inside = (reference > np.quantile(reference, 0.02)) & (reference < np.quantile(reference, 0.9))
    reference = reference[inside]
    production = draw(5000) * scale
    production[:3] = reference.min(), reference.max(), np.nextafter(reference.max(), np.inf)
    expected = np.mean((production < reference.min()) | (production > reference.max()))
    assert sides.value("out_of_bounds_rate", reference, production) == pytest.approx(
        expected, abs=0
    )


def test_infinite_values_are_out_of_bounds_and_nulls_are_not(sides: Sides) -> None:
    values = pa.array([1.0, float("inf"), float("-inf"), None])
    assert sides.value("out_of_bounds_rate", np.arange(50.0), values) == 2 / 3


def test_a_users_range_is_exact_to_within_one_cell(sides: Sides) -> None:
    production = RANDOM.normal(size=5000)
    facts = sides.facts(RANDOM.normal(size=5000), production, bounds=(-1.0, 1.2))
    measured = METRICS["out_of_bounds_rate"].of_feature(facts)  # type: ignore[misc]
    exact = np.mean((production < -1.0) | (production > 1.2))
    assert measured is not None
    assert abs(measured.value - exact) <= measured.error_bound
    assert measured.error_bound < 0.005


def test_times_leave_the_range_as_days_go_by(sides: Sides) -> None:
    hours = np.arange("2026-01-01", "2026-02-01", dtype="datetime64[h]").astype("datetime64[us]")
    later = hours + np.timedelta64(60, "D")
    assert sides.value("out_of_bounds_rate", hours, later) is None
    bounds = (0.0, 1.0)
    assert sides.value("out_of_bounds_rate", hours, later, bounds=bounds) == 1.0


def test_new_and_vanished_categories_come_with_counts(sides: Sides) -> None:
    facts = sides.facts(["a"] * 600 + ["b"] * 395 + ["rare"] * 5, ["a"] * 300 + ["c"] * 100)
    assert new_categories(facts) == {"c": 100}
    assert vanished_categories(facts) == {"b": 395}  # a rare one may well be absent by chance
    assert METRICS["new_category_rate"].of_feature(facts).value == 0.25  # type: ignore[misc, union-attr]  # measured
    assert METRICS["vanished_category_rate"].of_feature(facts).value == 0.395  # type: ignore[misc, union-attr]  # measured
    assert not vanished_categories(replace(facts, lasting=frozenset("a")))


def test_absence_by_chance_is_rarely_called_vanished(sides: Sides) -> None:
    shares = np.array([0.5, 0.3, 0.1, 0.05, 0.03, 0.01, 0.006, 0.004])
    names = list("abcdefgh")
    baseline = sides.baseline(RANDOM.choice(names, 20_000, p=shares).tolist())
    false = 0
    for run in range(200):
        table = tables.write_table(
            {"x": RANDOM.choice(names, 100, p=shares).tolist()}, sides.folder / f"{run}.parquet"
        )
        facts = feature_facts(baseline, profiles_of(baseline, table), table, {})["x"]
        false += bool(vanished_categories(facts))
    assert false <= 20  # 5 % at most, and 4 standard errors


def test_a_constant_column_is_news_only_if_it_varied(sides: Sides) -> None:
    varied, stuck = RANDOM.normal(size=500), np.full(200, 3.5)
    assert sides.value("constant_column", varied, stuck) == 1.0
    assert sides.value("constant_column", np.full(500, 3.5), stuck) == 0.0
    assert sides.value("constant_column", varied, varied[:50]) == 0.0
    assert sides.value("constant_column", ["a"] * 50 + ["b"] * 50, ["a"] * 60) == 1.0
    assert sides.value("constant_column", varied, stuck, varies=False) == 0.0


def test_chance_can_make_a_column_constant(sides: Sides) -> None:
    facts = sides.facts([0.0] * 999 + [1.0], [0.0] * 40)
    assert METRICS["constant_column"].of_feature(facts).pvalue > 0.9  # type: ignore[misc, union-attr]  # measured


USUAL = Usual(rows=100.0, spread=5.0, by_hour=(10.0,) * 5 + (50.0,) + (0.0,) * 18, days=14)


@pytest.mark.parametrize(
    ("name", "facts", "value"),
    [
        ("row_count", TableFacts(rows=25, usual=USUAL), 0.25),
        ("row_count", TableFacts(rows=0, usual=USUAL), 0.0),
        ("row_count", TableFacts(rows=25), None),
        ("silent_hours_rate", TableFacts(rows=0, usual=USUAL), 1.0),
        ("silent_hours_rate", TableFacts(rows=9, by_hour=(0, *[9] * 23), usual=USUAL), 0.1),
        ("silent_hours_rate", TableFacts(rows=9, by_hour=(9,) * 24, usual=USUAL), 0.0),
        ("silent_hours_rate", TableFacts(rows=9, by_hour=(9,) * 24), None),
        ("schema_changes", TableFacts(rows=9, columns=3, changes={"a": "new"}), 1.0),
        ("schema_changes", TableFacts(rows=0), None),
        ("duplicate_id_rate", TableFacts(rows=9, duplicate_ids=Share(1, 9)), 1 / 9),
        ("duplicate_id_rate", TableFacts(rows=9), None),
        ("lost_line_rate", TableFacts(rows=9, lost_lines=Share(1, 10)), 0.1),
        ("inputs_without_prediction_rate", TableFacts(rows=9, inputs_alone=Share(3, 9)), 1 / 3),
        ("predictions_without_input_rate", TableFacts(rows=9, outputs_alone=Share(2, 8)), 0.25),
        (
            "duplicate_row_rate",
            TableFacts(rows=9, duplicate_rows=Share(3, 9), reference_duplicate_rows=Share(1, 10)),
            1 / 3,
        ),
    ],
)
def test_what_concerns_the_rows_as_a_whole(
    name: str, facts: TableFacts, value: float | None
) -> None:
    measure = METRICS[name].of_table
    assert measure
    found = measure(facts)
    assert (found and found.value) == pytest.approx(value) if value else not (found and found.value)
    assert (found is None) == (value is None)


def test_a_quiet_hour_is_silent_only_if_it_usually_is_not(sides: Sides) -> None:
    by_hour = (10,) * 5 + (50,) + (0,) * 18  # nothing at night, as usual
    found = METRICS["silent_hours_rate"].of_table(  # type: ignore[misc]
        TableFacts(rows=100, by_hour=by_hour, usual=USUAL)
    )
    assert found is not None
    assert found.value == 0.0


def test_profiles_that_add_up_count_the_same_violations(sides: Sides) -> None:
    facts = sides.facts(RANDOM.normal(size=2000), RANDOM.normal(0, 2, 2000))
    whole, _ = outside(facts.production, facts.reference.minimum, facts.reference.maximum)
    twice = facts.production + facts.production
    doubled, _ = outside(twice, facts.reference.minimum, facts.reference.maximum)
    assert (doubled.hits, doubled.rows) == (2 * whole.hits, 2 * whole.rows)
