"""Outcomes by group are the outcomes of the group's rows, counted once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring.counting.engine import counting, group_cells, groups
from monitoring.counting.engine import outcomes as engine
from monitoring.counting.engine.group_store import counted_each
from monitoring.counting.engine.tables import Table, write_table
from monitoring.counting.totals.groups import OTHER, Cut, Grouping, cut_of, merge
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, NumberOutcomes, total
from monitoring.errors import InputError
from monitoring.segment import MISSING

BINARY = Columns("binary_classification", "prediction", "label", {"1": "p"})
MANY = Columns("multiclass_classification", "prediction", "label", {c: f"p_{c}" for c in "xyz"})
NUMBERS = Columns("regression", "prediction", "label")
GROUPING = Grouping((Cut("place", values=("north", "south")), Cut("age", edges=(30.0, 60.0))))


def features(n: int, random: np.random.Generator) -> dict[str, Any]:
    """Return two features with nulls, a category that no group is made for, and NaN."""
    places = random.choice(["north", "south", "moon"], n, p=[0.5, 0.4, 0.1])
    age = random.integers(18, 90, n).astype(float)
    age[::41] = np.nan
    return {
        "place": pa.array(places, mask=random.random(n) < 0.05),
        "age": pa.array(age, mask=random.random(n) < 0.05),
    }


def binary(n: int, seed: int = 0) -> dict[str, Any]:
    """Return rows with every fault that there is."""
    random = np.random.default_rng(seed)
    p = random.random(n)
    label = (random.random(n) < p).astype(np.int64)
    prediction = (p > 0.5).astype(np.int64)
    scores = p.copy()
    scores[5::97], scores[6::97], scores[7::97] = 1.5, -0.1, np.nan
    return features(n, random) | {
        "prediction": pa.array(prediction, mask=random.random(n) < 0.01),
        "p": scores,
        "label": pa.array(label, mask=random.random(n) < 0.3),
    }


def many(n: int, seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    matrix = random.dirichlet([1, 2, 3], n)
    matrix[3::50] *= 1.2
    names = np.array(list("xyz"))
    label = np.where(random.random(n) < 0.02, "w", names[random.integers(0, 3, n)])
    return features(n, random) | {
        "prediction": names[matrix.argmax(axis=1)],
        "label": pa.array(label, mask=random.random(n) < 0.3),
        **{f"p_{c}": matrix[:, i] for i, c in enumerate("xyz")},
    }


def numbers(n: int, seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    label = random.normal(10, 5, n)
    label[::83] = 0.0
    prediction = label + random.normal(0, 1, n)
    prediction[9::71] = np.inf
    return features(n, random) | {
        "prediction": pa.array(prediction, mask=random.random(n) < 0.02),
        "label": pa.array(label, mask=random.random(n) < 0.3),
    }


def in_group(columns: dict[str, Any], group: tuple[str, str]) -> np.ndarray:
    """Which rows belong to a group, row by row in Python."""
    places = columns["place"].to_pylist()
    found = []
    for place, age in zip(places, columns["age"].to_pylist(), strict=True):
        one = MISSING if place is None else place if place in {"north", "south"} else OTHER
        two = MISSING if age is None or np.isnan(age) else (
            "below 30" if age < 30 else "30 to 60" if age < 60 else "at least 60"
        )  # fmt: skip
        found.append((one, two) == group)
    return np.array(found)


def rows_of(columns: dict[str, Any], kept: np.ndarray) -> dict[str, Any]:
    return {name: pa.array(values).filter(pa.array(kept)) for name, values in columns.items()}


CASES = {"binary": (binary, BINARY), "many": (many, MANY), "numbers": (numbers, NUMBERS)}


@pytest.mark.parametrize("case", CASES)
def test_each_group_is_what_counting_its_rows_alone_gives(case: str, tmp_path: Path) -> None:
    make, columns = CASES[case]
    rows = make(3000)
    table = write_table(rows, tmp_path / "rows.parquet")
    classes = () if case == "numbers" else engine.classes_of([table], columns)
    found = groups.count(table, columns, GROUPING, classes)
    assert len(found.outcomes) == 16  # every group that can be is there
    for group, outcomes in found.outcomes.items():
        kept = rows_of(rows, in_group(rows, group))
        alone = engine.count(write_table(kept, tmp_path / "one.parquet"), columns, classes)
        same(outcomes, alone)
    whole = engine.count(table, columns, classes)
    same(total(found.outcomes.values()), whole)
    assert found.faults == whole.faults
    assert found.faults


def same(one: Any, two: Any) -> None:
    assert (one.predictions, one.labelled) == (two.predictions, two.labelled)
    if isinstance(one, NumberOutcomes):
        np.testing.assert_allclose(one.sums, two.sums)
        np.testing.assert_allclose(one.products, two.products)
        return
    np.testing.assert_array_equal(one.confusion, two.confusion)
    assert set(one.scores) == set(two.scores)
    for name, cells in one.scores.items():
        np.testing.assert_array_equal(cells.keys, two.scores[name].keys)
        np.testing.assert_array_equal(cells.counts, two.scores[name].counts)
        np.testing.assert_allclose(cells.totals, two.scores[name].totals)


def test_many_rows_and_few_are_counted_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = write_table(binary(40_000), tmp_path / "rows.parquet")
    few = groups.count(table, BINARY, GROUPING)
    monkeypatch.setattr(group_cells, "LEAST_WAITING", 1)
    monkeypatch.setattr(group_cells, "MOST_WAITING", groups.BATCH_ROWS)
    monkeypatch.setattr(group_cells, "MOST_SPARSE", 10**9)
    many_times = groups.count(table, BINARY, GROUPING)
    assert few.outcomes.keys() == many_times.outcomes.keys()
    for group, outcomes in few.outcomes.items():
        same(outcomes, many_times.outcomes[group])


def counted(table: Table, columns: Columns, grouping: Grouping, *more: Any) -> Any:
    (found,) = counted_each(table, columns, [grouping], *more)
    return found


@pytest.mark.parametrize("case", CASES)
def test_several_groupings_are_counted_in_one_pass(case: str, tmp_path: Path) -> None:
    make, columns = CASES[case]
    table = write_table(make(2000), tmp_path / "rows.parquet")
    groupings = [Grouping((GROUPING.cuts[0],)), GROUPING, Grouping((GROUPING.cuts[1],))]
    each = groups.count_each(table, columns, groupings)
    for grouping, found in zip(groupings, each, strict=True):
        alone = groups.count(table, columns, grouping)
        assert found.grouping == grouping
        assert found.faults == alone.faults
        for group, outcomes in alone.outcomes.items():
            same(found.outcomes[group], outcomes)
    # What is stored is not counted again, what is not is added.
    store = tmp_path / "store"
    counted_each(table, columns, groupings[:1], engine_classes(table, columns), store)
    both = counted_each(table, columns, groupings, engine_classes(table, columns), store)
    assert [found.grouping for found in both] == groupings
    assert len(list((store / "groups").iterdir())) == 3


def engine_classes(table: Table, columns: Columns) -> tuple[str, ...]:
    return () if columns.task == "regression" else engine.classes_of([table], columns)


@pytest.mark.parametrize("case", CASES)
def test_days_add_up_and_survive_the_disk(case: str, tmp_path: Path) -> None:
    make, columns = CASES[case]
    tables = [write_table(make(500, seed), tmp_path / f"{seed}.parquet") for seed in range(3)]
    classes = () if case == "numbers" else engine.classes_of(tables, columns)
    first = [counted(t, columns, GROUPING, classes, tmp_path / "store") for t in tables]
    again = [counted(t, columns, GROUPING, classes, tmp_path / "store") for t in tables]
    assert len(list((tmp_path / "store" / "groups").iterdir())) == 3
    whole = Table("all", tuple(t.paths[0] for t in tables), tables[0].columns, 1500)
    expected = groups.count(whole, columns, GROUPING, classes)
    for merged in (merge(first), merge(again)):
        assert list(merged.outcomes) == list(expected.outcomes)
        assert dict(merged.faults) == dict(expected.faults)
        for group, outcomes in merged.outcomes.items():
            same(outcomes, expected.outcomes[group])


def test_stored_counts_are_made_anew_when_the_file_changes(tmp_path: Path) -> None:
    path, store = tmp_path / "rows.parquet", tmp_path / "store"
    one = counted(write_table(binary(100), path), BINARY, GROUPING, ("0", "1"), store)
    two = counted(write_table(binary(300), path), BINARY, GROUPING, ("0", "1"), store)
    assert (one.rows, two.rows) != (two.rows, one.rows)
    assert two.rows > 200


def test_a_feature_that_was_not_collected_is_one_sentence(tmp_path: Path) -> None:
    table = write_table(binary(50), tmp_path / "rows.parquet")
    with pytest.raises(InputError, match=r"'gender'.*was not collected"):
        groups.count(table, BINARY, Grouping((Cut("gender", values=("f",)),)))
    with pytest.raises(InputError, match="holds no numbers"):
        groups.count(table, BINARY, Grouping((Cut("place", edges=(1.0,)),)))


def profile_of(values: Any, folder: Path) -> Any:
    table = write_table({"x": values}, folder / "x.parquet")
    return counting.profile_reference(table, counting.features(table))["x"]


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).normal(1015, 6, 5000),
        np.random.default_rng(2).lognormal(3, 1, 5000),
        np.random.default_rng(3).integers(0, 24, 5000),
        np.round(np.random.default_rng(4).uniform(0, 1, 5000), 2),
        np.random.default_rng(5).normal(0, 1e-6, 5000),
    ],
    ids=["pressure", "lognormal", "hours", "hundredths", "tiny"],
)
def test_quantiles_cut_the_baseline_into_about_equal_parts(values: Any, tmp_path: Path) -> None:
    cut = cut_of(profile_of(values, tmp_path))
    assert len(cut.edges) == 3
    assert len(set(cut.labels)) == 5
    parts = np.bincount(np.searchsorted(cut.edges, values, side="right"), minlength=4)
    assert (np.abs(parts / len(values) - 0.25) < 0.06).all()


def test_what_forms_no_groups_is_refused(tmp_path: Path) -> None:
    for values in (np.ones(100), np.array(["only"] * 100)):
        with pytest.raises(InputError, match="one value of it only"):
            cut_of(profile_of(values, tmp_path))


def test_most_frequent_categories_are_groups_and_the_rest_is_one(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    texts = np.array([f"t{int(v)}" for v in random.geometric(0.05, 4000)])
    cut = cut_of(profile_of(texts, tmp_path))
    assert len(cut.values) == 20
    names, rows = np.unique(texts, return_counts=True)
    assert set(cut.values) == set(names[np.argsort(-rows, kind="stable")[:20]])
    assert cut.labels[-2:] == (OTHER, MISSING)


def test_unlabelled_rows_count_as_predictions(tmp_path: Path) -> None:
    rows = binary(400)
    table = write_table(rows, tmp_path / "rows.parquet")
    found = groups.count(table, replace(BINARY, label=None), GROUPING)
    assert all(isinstance(o, ClassOutcomes) and not o.labelled for o in found.outcomes.values())
    assert found.rows == groups.count(table, BINARY, GROUPING).rows
