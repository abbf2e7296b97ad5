"""Bad rows are counted and named; the rest is computed."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, NumberOutcomes, coverage
from monitoring.errors import InputError
from monitoring.metrics.performance import METRICS

BINARY = Columns("binary_classification", "p", "y", {"": "s"})
CLASSES = Columns("multiclass_classification", "p", "y", {c: f"s_{c}" for c in "abc"})
NUMBER = Columns("regression", "p", "y")


def table(folder: Path, **columns: Any) -> Table:
    path = folder / "x.parquet"
    pq.write_table(pa.table(columns), path)
    return open_table(path)


def classes(folder: Path, columns: Columns, **rows: Any) -> ClassOutcomes:
    found = counting.count(table(folder, **rows), columns)
    assert isinstance(found, ClassOutcomes)
    return found


WAYS: dict[str, Any] = {
    "whole numbers": pa.array([1, 0, 1, 1]),
    "fractions": pa.array([1.0, 0.0, 1.0, 1.0]),
    "flags": pa.array([True, False, True, True]),
    "texts": pa.array(["1", "0", "1", "1"]),
    "texts of fractions": pa.array(["1.0", "0.0", "1.0", "1.0"]),
    "texts of flags": pa.array(["true", "False", "True", "true"]),
    "decimals": pa.array([1, 0, 1, 1]).cast(pa.decimal128(21, 1)),
    "small numbers": pa.array([1, 0, 1, 1], pa.uint8()),
    "dictionary": pa.array(["1", "0", "1", "1"]).dictionary_encode(),
}


@pytest.mark.parametrize("labels", WAYS)
@pytest.mark.parametrize("predictions", WAYS)
def test_one_label_in_many_ways_is_one_class(labels: str, predictions: str, tmp_path: Path) -> None:
    found = classes(tmp_path, BINARY, y=WAYS[labels], p=WAYS[predictions], s=[0.9, 0.1, 0.8, 0.7])
    assert found.classes == ("0", "1")
    assert found.confusion.tolist() == [[1, 0], [0, 3], [0, 0]]
    assert METRICS["auc_weighted"].measure(found).value == 1.0
    assert not found.faults


def test_missing_labels_wait_and_missing_predictions_are_faults(tmp_path: Path) -> None:
    found = classes(
        tmp_path,
        BINARY,
        y=pa.array([1, None, 0, 1, None]),
        p=pa.array([1, 1, 0, None, None]),
        s=[0.9, 0.8, 0.2, 0.6, 0.4],
    )
    assert found.faults == {counting.NO_PREDICTION: 2}
    assert (found.predictions, found.labelled, coverage(found)) == (3, 2, 2 / 3)
    assert found.scores["1"].counts.sum() == 3


def test_nan_is_a_label_that_is_missing(tmp_path: Path) -> None:
    found = classes(tmp_path, BINARY, y=[1.0, np.nan, 0.0], p=[1, 1, 0], s=[0.9, 0.8, 0.2])
    assert (found.classes, found.labelled, found.faults) == (("0", "1"), 2, {})


def test_a_label_that_the_model_does_not_know_is_wrong(tmp_path: Path) -> None:
    found = classes(
        tmp_path, BINARY, y=["no", "yes", "unknown", "yes"], p=["no", "yes", "no", "no"],
        s=[0.1, 0.9, 0.5, 0.4],
    )  # fmt: skip
    assert found.classes == ("unknown", "no", "yes")
    assert found.faults == {}
    assert METRICS["accuracy"].measure(found).value == 2 / 4
    assert METRICS["auc_weighted"].measure(found).value == 3 / 4
    assert METRICS["brier_score"].measure(found).value == pytest.approx(
        (0.1**2 + 0.1**2 + 0.5**2 + 0.6**2) / 4
    )


def test_a_label_without_a_probability_is_wrong(tmp_path: Path) -> None:
    scores = {"s_a": [0.7, 0.1, 0.2], "s_b": [0.2, 0.8, 0.3], "s_c": [0.1, 0.1, 0.5]}
    found = classes(tmp_path, CLASSES, y=["a", "b", "z"], p=["a", "b", "c"], **scores)
    assert found.classes == ("a", "b", "c", "z")
    assert found.faults == {}
    assert METRICS["accuracy"].measure(found).value == 2 / 3
    assert found.log_loss.n == 2


def test_a_predicted_class_without_a_probability_stays_a_class(tmp_path: Path) -> None:
    scores = {"s_a": [0.7, 0.1, 0.2], "s_b": [0.2, 0.8, 0.3], "s_c": [0.1, 0.1, 0.5]}
    found = classes(tmp_path, CLASSES, y=["a", "b", "c"], p=["a", "b", "other"], **scores)
    assert found.classes == ("a", "b", "c", "other")
    assert METRICS["recall"].measure(found).value == pytest.approx(2 / 4)
    assert found.log_loss.n == 3


def test_bad_probabilities_are_counted_by_kind_and_the_rest_computed(tmp_path: Path) -> None:
    found = classes(
        tmp_path,
        BINARY,
        y=[1, 0, 1, 0, 1],
        p=[1, 0, 1, 0, 1],
        s=pa.array([0.9, 0.2, 1.2, None, -0.1]),
    )
    assert found.faults == {counting.OUT_OF_RANGE: 2, counting.NO_PROBABILITY: 1}
    assert METRICS["accuracy"].measure(found).rows == 5
    assert METRICS["log_loss"].measure(found).rows == 2


def test_probabilities_that_do_not_sum_to_1(tmp_path: Path) -> None:
    scores = {"s_a": [0.7, 0.5, 0.2], "s_b": [0.2, 0.8, 0.3], "s_c": [0.1, 0.1, 0.5]}
    found = classes(tmp_path, CLASSES, y=["a", "b", "c"], p=["a", "b", "c"], **scores)
    assert found.faults == {counting.NOT_ONE: 1}
    assert METRICS["accuracy"].measure(found).rows == 3
    assert METRICS["brier_score"].measure(found).rows == 2


def test_text_in_a_column_of_probabilities(tmp_path: Path) -> None:
    found = classes(tmp_path, BINARY, y=[1, 0, 1], p=[1, 0, 1], s=["0.9", "0.2", "n/a"])
    assert found.faults == {counting.NO_PROBABILITY: 1}
    assert METRICS["auc_weighted"].measure(found).value == 1.0


@pytest.mark.parametrize("value", [0, 1])
def test_a_day_of_one_class_still_knows_the_other(value: int, tmp_path: Path) -> None:
    found = classes(tmp_path, BINARY, y=[value] * 3, p=[value] * 3, s=[0.2, 0.3, 0.4])
    assert found.classes == ("0", "1")
    assert METRICS["log_loss"].measure(found).value == pytest.approx(
        -np.log([0.2, 0.3, 0.4] if value else [0.8, 0.7, 0.6]).mean()
    )


def test_of_one_class_with_a_name_the_probability_cannot_be_told(tmp_path: Path) -> None:
    found = classes(tmp_path, BINARY, y=["good"] * 3, p=["good"] * 3, s=[0.2, 0.3, 0.4])
    assert found.faults == {counting.WHOSE: 3}
    named = Columns("binary_classification", "p", "y", {"bad": "s"})
    found = classes(tmp_path, named, y=["good"] * 3, p=["good"] * 3, s=[0.2, 0.3, 0.4])
    assert found.classes == ("good", "bad")
    assert METRICS["log_loss"].measure(found).value == pytest.approx(
        -np.log([0.8, 0.7, 0.6]).mean()
    )


def test_the_named_positive_class_is_last_even_if_it_sorts_first(tmp_path: Path) -> None:
    named = Columns("binary_classification", "p", "y", {"bad": "s"})
    found = classes(tmp_path, named, y=["bad", "good"], p=["bad", "good"], s=[0.9, 0.2])
    assert found.classes == ("good", "bad")
    assert METRICS["auc_weighted"].measure(found).value == 1.0


def test_numbers_that_are_none(tmp_path: Path) -> None:
    rows = table(
        tmp_path,
        y=pa.array(["1.5", "2", None, "oops", "4"]),
        p=pa.array([1.0, None, 3.0, 4.0, np.inf]),
    )
    found = counting.count(rows, NUMBER)
    assert isinstance(found, NumberOutcomes)
    assert found.faults == {counting.NO_PREDICTION: 1, counting.NO_NUMBER: 2}
    assert (found.predictions, found.labelled) == (2, 1)
    assert METRICS["mean_absolute_error"].measure(found).value == 0.5


@pytest.mark.parametrize("columns", [BINARY, NUMBER])
def test_a_column_of_nulls_only(columns: Columns, tmp_path: Path) -> None:
    rows = table(tmp_path, y=pa.nulls(3), p=[0, 1, 0], s=[0.1, 0.9, 0.2])
    found = counting.count(rows, columns)
    assert (found.predictions, found.labelled) == (3, 0)
    rows = table(tmp_path, y=[0, 1, 0], p=pa.nulls(3), s=[0.1, 0.9, 0.2])
    assert counting.count(rows, columns).faults == {counting.NO_PREDICTION: 3}


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    rows = table(tmp_path, y=[0, 1], p=[0, 1])
    with pytest.raises(InputError, match="has no column 's'"):
        counting.count(rows, BINARY)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "day", "utc"])
def test_days_of_any_kind_of_time_in_any_order(unit: str, tmp_path: Path) -> None:
    times = [datetime(2026, 1, d, h) for d, h in ((3, 0), (1, 23), (2, 12), (1, 0))]  # noqa: DTZ001 - UTC
    kind = {"day": pa.date32(), "utc": pa.timestamp("us", tz="UTC")}.get(unit)
    when = pa.array(times).cast(kind or pa.timestamp(unit))
    when = pa.concat_arrays([when, pa.nulls(1, when.type)])
    rows = table(tmp_path, t=when, y=[0, 1, 1, 0, 1], p=[0, 1, 0, 1, 1])
    columns = Columns("binary_classification", "p", "y", time="t")
    found, undated = counting.count_days(rows, columns)
    assert undated == 1
    assert list(found) == [date(2026, 1, d) for d in (1, 2, 3)]
    assert [outcomes.labelled for outcomes in found.values()] == [2, 1, 1]
    assert METRICS["accuracy"].measure(found[date(2026, 1, 1)]).value == 0.5


def test_a_column_of_no_times_is_refused(tmp_path: Path) -> None:
    rows = table(tmp_path, t=["monday"], y=[0], p=[0])
    with pytest.raises(InputError, match="its type is string"):
        counting.count_days(rows, Columns("binary_classification", "p", "y", time="t"))


def test_groups_are_counted_by_text(tmp_path: Path) -> None:
    rows = table(tmp_path, g=["b", None, "a", "b"], y=[0, 1, 1, 0], p=[0, 1, 0, 0])
    columns = Columns("binary_classification", "p", "y")
    found, without = counting.count_by(rows, columns, ("0", "1"), "g")
    assert without == 1
    assert {name: outcomes.labelled for name, outcomes in found.items()} == {"b": 2, "a": 1}


def test_a_table_without_the_label_has_none(tmp_path: Path) -> None:
    rows = table(tmp_path, p=[0, 1], s=[0.1, 0.9])
    found = counting.count(rows, BINARY)
    assert (found.predictions, found.labelled) == (2, 0)
    assert counting.count(rows, NUMBER).labelled == 0
